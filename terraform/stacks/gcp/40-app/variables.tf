variable "state" {
  description = "Where the states of the stacks before lie: the kind of backend, and its settings without what names a stack."
  type        = object({ backend = optional(string, "gcs"), config = map(string) })
  nullable    = false

  validation {
    condition     = contains(["gcs", "s3", "local"], var.state.backend)
    error_message = "state.backend must be gcs, s3 or local."
  }
}

variable "namespace" {
  description = "Namespace of the environment, the overlay's."
  type        = string
  nullable    = false
}

variable "issuer" {
  description = "ClusterIssuer of cert-manager that signs the doors' certificates."
  type        = string
  nullable    = false
  default     = "letsencrypt"
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
  description = "Doors whose certificate somebody else brings."
  type        = map(string)
  nullable    = false
  default     = {}
}

variable "environment_variables" {
  description = "More for the ConfigMap: S3_BUCKET and its like where another stack made the buckets, DATABASE_URL at PgBouncer, SMTP_URL, MAIL_FROM, SENTRY_DSN."
  type        = map(string)
  nullable    = false
  default     = {}
}

variable "apply_manifests" {
  description = "Whether Terraform applies the bundle; false hands it to Argo CD or Flux (knative/gitops)."
  type        = bool
  nullable    = false
  default     = true
}

variable "bundle_path" {
  description = "File that `make bundle ENV=…` made; empty before the first, which needs output `config_map`."
  type        = string
  nullable    = false
  default     = ""
}

variable "image" {
  description = "The functions' image by its digest; empty before the first release."
  type        = string
  nullable    = false
  default     = ""

  validation {
    condition     = (var.image == "") == (var.bundle_path == "")
    error_message = "image and bundle_path belong together: a release has both."
  }
}

variable "kubectl_command" {
  description = "How kubectl reaches the cluster, such as `kubectl --context pay-live`."
  type        = string
  nullable    = false
  default     = "kubectl"
}

variable "more_secrets" {
  description = "Secrets beside the catalogue's: what components of knative/ read, such as the pooler."
  type        = set(string)
  nullable    = false
  default     = ["pooler_databases", "pooler_users", "database_ca"]
}
