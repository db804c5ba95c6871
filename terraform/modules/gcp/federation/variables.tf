variable "project" {
  description = "The Google project of this environment: topics have no prefix, so each environment has a project of its own."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Prefix of everything made."
  type        = string
  nullable    = false
}

variable "issuer" {
  description = "Who signs the cluster's tokens: EKS tells it."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.issuer, "https://")
    error_message = "issuer must be the https:// address at which Google finds the cluster's public keys."
  }
}

variable "audience" {
  description = "Audience of the tokens that pods show Google."
  type        = string
  nullable    = false
  default     = "google-pubsub"
}

variable "namespace" {
  description = "Namespace whose service accounts are trusted."
  type        = string
  nullable    = false
}
