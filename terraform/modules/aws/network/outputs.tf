output "vpc" {
  description = "The network's id."
  value       = aws_vpc.this.id
}

output "cidr" {
  description = "Its addresses."
  value       = aws_vpc.this.cidr_block
}

output "subnets" {
  description = "Per tier (public, functions, operators, database), its subnets, one a zone."
  value       = { for tier in keys(local.tiers) : tier => [for name, subnet in local.subnets : aws_subnet.these[name].id if subnet.tier == tier] }
}

output "operator_egress_addresses" {
  description = "Addresses that operators allow-list."
  value       = [for zone in local.nat_zones : local.operators[zone].public_ip]
}

output "merchant_egress_addresses" {
  description = "Addresses from which webhooks come."
  value       = [for zone in local.nat_zones : aws_eip.merchants[zone].public_ip]
}
