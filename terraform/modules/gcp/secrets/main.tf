# A place for each secret of the catalogue. Terraform never sees a value: a person writes each by
# `gcloud secrets versions add`, and External Secrets carries it to the functions that may read it.

resource "google_secret_manager_secret" "secrets" {
  for_each = toset(var.secrets)

  project             = var.project
  secret_id           = each.key
  labels              = var.labels
  deletion_protection = var.is_production

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }
}

resource "google_secret_manager_secret_iam_member" "carrier" {
  for_each = google_secret_manager_secret.secrets

  project   = var.project
  secret_id = each.value.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = var.carrier
}
