output "name" {
  description = "The cluster's name."
  value       = google_container_cluster.this.name
}

output "endpoint" {
  description = "Address of its API."
  value       = "https://${google_container_cluster.this.endpoint}"
}

output "ca_certificate" {
  description = "Who signed its certificate, PEM."
  value       = base64decode(google_container_cluster.this.master_auth[0].cluster_ca_certificate)
}

output "principal_prefix" {
  description = "What a Kubernetes service account is in Google's eyes; `NAMESPACE/sa/NAME` follows."
  value       = "principal://iam.googleapis.com/projects/${data.google_project.this.number}/locations/global/workloadIdentityPools/${var.project}.svc.id.goog/subject/ns"
}
