variable "state" {
  description = "Where the states of the stacks before lie: the kind of backend, and its settings without what names a stack."
  type        = object({ backend = optional(string, "s3"), config = map(string) })
  nullable    = false

  validation {
    condition     = contains(["gcs", "s3", "local"], var.state.backend)
    error_message = "state.backend must be gcs, s3 or local."
  }
}

variable "bundle_path" {
  description = "File with what `kubectl kustomize knative/platform` printed."
  type        = string
  nullable    = false
}

variable "kubectl_command" {
  description = "How kubectl reaches the cluster, such as `kubectl --context pay-live`."
  type        = string
  nullable    = false
  default     = "kubectl"
}
