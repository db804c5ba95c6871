output "environment" {
  description = "What follows from the environment's words, for the stacks after."
  value = {
    name                = module.environment.name
    region              = module.environment.region
    is_production       = module.environment.is_production
    is_highly_available = module.environment.is_highly_available
    backup_days         = module.environment.backup_days
    domain              = var.environment.domain
    edge                = module.environment.edge
    hosts               = module.environment.hosts
    labels              = module.environment.labels
    object_store        = module.environment.object_store
    operator_networks   = module.environment.operator_networks
    num_trusted_proxies = module.environment.num_trusted_proxies
    push_base_url       = module.environment.push_base_url
    variables           = merge(module.environment.environment_variables, try(module.objects[0].environment_variables, {}))
  }
}

output "network" {
  description = "Network and subnets by tier."
  value       = { vpc = module.network.vpc, subnets = module.network.subnets }
}

output "keys" {
  description = "Per use, the key's ARN."
  value       = module.keys.keys
}

output "edge" {
  description = "Addresses of the gateway's balancer and the zone of the doors."
  value       = { addresses = module.edge.addresses, zone = module.edge.zone, web_acls = module.edge.web_acls }
}

output "name_servers" {
  description = "Name servers to enter where the domain was bought."
  value       = module.edge.name_servers
}

output "store_users" {
  description = "Per credential of the object store, the user whose keys its secret holds."
  value       = try(module.objects[0].users, {})
}

output "operator_egress_addresses" {
  description = "Addresses that MTN and Orange allow-list."
  value       = module.network.operator_egress_addresses
}

output "merchant_egress_addresses" {
  description = "Addresses from which webhooks come, for merchants with a firewall."
  value       = module.network.merchant_egress_addresses
}

output "warnings" {
  description = "What a person should know before applying."
  value       = module.environment.warnings
}
