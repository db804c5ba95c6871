variable "name" {
  description = "Name of the environment."
  type        = string
  nullable    = false
}

variable "is_production" {
  description = "Whether there is anything to guard: a trial may be destroyed."
  type        = bool
  nullable    = false
}

variable "stays" {
  description = "What stays and until when, each as a part of a sentence."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.stays) > 0
    error_message = "stays must say what would be lost: a sentence that names nothing helps nobody."
  }
}
