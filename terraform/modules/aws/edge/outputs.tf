output "addresses" {
  description = "Addresses of the gateway's balancer, with l4: allocation ids by which it takes them."
  value       = { for address in aws_eip.gateway : address.public_ip => address.allocation_id }
}

output "name_servers" {
  description = "Name servers to enter where the domain was bought."
  value       = aws_route53_zone.this.name_servers
}

output "zone" {
  description = "The zone's id, for certificates by DNS."
  value       = aws_route53_zone.this.zone_id
}

output "web_acls" {
  description = "With l7_waf: the rules for people's doors and for machines'."
  value       = { for kind, acl in aws_wafv2_web_acl.doors : kind => acl.arn }
}
