output "push_email" {
  description = "Account in the tokens of pushes (PUSH_EMAIL)."
  value       = google_service_account.push.email
}

output "topic_ids" {
  description = "Per topic, its full name."
  value       = { for name, topic in google_pubsub_topic.topics : name => topic.id }
}

output "subscription_ids" {
  description = "Per subscription, its full name."
  value       = { for name, subscription in google_pubsub_subscription.subscriptions : name => subscription.id }
}
