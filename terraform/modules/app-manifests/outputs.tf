output "migration" {
  description = "Name of the migration's Job."
  value       = local.job
}

output "waves" {
  description = "How many documents each wave has."
  value       = merge({ first = length(local.first) }, { for name, wave in local.waves : name => length(wave) })
}
