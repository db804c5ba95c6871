# Lets the service accounts of a cluster elsewhere speak to Pub/Sub without a key: Google trusts the tokens that the
# cluster signs. The hop from AWS to Google costs money and time, which terraform/README.md tells.

data "google_project" "this" {
  project_id = var.project
}

resource "google_iam_workload_identity_pool" "cluster" {
  project                   = var.project
  workload_identity_pool_id = "${var.name}-cluster"
  display_name              = var.name
  description               = "Service accounts of a cluster outside Google"
}

resource "google_iam_workload_identity_pool_provider" "cluster" {
  project                            = var.project
  workload_identity_pool_id          = google_iam_workload_identity_pool.cluster.workload_identity_pool_id
  workload_identity_pool_provider_id = "kubernetes"
  attribute_mapping                  = { "google.subject" = "assertion.sub" }
  # Service accounts of one namespace alone.
  attribute_condition = "assertion.sub.startsWith('system:serviceaccount:${var.namespace}:')"

  oidc {
    issuer_uri        = var.issuer
    allowed_audiences = [var.audience]
  }
}
