output "topics" {
  description = "Every topic that must exist, those of dead letters included."
  value       = sort(local.topics)

  precondition {
    condition     = length(setsubtract(setunion(local.published, local.dead), local.taken)) == 0
    error_message = "No function takes the topics ${join(", ", setsubtract(setunion(local.published, local.dead), local.taken))}: their messages would be lost. A dead-letter topic needs an entry of keep_dead_letter."
  }

  precondition {
    condition     = length(setsubtract(local.taken, setunion(local.published, local.dead))) == 0
    error_message = "Nothing publishes the topics ${join(", ", setsubtract(local.taken, setunion(local.published, local.dead)))}."
  }

  precondition {
    condition     = length(local.misnamed) == 0
    error_message = "Pub/Sub refuses the names ${join(", ", local.misnamed)}."
  }
}

output "subscriptions" {
  description = "By its name, each subscription: whom it pushes to and under which conditions."
  value       = local.subscriptions

  precondition {
    condition     = length(local.too_short) == 0
    error_message = "The ack deadline must be longer than the function's budget, or a second delivery runs beside the first: ${join(", ", local.too_short)}."
  }

  precondition {
    condition     = length(local.out_of_bounds) == 0
    error_message = "Pub/Sub takes ack deadlines of 10 to 600 s, waits of 0 to 600 s and 5 to 100 attempts: ${join(", ", local.out_of_bounds)}."
  }
}

output "publishers" {
  description = "Per topic, the functions that may publish to it: each after its commit, relay_outbox what they left."
  value = {
    for topic in local.topics : topic => sort([for name, entry in local.functions : name if contains(try(entry.publishes, []), topic)])
  }
}

output "service_accounts" {
  description = "Per function, the Kubernetes service account that it runs as."
  value       = local.services
}

output "pushed_to" {
  description = "Functions that Pub/Sub pushes to, with the audience of their tokens."
  value       = { for function in toset(local.triggers[*].function) : function => "${var.push_base_url}/${function}" }
}

output "secrets" {
  description = "Per secret, the functions that may read it."
  value       = { for secret in local.secrets : secret => sort([for name, entry in local.functions : name if contains(try(entry.secrets, []), secret)]) }

  precondition {
    condition     = length(local.keyless) == 0
    error_message = "Functions have a right on the documents without keys of the store (s3_credentials): ${join(", ", local.keyless)}."
  }
}

output "buckets" {
  description = "Per bucket: the variable by which functions find it, whether what lies in it is locked, and after how many days the rest goes."
  value       = local.buckets
}

output "credentials" {
  description = "Per credential of the object store that some function reads: its bucket and its rights there."
  value       = { for name, credential in local.credentials : name => credential if contains(local.secrets, name) }
}

output "egress" {
  description = "Per way out, the functions that may take it."
  value = {
    for way in ["operators", "merchants", "identity", "mail", "callbacks", "scanner"] :
    way => sort([for name, entry in local.functions : name if try(entry.egress, "none") == way])
  }
}

output "ticks" {
  description = "Per function with a clock of its own, its schedule of six fields, seconds first."
  value       = { for name, entry in local.functions : name => entry.triggers.tick.schedule if can(entry.triggers.tick.schedule) }
}

output "budgets" {
  description = "The budgets that these outputs were made with."
  value       = var.budgets
}
