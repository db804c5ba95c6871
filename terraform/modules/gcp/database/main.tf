# Cloud SQL for PostgreSQL, reached by a private address and TLS alone, restored to any second of the days that
# backups are kept. Its connections are shared out by our own PgBouncer.

data "google_project" "this" {
  project_id = var.project
}

resource "google_kms_crypto_key_iam_member" "database" {
  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-cloud-sql.iam.gserviceaccount.com"
}

resource "google_sql_database_instance" "this" {
  project             = var.project
  name                = var.name
  region              = var.region
  database_version    = "POSTGRES_${var.major_version}"
  encryption_key_name = var.kms_key
  deletion_protection = var.is_production

  settings {
    tier                        = var.tier
    edition                     = var.edition
    availability_type           = var.is_highly_available ? "REGIONAL" : "ZONAL"
    disk_type                   = "PD_SSD"
    disk_size                   = var.disk_gigabytes
    disk_autoresize             = true
    deletion_protection_enabled = var.is_production
    user_labels                 = var.labels

    ip_configuration {
      ipv4_enabled    = false
      private_network = var.network
      ssl_mode        = "ENCRYPTED_ONLY"
      # A name in the certificate, so that clients can ask for verify-full.
      server_ca_mode = "GOOGLE_MANAGED_CAS_CA"
    }

    backup_configuration {
      enabled                        = true
      point_in_time_recovery_enabled = true
      transaction_log_retention_days = var.backup_days
      start_time                     = "01:00"
      backup_retention_settings {
        retained_backups = max(7, var.backup_days)
        retention_unit   = "COUNT"
      }
    }

    maintenance_window {
      day          = 7
      hour         = 1
      update_track = "stable"
    }

    insights_config {
      query_insights_enabled = true
      # Texts of queries hold no values of ours: statements are prepared.
      record_application_tags = false
      record_client_address   = false
    }

    dynamic "database_flags" {
      for_each = var.flags
      content {
        name  = database_flags.key
        value = database_flags.value
      }
    }
  }

  lifecycle {
    # It grows by itself, and cannot be made smaller.
    ignore_changes = [settings[0].disk_size]

    precondition {
      condition     = var.services_connection != ""
      error_message = "The network must be connected to Google's services before a private database can be made."
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.database]
}

resource "google_sql_database" "databases" {
  for_each = toset(["pay", "simulator"])

  project  = var.project
  instance = google_sql_database_instance.this.name
  name     = each.key
}

# Owner of the schemas: migrations and provisioning. She makes all other logins, by the file of `make secrets`.
resource "google_sql_user" "owner" {
  project             = var.project
  instance            = google_sql_database_instance.this.name
  name                = "pay_owner"
  password_wo         = var.owner_password
  password_wo_version = var.owner_password_version
}
