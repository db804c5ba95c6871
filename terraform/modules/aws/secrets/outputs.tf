output "secret_ids" {
  description = "Per secret of the catalogue, its name in Secrets Manager."
  value       = { for name, secret in aws_secretsmanager_secret.secrets : name => secret.name }
}
