output "host" {
  description = "Name that its certificate bears, for verify-full."
  value       = aws_db_instance.this.address
}

output "owner_secret" {
  description = "Where AWS keeps the owner's password."
  value       = aws_db_instance.this.master_user_secret[0].secret_arn
}
