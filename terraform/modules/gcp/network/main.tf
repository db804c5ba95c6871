# One network, private nodes, and two ways out: operators allow-list the addresses of one, merchants' servers see the
# other. A merchant's webhook URL that points at an operator then never comes from an address that the operator trusts.

resource "google_compute_network" "this" {
  project                         = var.project
  name                            = var.name
  auto_create_subnetworks         = false
  delete_default_routes_on_create = false
}

resource "google_compute_subnetwork" "nodes" {
  project                  = var.project
  name                     = "${var.name}-nodes"
  region                   = var.region
  network                  = google_compute_network.this.id
  ip_cidr_range            = cidrsubnet(var.cidr, 4, 0)
  private_ip_google_access = true

  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = cidrsubnet(var.cidr, 1, 1)
  }
  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = cidrsubnet(var.cidr, 4, 1)
  }
  secondary_ip_range {
    range_name    = "operators"
    ip_cidr_range = cidrsubnet(var.cidr, 4, 2)
  }

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.1
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

# Cloud SQL lies in Google's own network, reached through these addresses.
resource "google_compute_global_address" "services" {
  project       = var.project
  name          = "${var.name}-services"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  address       = cidrhost(cidrsubnet(var.cidr, 4, 4), 0)
  prefix_length = tonumber(split("/", cidrsubnet(var.cidr, 4, 4))[1])
  network       = google_compute_network.this.id
}

resource "google_service_networking_connection" "services" {
  network                 = google_compute_network.this.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.services.name]
  deletion_policy         = "ABANDON"
}

resource "google_compute_router" "this" {
  project = var.project
  name    = var.name
  region  = var.region
  network = google_compute_network.this.id
}

# MTN writes these down: losing one stops all payments until they have written down another.
resource "google_compute_address" "operators_kept" {
  count = var.is_production ? var.operator_addresses : 0

  project = var.project
  name    = "${var.name}-operators-${count.index}"
  region  = var.region
  labels  = var.labels

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_compute_address" "operators" {
  count = var.is_production ? 0 : var.operator_addresses

  project = var.project
  name    = "${var.name}-operators-${count.index}"
  region  = var.region
  labels  = var.labels
}

resource "google_compute_address" "merchants" {
  count = 2

  project = var.project
  name    = "${var.name}-merchants-${count.index}"
  region  = var.region
  labels  = var.labels
}

locals {
  operators = concat(google_compute_address.operators_kept, google_compute_address.operators)
}

# Pods of the operators' nodes have a range of their own: only it leaves by the allow-listed addresses.
resource "google_compute_router_nat" "operators" {
  project                            = var.project
  name                               = "${var.name}-operators"
  region                             = var.region
  router                             = google_compute_router.this.name
  nat_ip_allocate_option             = "MANUAL_ONLY"
  nat_ips                            = local.operators[*].self_link
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                     = google_compute_subnetwork.nodes.id
    source_ip_ranges_to_nat  = ["LIST_OF_SECONDARY_IP_RANGES"]
    secondary_ip_range_names = ["operators"]
  }

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

resource "google_compute_router_nat" "merchants" {
  project                            = var.project
  name                               = "${var.name}-merchants"
  region                             = var.region
  router                             = google_compute_router.this.name
  nat_ip_allocate_option             = "MANUAL_ONLY"
  nat_ips                            = google_compute_address.merchants[*].self_link
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                     = google_compute_subnetwork.nodes.id
    source_ip_ranges_to_nat  = ["PRIMARY_IP_RANGE", "LIST_OF_SECONDARY_IP_RANGES"]
    secondary_ip_range_names = ["pods"]
  }

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}
