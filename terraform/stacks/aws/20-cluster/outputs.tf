output "cluster" {
  description = "Name and API of the cluster, and who signed its certificate."
  value       = { name = module.cluster.name, endpoint = module.cluster.endpoint, ca_certificate = module.cluster.ca_certificate }
}

output "issuer" {
  description = "Who signs the tokens of its service accounts."
  value       = module.cluster.issuer
}

output "carrier_role" {
  description = "Role of External Secrets."
  value       = module.cluster.carrier_role
}

output "database" {
  description = "Where PostgreSQL answers, and where AWS keeps the owner's password."
  value       = { host = module.database.host, owner_secret = module.database.owner_secret }
}

output "operator_pool" {
  description = "Name of the pool whose addresses operators have on their lists."
  value       = [for name, pool in var.node_pools : name if pool.calls_operators][0]
}
