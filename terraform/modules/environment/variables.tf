variable "environment" {
  description = <<-EOT
    What is true of one environment in all its stacks.

    - `name`: prefixes everything made for it.
    - `class`: `trial` (a day of retention, may be destroyed) or `production` (destroying it fails with a sentence).
    - `cloud`, `region`: where it runs. There is no default: where payments of people lie is a decision.
    - `domain`: hosts are made below it, unless `hosts` names them.
    - `edge`: `l4` (the balancer passes TLS through) or `l7_waf` (the cloud ends it, looks, and encrypts again).
    - `object_store`: `s3`, `gcs` (beta) or `in-cluster` (small installs).
    - `retention_days`: how long documents are locked; ten years by default, one day on trial.
    - `operator_networks`: CIDR ranges from which the cluster's API may be reached.
  EOT
  type = object({
    name              = string
    class             = string
    cloud             = string
    region            = string
    domain            = string
    hosts             = optional(map(string), {})
    edge              = optional(string, "l4")
    object_store      = optional(string)
    retention_days    = optional(number)
    operator_networks = optional(map(string), {})
    labels            = optional(map(string), {})
  })
  nullable = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,14}[a-z0-9]$", var.environment.name)) && !strcontains(var.environment.name, "--")
    error_message = "environment.name must be 3 to 16 lower-case letters, digits and single hyphens, beginning with a letter: it prefixes names that clouds keep short."
  }

  validation {
    condition     = contains(["trial", "production"], var.environment.class)
    error_message = "environment.class must be \"trial\" (one day of retention, may be destroyed) or \"production\"."
  }

  validation {
    condition     = contains(["gcp", "aws"], var.environment.cloud)
    error_message = "environment.cloud must be \"gcp\" or \"aws\"."
  }

  validation {
    condition = (
      var.environment.cloud == "gcp" ? can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.environment.region))
      : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.environment.region))
    )
    error_message = "environment.region ${var.environment.region} is no region of ${var.environment.cloud}: name a region such as europe-west9 (gcp) or eu-west-3 (aws), not a zone. terraform/README.md lists latency to Douala and residency."
  }

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.environment.domain))
    error_message = "environment.domain must be a domain of your own, such as pay.example.com, without https:// and without a path."
  }

  validation {
    condition     = length(setsubtract(keys(var.environment.hosts), ["api", "app", "pay", "callbacks", "push", "auth"])) == 0
    error_message = "environment.hosts knows the doors api, app, pay, callbacks, push and auth; not ${join(", ", setsubtract(keys(var.environment.hosts), ["api", "app", "pay", "callbacks", "push", "auth"]))}."
  }

  validation {
    condition     = contains(["l4", "l7_waf"], var.environment.edge)
    error_message = "environment.edge must be \"l4\" (TLS passes through to the gateway) or \"l7_waf\" (the cloud's balancer ends it and looks)."
  }

  validation {
    condition     = var.environment.object_store == null ? true : contains(["s3", "gcs", "in-cluster"], var.environment.object_store)
    error_message = "environment.object_store must be \"s3\", \"gcs\" or \"in-cluster\"."
  }

  validation {
    condition     = !(var.environment.object_store == "gcs" && var.environment.cloud == "aws")
    error_message = "environment.object_store \"gcs\" is for clusters on gcp: from aws use \"s3\"."
  }

  validation {
    condition     = !(var.environment.object_store == "in-cluster" && var.environment.class == "production")
    error_message = "environment.object_store \"in-cluster\" is for trials: whoever is root on its disk can delete what the lock protects."
  }

  validation {
    condition     = var.environment.retention_days == null ? true : var.environment.retention_days >= 1 && var.environment.retention_days <= 36600 && floor(var.environment.retention_days) == var.environment.retention_days
    error_message = "environment.retention_days must be a whole number of days from 1 to 36600: a lock can be made longer, never shorter."
  }

  validation {
    condition     = !(var.environment.class == "trial" && coalesce(var.environment.retention_days, 1) > 1)
    error_message = "environment.retention_days is one on a trial: what is locked longer cannot be destroyed with it. Use class \"production\"."
  }

  validation {
    condition     = alltrue([for range in var.environment.operator_networks : can(cidrhost(range, 0))])
    error_message = "environment.operator_networks must be CIDR ranges by a name, such as { office = \"192.0.2.0/24\" }."
  }

  validation {
    condition     = !anytrue([for range in var.environment.operator_networks : endswith(range, "/0")])
    error_message = "environment.operator_networks must not be the whole internet: name the ranges of those who operate the cluster."
  }

  validation {
    condition     = length(var.environment.operator_networks) > 0 || var.environment.class == "trial"
    error_message = "environment.operator_networks must name who may reach the cluster's API in production: without any, nobody could apply the later stacks."
  }

  validation {
    condition     = alltrue([for key, value in var.environment.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "environment.labels must be lower-case letters, digits, _ and -, as Google Cloud wants them; AWS gets the same as tags."
  }
}
