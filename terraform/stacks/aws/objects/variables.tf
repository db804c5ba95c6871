variable "environment" {
  description = "What is true of the environment in all its stacks; see modules/environment for each word."
  type        = any
  nullable    = false
}

variable "region" {
  description = "AWS region of the buckets, near the cluster."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be a region of AWS, such as eu-west-3."
  }
}
