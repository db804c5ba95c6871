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

variable "region" {
  description = "Region in which it lies."
  type        = string
  nullable    = false
}

variable "labels" {
  description = "Labels of everything that takes some."
  type        = map(string)
  nullable    = false
  default     = {}
}

variable "is_production" {
  description = "Whether it must be kept."
  type        = bool
  nullable    = false
}

variable "kms_key" {
  description = "Key for messages at rest, in the same region; Google's own without."
  type        = string
  default     = null
}

variable "topics" {
  description = "Names of topics: output `topics` of modules/catalogue."
  type        = list(string)
  nullable    = false
}

variable "subscriptions" {
  description = "Output `subscriptions` of modules/catalogue."
  type = map(object({
    function             = string
    topic                = string
    filter               = string
    ack_deadline_seconds = number
    min_retry_seconds    = number
    max_retry_seconds    = number
    attempts             = optional(number)
    dead_letter_topic    = optional(string)
    push_endpoint        = string
    audience             = string
  }))
  nullable = false
}

variable "publishers" {
  description = "Output `publishers` of modules/catalogue."
  type        = map(list(string))
  nullable    = false
}

variable "principals" {
  description = "Per function, the principal that its service account is in Google's eyes: of GKE's pool, or of the pool that trusts EKS."
  type        = map(string)
  nullable    = false
}
