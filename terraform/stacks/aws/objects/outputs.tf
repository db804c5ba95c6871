output "environment_variables" {
  description = "For `environment_variables` of 40-app: names of the buckets."
  value       = module.objects.environment_variables
}

output "store_users" {
  description = "Per credential of the object store, the user whose keys its secret holds."
  value       = module.objects.users
}
