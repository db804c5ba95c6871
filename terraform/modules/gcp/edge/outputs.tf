output "address" {
  description = "Address of the gateway."
  value       = local.address
}

output "name_servers" {
  description = "Name servers to enter where the domain was bought."
  value       = google_dns_managed_zone.this.name_servers
}

output "zone" {
  description = "Name of the zone, for certificates by DNS."
  value       = google_dns_managed_zone.this.name
}

output "security_policies" {
  description = "With l7_waf: the rules for people's doors and for machines'."
  value       = { for kind, policy in google_compute_security_policy.doors : kind => policy.self_link }
}
