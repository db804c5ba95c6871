variable "namespace" {
  description = "Namespace of the environment."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", var.namespace)) && !contains(["default", "kube-system"], var.namespace)
    error_message = "namespace must be a short name of Kubernetes, and neither default nor kube-system."
  }
}

variable "hosts" {
  description = "Per door, its host: output `hosts` of modules/environment."
  type        = map(string)
  nullable    = false
}

variable "issuer" {
  description = "ClusterIssuer of cert-manager that signs the doors' certificates."
  type        = string
  nullable    = false
}

variable "registries" {
  description = "Where images may come from, such as `europe-west9-docker.pkg.dev/pay-live-1/images`: the API server refuses all others (component `admission`)."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.registries) > 0 && alltrue([for registry in var.registries : can(regex("^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$", registry))])
    error_message = "registries must name at least one registry, without a scheme and without a slash at its end: without any, the API server refuses every image."
  }
}

variable "own_certificates" {
  description = "Doors whose certificate somebody else brings (callbacks, where the operator wants its own authority), and the Secret's name for the record."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for door in keys(var.own_certificates) : contains(keys(var.hosts), door)])
    error_message = "own_certificates names doors that this environment does not have."
  }
}

variable "secret_store" {
  description = "Where External Secrets finds the secrets: the `provider` of a SecretStore."
  type        = any
  nullable    = false
}

variable "environment_variables" {
  description = "Data of the ConfigMap `environment`."
  type        = map(string)
  nullable    = false

  validation {
    condition = length(setsubtract(
      ["ENVIRONMENT", "PUBLIC_BASE_URL", "CALLBACK_BASE_URL", "KEYCLOAK_URL", "PUSH_ISSUER", "PUSH_JWKS_URL", "PUSH_AUDIENCE", "PUSH_EMAIL", "PUBSUB_PROJECT", "RETENTION_DAYS", "S3_BUCKET", "DATABASE_URL", "WORKER_DATABASE_URL", "METRICS_DATABASE_URL", "MIGRATION_DATABASE_URL"],
      keys(var.environment_variables),
    )) == 0
    error_message = "environment_variables lacks what functions cannot start without: ENVIRONMENT, PUBLIC_BASE_URL, CALLBACK_BASE_URL, KEYCLOAK_URL, PUSH_ISSUER, PUSH_JWKS_URL, PUSH_AUDIENCE, PUSH_EMAIL, PUBSUB_PROJECT, RETENTION_DAYS, S3_BUCKET, DATABASE_URL, WORKER_DATABASE_URL, METRICS_DATABASE_URL, MIGRATION_DATABASE_URL."
  }

  validation {
    condition     = !anytrue([for name in keys(var.environment_variables) : can(regex("PASSWORD|SECRET|TOKEN|PRIVATE|CREDENTIAL", name))])
    error_message = "environment_variables must hold no secrets: they are files of External Secrets, and a ConfigMap is for everybody to read."
  }
}
