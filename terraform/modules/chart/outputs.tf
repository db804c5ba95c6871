output "version" {
  description = "The version that runs."
  value       = helm_release.this.version
}
