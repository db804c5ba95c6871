variable "is_production" {
  description = "Whether messages that wait must be kept."
  type        = bool
  nullable    = false
}

variable "subscriptions" {
  description = "By its name, each subscription: its id in the cloud, and what cannot be changed in place."
  type        = map(object({ id = string, filter = string, topic = string }))
  nullable    = false
}
