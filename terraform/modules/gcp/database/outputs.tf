output "instance" {
  description = "Name of the instance."
  value       = google_sql_database_instance.this.name
}

output "host" {
  description = "Name that its certificate bears, for verify-full."
  value       = google_sql_database_instance.this.dns_name
}

output "ca_certificate" {
  description = "Who signed its certificate, PEM."
  value       = google_sql_database_instance.this.server_ca_cert[0].cert
}
