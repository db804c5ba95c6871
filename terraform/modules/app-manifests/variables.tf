variable "namespace" {
  description = "Namespace of the environment, as in the bundle."
  type        = string
  nullable    = false
}

variable "bundle" {
  description = "The bundle of one release: everything of one overlay, with digests, as one YAML."
  type        = string
  nullable    = false

  validation {
    condition     = strcontains(var.bundle, "serving.knative.dev/v1")
    error_message = "bundle must be what `make bundle ENV=…` makes: it holds no Knative Service."
  }
}

variable "documents" {
  description = "Documents that the environment alone knows: output `documents` of modules/doors. The namespace's name begins with 1."
  type        = map(string)
  nullable    = false
}

variable "image" {
  description = "The functions' image by its digest."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9.:/_-]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image must be named by its digest, REPOSITORY@sha256:…: a tag may be another image tomorrow."
  }
}

variable "kubectl_command" {
  description = "How kubectl reaches the cluster, for waiting."
  type        = string
  nullable    = false
  default     = "kubectl"
}

variable "after" {
  description = "What must be there before the first document: values that come from it."
  type        = any
  default     = null
}
