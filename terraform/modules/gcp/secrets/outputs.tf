output "secret_ids" {
  description = "Per secret of the catalogue, its name in Secret Manager."
  value       = { for name, secret in google_secret_manager_secret.secrets : name => secret.secret_id }
}
