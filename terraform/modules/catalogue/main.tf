# Turns the catalogue of functions into what a cloud must make for it. No provider: it is tested everywhere.

locals {
  functions = try(var.catalogue.functions, {})

  required_fields = ["kind", "runtime", "triggers", "budget", "concurrency", "pool", "scale", "database", "publishes", "storage", "secrets", "egress"]
  known_fields    = concat(local.required_fields, ["drop", "quarantine", "reports", "priority"])
  known_triggers  = ["http", "door", "pubsub", "tick", "scrape"]
  known_settings  = ["topic", "filter", "retry", "attempts"]

  unknown_fields = sort(concat(
    # `applications` ask nothing of a cloud: they are pods alone.
    [for field in setsubtract(keys(var.catalogue), ["functions", "applications"]) : field],
    local.unknown_fields_of_functions,
  ))

  unknown_fields_of_functions = flatten([
    for name, entry in local.functions : concat(
      [for field in setsubtract(keys(entry), local.known_fields) : "${name}.${field}"],
      [for field in setsubtract(keys(try(entry.triggers, {})), local.known_triggers) : "${name}.triggers.${field}"],
      flatten([
        for trigger in try(entry.triggers.pubsub, []) : concat(
          [for field in setsubtract(keys(trigger), local.known_settings) : "${name}.triggers.pubsub.${field}"],
          [for field in setsubtract(keys(try(trigger.retry, {})), ["min_seconds", "max_seconds"]) : "${name}.triggers.pubsub.retry.${field}"],
        )
      ]),
    )
  ])

  missing_fields = sort(flatten([
    for name, entry in local.functions : concat(
      [for field in setsubtract(local.required_fields, keys(entry)) : "${name}.${field}"],
      flatten([
        for trigger in try(entry.triggers.pubsub, []) :
        [for field in setsubtract(["topic", "filter", "retry"], keys(trigger)) : "${name}.triggers.pubsub.${field}"]
      ]),
    )
  ]))

  unknown_values = sort(flatten([
    for name, entry in local.functions : concat(
      contains(keys(var.budgets), try(entry.budget, "short")) ? [] : ["${name}.budget ${entry.budget}"],
      contains(["none", "read", "write"], try(entry.storage, "none")) ? [] : ["${name}.storage ${entry.storage}"],
      contains(["operators", "merchants", "identity", "mail", "callbacks", "scanner", "none"], try(entry.egress, "none")) ? [] : ["${name}.egress ${entry.egress}"],
      contains(["money", "reports"], try(entry.priority, "money")) ? [] : ["${name}.priority ${entry.priority}"],
      [
        for trigger in try(entry.triggers.pubsub, []) : "${name}.triggers.pubsub.filter ${trigger.filter}"
        if !contains(["livemode", "none"], try(trigger.filter, "none"))
      ],
    )
  ]))
}

locals {
  # A subscription per mode where the filter says so: a flood of test messages never waits before live ones.
  modes = {
    livemode = { "--live" = "attributes.livemode = \"true\"", "--test" = "attributes.livemode = \"false\"" }
    none     = { "" = "" }
  }

  triggers = flatten([
    for name, entry in local.functions : [
      for trigger in try(entry.triggers.pubsub, []) : {
        function = name
        topic    = try(trigger.topic, "")
        filter   = try(trigger.filter, "none")
        attempts = try(trigger.attempts, null)
        retry    = { min_seconds = try(trigger.retry.min_seconds, 1), max_seconds = try(trigger.retry.max_seconds, 600) }
        # What the budget gives, unless somebody asked for more.
        ack_deadline_seconds = lookup(var.ack_deadlines, name, try(var.budgets[entry.budget].ack_deadline_seconds, 0))
        drain_seconds        = try(var.budgets[entry.budget].drain_seconds, 0)
      }
    ]
  ])

  subscriptions = merge([
    for trigger in local.triggers : {
      for suffix, expression in try(local.modes[trigger.filter], {}) :
      "${trigger.function}--${trigger.topic}${suffix}" => {
        function             = trigger.function
        topic                = trigger.topic
        filter               = expression
        ack_deadline_seconds = trigger.ack_deadline_seconds
        min_retry_seconds    = trigger.retry.min_seconds
        max_retry_seconds    = trigger.retry.max_seconds
        attempts             = trigger.attempts
        dead_letter_topic    = trigger.attempts == null ? null : "${trigger.topic}-dead"
        push_endpoint        = "${var.push_base_url}/${trigger.function}"
        audience             = "${var.push_base_url}/${trigger.function}"
      }
    }
  ]...)

  published = toset(flatten([for entry in local.functions : try(entry.publishes, [])]))
  taken     = toset([for trigger in local.triggers : trigger.topic])
  dead      = toset([for trigger in local.triggers : "${trigger.topic}-dead" if trigger.attempts != null])
  topics    = setunion(local.published, local.taken)

  too_short = [
    for trigger in local.triggers : "${trigger.function} (${trigger.ack_deadline_seconds} s, drained after ${trigger.drain_seconds} s)"
    if trigger.ack_deadline_seconds <= trigger.drain_seconds
  ]
  out_of_bounds = [
    for name, subscription in local.subscriptions : name
    if subscription.ack_deadline_seconds < 10 || subscription.ack_deadline_seconds > 600
    || subscription.min_retry_seconds < 0 || subscription.max_retry_seconds > 600
    || subscription.min_retry_seconds > subscription.max_retry_seconds
    || !(subscription.attempts == null ? true : subscription.attempts >= 5 && subscription.attempts <= 100)
  ]
  # Pub/Sub itself: a filter of at most 256 bytes, names of 3 to 255 signs.
  misnamed = [
    for name in concat(keys(local.subscriptions), tolist(local.topics)) : name
    if !can(regex("^[A-Za-z][A-Za-z0-9._~+%-]{2,254}$", name)) || startswith(name, "goog")
  ]
}

locals {
  # Which credential opens which bucket: the functions read keys of the store from files, one per right.
  buckets = {
    documents  = { variable = "S3_BUCKET", is_locked = true, expires_after_days = null }
    drops      = { variable = "STATEMENT_BUCKET", is_locked = false, expires_after_days = 30 }
    quarantine = { variable = "QUARANTINE_BUCKET", is_locked = false, expires_after_days = 7 }
    reports    = { variable = "REPORT_BUCKET", is_locked = false, expires_after_days = 7 }
  }
  credentials = {
    s3_credentials            = { bucket = "documents", rights = ["list", "read", "write", "lock"] }
    s3_drop_credentials       = { bucket = "drops", rights = ["list", "read"] }
    s3_upload_credentials     = { bucket = "quarantine", rights = ["write"] }
    s3_quarantine_credentials = { bucket = "quarantine", rights = ["list", "read", "delete"] }
    s3_report_credentials     = { bucket = "reports", rights = ["list", "read", "write", "delete"] }
    s3_report_reader          = { bucket = "reports", rights = ["read"] }
  }

  secrets = toset(flatten([for entry in local.functions : try(entry.secrets, [])]))
  keyless = [
    for name, entry in local.functions : name
    if try(entry.storage, "none") != "none" && !contains(try(entry.secrets, []), "s3_credentials")
  ]

  # The catalogue's names hold underscores, Kubernetes' hyphens.
  services = { for name, entry in local.functions : name => replace(name, "_", "-") if try(entry.kind, "") != "operation" }
}

# Conditions on the variable could not look at what was made of it.
resource "terraform_data" "catalogue" {
  lifecycle {
    precondition {
      condition     = length(local.unknown_fields) == 0
      error_message = "The catalogue has fields that nothing here knows, so that they would be lost in silence: ${join(", ", local.unknown_fields)}."
    }
    precondition {
      condition     = length(local.missing_fields) == 0
      error_message = "Entries of the catalogue lack fields: ${join(", ", local.missing_fields)}."
    }
    precondition {
      condition     = length(local.unknown_values) == 0
      error_message = "The catalogue has values that nothing here knows: ${join(", ", local.unknown_values)}."
    }
  }
}
