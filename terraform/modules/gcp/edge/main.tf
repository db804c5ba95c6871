# Where the world comes in: a reserved address and the names of the doors. With `l7_waf` also the rules that Google's
# balancer applies; they only count on callbacks and push, whose callers nobody may turn away by mistake.

resource "google_compute_address" "gateway" {
  count = var.edge == "l4" ? 1 : 0

  project = var.project
  name    = "${var.name}-gateway"
  region  = var.region
  labels  = var.labels
}

resource "google_compute_global_address" "gateway" {
  count = var.edge == "l7_waf" ? 1 : 0

  project = var.project
  name    = "${var.name}-gateway"
  labels  = var.labels
}

resource "google_dns_managed_zone" "this" {
  project       = var.project
  name          = var.name
  dns_name      = "${var.domain}."
  description   = "Doors of ${var.name}"
  labels        = var.labels
  force_destroy = !var.is_production

  dnssec_config {
    state = "on"
  }
}

locals {
  address = concat(google_compute_address.gateway[*].address, google_compute_global_address.gateway[*].address)[0]
  # Hosts below another domain are their owner's to point here.
  hosts = { for door, host in var.hosts : door => host if endswith(host, ".${var.domain}") }
}

resource "google_dns_record_set" "doors" {
  for_each = local.hosts

  project      = var.project
  managed_zone = google_dns_managed_zone.this.name
  name         = "${each.value}."
  type         = "A"
  ttl          = 300
  rrdatas      = [local.address]
}

resource "google_compute_security_policy" "doors" {
  for_each = var.edge == "l7_waf" ? { people = false, machines = true } : {}

  project     = var.project
  name        = "${var.name}-${each.key}"
  description = each.value ? "callbacks and push: counts only" : "api, app, pay, auth"

  rule {
    action      = "allow"
    priority    = 2147483647
    description = "Everybody else"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }

  dynamic "rule" {
    for_each = { sqli-v33-stable = 1000, xss-v33-stable = 1010, rce-v33-stable = 1020, lfi-v33-stable = 1030, cve-canary = 1040 }
    content {
      action      = "deny(403)"
      priority    = rule.value
      preview     = each.value
      description = rule.key
      match {
        expr {
          expression = "evaluatePreconfiguredWaf('${rule.key}', {'sensitivity': 1})"
        }
      }
    }
  }
}
