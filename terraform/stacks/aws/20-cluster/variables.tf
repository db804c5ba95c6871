variable "state" {
  description = "Where the states of the stacks before lie: the kind of backend, and its settings without what names a stack."
  type        = object({ backend = optional(string, "s3"), config = map(string) })
  nullable    = false

  validation {
    condition     = contains(["gcs", "s3", "local"], var.state.backend)
    error_message = "state.backend must be gcs, s3 or local."
  }
}

variable "node_pools" {
  description = "Nodes over all zones: how many at least and at most, and whether their pods call operators."
  type = map(object({
    machine_type    = string
    min             = number
    max             = number
    calls_operators = optional(bool, false)
  }))
  nullable = false
}

variable "database" {
  description = "Size and disk of PostgreSQL."
  type = object({
    instance_class = string
    disk_gigabytes = optional(number, 50)
  })
  nullable = false
}
