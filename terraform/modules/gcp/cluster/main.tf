# GKE Standard, regional, private. Functions run on ordinary nodes, never on spot ones; what calls operators leaves
# from nodes whose pods have a range, and so addresses, of their own.

data "google_project" "this" {
  project_id = var.project
}

resource "google_service_account" "nodes" {
  project      = var.project
  account_id   = "${var.name}-nodes"
  display_name = "Nodes of ${var.name}"
}

resource "google_project_iam_member" "nodes" {
  for_each = toset(["roles/container.defaultNodeServiceAccount", "roles/artifactregistry.reader"])

  project = var.project
  role    = each.key
  member  = google_service_account.nodes.member
}

resource "google_kms_crypto_key_iam_member" "cluster" {
  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${data.google_project.this.number}@container-engine-robot.iam.gserviceaccount.com"
}

resource "google_container_cluster" "this" {
  project                     = var.project
  name                        = var.name
  location                    = var.region
  network                     = var.network
  subnetwork                  = var.subnetwork
  resource_labels             = var.labels
  deletion_protection         = var.is_production
  remove_default_node_pool    = true
  initial_node_count          = 1
  datapath_provider           = "ADVANCED_DATAPATH"
  networking_mode             = "VPC_NATIVE"
  enable_shielded_nodes       = true
  enable_intranode_visibility = true

  release_channel {
    channel = var.release_channel
  }

  ip_allocation_policy {
    cluster_secondary_range_name  = var.pod_ranges.pods
    services_secondary_range_name = var.pod_ranges.services
    additional_pod_ranges_config {
      pod_range_names = [var.pod_ranges.operators]
    }
  }

  # Pods keep their own address on the way out: the two ways are told apart by it.
  default_snat_status {
    disabled = true
  }

  private_cluster_config {
    enable_private_nodes    = true
    enable_private_endpoint = false
    master_ipv4_cidr_block  = var.control_plane_cidr
  }

  master_authorized_networks_config {
    gcp_public_cidrs_access_enabled = false

    dynamic "cidr_blocks" {
      for_each = var.operator_networks
      content {
        display_name = cidr_blocks.key
        cidr_block   = cidr_blocks.value
      }
    }
  }

  master_auth {
    client_certificate_config {
      issue_client_certificate = false
    }
  }

  workload_identity_config {
    workload_pool = "${var.project}.svc.id.goog"
  }

  database_encryption {
    state    = "ENCRYPTED"
    key_name = var.kms_key
  }

  binary_authorization {
    evaluation_mode = "PROJECT_SINGLETON_POLICY_ENFORCE"
  }

  # Sunday night in Douala, when fewest pay.
  maintenance_policy {
    recurring_window {
      start_time = "2026-01-04T00:00:00Z"
      end_time   = "2026-01-04T04:00:00Z"
      recurrence = "FREQ=WEEKLY;BYDAY=SU"
    }
  }

  logging_config {
    enable_components = ["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER"]
  }

  monitoring_config {
    enable_components = ["SYSTEM_COMPONENTS"]
    managed_prometheus {
      enabled = true
    }
  }

  # The first node pool is removed at once; what it was made with is not looked at again.
  lifecycle {
    ignore_changes = [node_config, initial_node_count]
  }

  depends_on = [google_kms_crypto_key_iam_member.cluster, google_project_iam_member.nodes]
}

resource "google_container_node_pool" "pools" {
  for_each = var.node_pools

  project  = var.project
  name     = each.key
  cluster  = google_container_cluster.this.id
  location = var.region

  autoscaling {
    total_min_node_count = each.value.min
    total_max_node_count = each.value.max
    location_policy      = "BALANCED"
  }

  management {
    auto_repair  = true
    auto_upgrade = true
  }

  upgrade_settings {
    max_surge       = 1
    max_unavailable = 0
  }

  network_config {
    enable_private_nodes = true
    pod_range            = each.value.calls_operators ? var.pod_ranges.operators : var.pod_ranges.pods
  }

  node_config {
    machine_type    = each.value.machine_type
    disk_size_gb    = 50
    disk_type       = "pd-balanced"
    image_type      = "COS_CONTAINERD"
    spot            = false
    service_account = google_service_account.nodes.email
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
    labels          = { pool = each.key }
    resource_labels = var.labels
    metadata        = { disable-legacy-endpoints = "true" }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }

    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    dynamic "taint" {
      for_each = each.value.calls_operators ? ["egress"] : []
      content {
        key    = taint.value
        value  = "operators"
        effect = "NO_SCHEDULE"
      }
    }
  }
}
