output "principal_prefix" {
  description = "What a Kubernetes service account is in Google's eyes; `system:serviceaccount:NAMESPACE:NAME` follows."
  value       = "principal://iam.googleapis.com/projects/${data.google_project.this.number}/locations/global/workloadIdentityPools/${google_iam_workload_identity_pool.cluster.workload_identity_pool_id}/subject"
}

output "provider" {
  description = "Name of the provider, for the pods' credential configuration."
  value       = google_iam_workload_identity_pool_provider.cluster.name
}
