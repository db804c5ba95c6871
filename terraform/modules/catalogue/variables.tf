variable "catalogue" {
  description = "What shared/contracts/functions.yaml says, as `yamldecode` gives it."
  type        = any
  nullable    = false

  validation {
    condition     = can(keys(var.catalogue.functions)) && length(try(var.catalogue.functions, {})) > 0
    error_message = "The catalogue must have entries below `functions`: hand over yamldecode(file(\"shared/contracts/functions.yaml\"))."
  }
}

variable "budgets" {
  description = "Per budget of the catalogue, in whole seconds: until the handler gives up, until its pod is drained, until Pub/Sub asks again, until the platform ends the request. Equal to BUDGETS in knative/catalogue.py, which a test compares."
  type = map(object({
    handler_seconds      = number
    drain_seconds        = number
    ack_deadline_seconds = number
    timeout_seconds      = number
  }))
  nullable = false
  default = {
    short = { handler_seconds = 25, drain_seconds = 30, ack_deadline_seconds = 60, timeout_seconds = 90 }
    long  = { handler_seconds = 540, drain_seconds = 570, ack_deadline_seconds = 600, timeout_seconds = 660 }
  }

  validation {
    condition = alltrue([
      for budget in var.budgets : budget.handler_seconds < budget.drain_seconds
      && budget.ack_deadline_seconds < budget.timeout_seconds
    ])
    error_message = "In each budget the handler must end before its pod is drained, and the ack deadline before the platform's time-out."
  }
}

variable "ack_deadlines" {
  description = "Seconds until Pub/Sub asks again, for functions that need another deadline than their budget's."
  type        = map(number)
  nullable    = false
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.ack_deadlines), keys(local.functions))) == 0
    error_message = "ack_deadlines names functions that the catalogue does not have: ${join(", ", setsubtract(keys(var.ack_deadlines), keys(local.functions)))}."
  }
}

variable "push_base_url" {
  description = "Where Pub/Sub pushes to: each function has the path of its name below it, which is also the audience of its tokens (PUSH_AUDIENCE)."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^https://[a-z0-9.-]+$", var.push_base_url))
    error_message = "push_base_url must be https:// and a host, without a path: Pub/Sub pushes to public certificates only."
  }
}
