output "versions" {
  description = "What runs, by chart."
  value       = module.platform.versions
}
