output "environment_variables" {
  description = "Names of the buckets by the variables in which functions look for them."
  value       = { for name, bucket in var.buckets : bucket.variable => aws_s3_bucket.buckets[name].id }
}

output "users" {
  description = "Per credential, the user whose keys its secret holds: made by `aws iam create-access-key`, written by hand, never by Terraform."
  value       = { for name, user in aws_iam_user.credentials : name => user.name }
}
