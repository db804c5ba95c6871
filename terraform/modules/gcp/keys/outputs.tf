output "keys" {
  description = "Per use (database, messages, objects, cluster), the key."
  value       = { for use, key in google_kms_crypto_key.keys : use => key.id }
}
