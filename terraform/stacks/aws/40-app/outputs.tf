output "config_map" {
  description = "The ConfigMap `environment`, for `make bundle`."
  value       = module.doors.config_map
}

output "documents" {
  description = "Gateways, certificates and store of secrets, for who applies them by Argo CD or Flux."
  value       = module.doors.documents
}

output "subscriptions" {
  description = "Per subscription, its full name."
  value       = module.app_cloud.subscriptions
}

output "waves" {
  description = "How many documents Terraform applies in each wave; null where it applies none."
  value       = try(module.app_manifests[0].waves, null)
}

output "google_provider" {
  description = "What pods name when they show Google their token (credential configuration of the Pub/Sub component for EKS)."
  value       = module.federation.provider
}
