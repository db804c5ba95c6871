output "environment_variables" {
  description = "Names of the buckets by the variables in which functions look for them."
  value       = { for name, bucket in var.buckets : bucket.variable => google_storage_bucket.buckets[name].name }
}

output "accounts" {
  description = "Per credential, the account whose keys its secret holds."
  value       = { for name, account in google_service_account.credentials : name => account.email }
}
