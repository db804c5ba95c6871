output "environment_variables" {
  description = "What the ConfigMap says of Pub/Sub."
  value       = { PUBSUB_PROJECT = var.project, PUSH_EMAIL = module.messaging.push_email }
}

output "secrets" {
  description = "Names of the secrets that functions read."
  value       = keys(module.catalogue.secrets)
}

output "subscriptions" {
  description = "Per subscription, its full name."
  value       = module.messaging.subscription_ids
}
