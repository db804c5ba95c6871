# Turns the few words about an environment into what follows from them. No provider: it is tested everywhere.

locals {
  is_production = var.environment.class == "production"
  object_store  = coalesce(var.environment.object_store, "s3")
  doors         = ["api", "app", "pay", "callbacks", "push", "auth"]
  hosts         = { for door in local.doors : door => lookup(var.environment.hosts, door, "${door}.${var.environment.domain}") }

  # What stands before the gateway and adds to X-Forwarded-For: nothing, or the cloud's balancer.
  trusted_proxies = var.environment.edge == "l4" ? 0 : (var.environment.cloud == "gcp" ? 2 : 1)

  retention_days = coalesce(var.environment.retention_days, local.is_production ? 3650 : 1)
}
