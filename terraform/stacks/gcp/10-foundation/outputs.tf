output "environment" {
  description = "What follows from the environment's words, for the stacks after."
  value = {
    name                = module.environment.name
    region              = module.environment.region
    is_production       = module.environment.is_production
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

output "project" {
  description = "The Google project."
  value       = var.project
}

output "network" {
  description = "Network, the nodes' part, and the names of its ranges."
  value = {
    network    = module.network.network
    subnetwork = module.network.subnetwork
    pod_ranges = module.network.pod_ranges
  }
}

output "keys" {
  description = "Per use, the key."
  value       = module.keys.keys
}

output "database" {
  description = "Where PostgreSQL answers, and who signed its certificate."
  value       = { host = module.database.host, ca_certificate = module.database.ca_certificate }
}

output "edge" {
  description = "Address of the gateway and the zone of the doors."
  value       = { address = module.edge.address, zone = module.edge.zone, security_policies = module.edge.security_policies }
}

output "name_servers" {
  description = "Name servers to enter where the domain was bought."
  value       = module.edge.name_servers
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
