output "cluster" {
  description = "Name and API of the cluster, and who signed its certificate."
  value       = { name = module.cluster.name, endpoint = module.cluster.endpoint, ca_certificate = module.cluster.ca_certificate }
}

output "principal_prefix" {
  description = "What a Kubernetes service account is in Google's eyes; `NAMESPACE/sa/NAME` follows."
  value       = module.cluster.principal_prefix
}

output "operator_pool" {
  description = "Name of the pool whose addresses operators have on their lists."
  value       = [for name, pool in var.node_pools : name if pool.calls_operators][0]
}
