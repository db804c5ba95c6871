output "keys" {
  description = "Per use (database, objects, cluster, logs, secrets), the key's ARN."
  value       = { for use, key in aws_kms_key.keys : use => key.arn }
}
