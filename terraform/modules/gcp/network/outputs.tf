output "network" {
  description = "The network's full name."
  value       = google_compute_network.this.id
}

output "subnetwork" {
  description = "The nodes' part of it."
  value       = google_compute_subnetwork.nodes.id
}

output "pod_ranges" {
  description = "Names of the ranges of pods, of those that call operators, and of services."
  value       = { pods = "pods", operators = "operators", services = "services" }
}

output "operator_egress_addresses" {
  description = "Addresses that operators allow-list."
  value       = local.operators[*].address
}

output "merchant_egress_addresses" {
  description = "Addresses from which webhooks come."
  value       = google_compute_address.merchants[*].address
}

output "services_connection" {
  description = "What a private database must wait for."
  value       = google_service_networking_connection.services.id
}
