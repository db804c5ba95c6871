output "name" {
  description = "Prefix of everything made for this environment."
  value       = var.environment.name
}

output "region" {
  description = "Where it runs."
  value       = var.environment.region
}

output "is_production" {
  description = "Whether it must be kept."
  value       = local.is_production
}

output "deletion_protection" {
  description = "For what clouds protect by themselves: databases, clusters, balancers."
  value       = local.is_production
}

output "force_destroy" {
  description = "Whether buckets may be emptied when they are destroyed."
  value       = !local.is_production
}

output "hosts" {
  description = "Per door, its host. `callbacks` is for ever: operators write it down when an account is made."
  value       = local.hosts

  precondition {
    condition     = length(distinct(values(local.hosts))) == length(local.hosts)
    error_message = "Each door needs a host of its own: cookies, certificates and limits differ."
  }
}

output "push_base_url" {
  description = "Where Pub/Sub pushes to (PUSH_AUDIENCE)."
  value       = "https://${local.hosts.push}"
}

output "num_trusted_proxies" {
  description = "How many addresses at the end of X-Forwarded-For are the cloud's own (Envoy's numTrustedProxies)."
  value       = local.trusted_proxies
}

output "edge" {
  description = "l4 or l7_waf."
  value       = var.environment.edge
}

output "object_store" {
  description = "s3, gcs or in-cluster."
  value       = local.object_store
}

output "retention_days" {
  description = "How long documents are locked after each is written (RETENTION_DAYS)."
  value       = local.retention_days
}

output "backup_days" {
  description = "How far back the database can be restored to any second."
  value       = local.is_production ? 14 : 1
}

output "is_highly_available" {
  description = "Whether the database has a standby in another zone, and each zone its own way out."
  value       = local.is_production
}

output "operator_networks" {
  description = "CIDR ranges from which the cluster's API may be reached."
  value       = var.environment.operator_networks
}

output "labels" {
  description = "Labels (tags) of everything."
  value       = merge(var.environment.labels, { environment = var.environment.name, class = var.environment.class, managed_by = "terraform" })
}

output "environment_variables" {
  description = "What the ConfigMap `environment` says in every cloud; each cloud adds its own addresses."
  value = {
    ENVIRONMENT       = local.is_production ? "production" : "staging"
    PUBLIC_BASE_URL   = "https://${local.hosts.pay}"
    CALLBACK_BASE_URL = "https://${local.hosts.callbacks}"
    KEYCLOAK_URL      = "https://${local.hosts.auth}"
    PUSH_ISSUER       = "https://accounts.google.com"
    PUSH_JWKS_URL     = "https://www.googleapis.com/oauth2/v3/certs"
    PUSH_AUDIENCE     = "https://${local.hosts.push}"
    RETENTION_DAYS    = tostring(local.retention_days)
  }
}

output "warnings" {
  description = "What a person should know before applying: shown in every plan."
  value = compact([
    local.object_store == "in-cluster" ? "object_store in-cluster: whoever is root on its disk can delete what the lock protects." : "",
    local.object_store == "gcs" ? "object_store gcs is beta: its locks have not been proven on a real bucket." : "",
    local.is_production ? "" : "class trial: documents are locked for one day, the database goes with its stack.",
  ])
}
