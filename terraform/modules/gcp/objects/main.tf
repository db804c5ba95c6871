# Buckets of Cloud Storage. Beta: the functions' storage port speaks S3, and E30 has not passed on a real bucket.
# Documents are locked one by one (Locked retention), as long as RETENTION_DAYS says; the bucket keeps versions.

data "google_project" "this" {
  project_id = var.project
}

resource "google_kms_crypto_key_iam_member" "storage" {
  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${data.google_project.this.number}@gs-project-accounts.iam.gserviceaccount.com"
}

resource "google_storage_bucket" "buckets" {
  for_each = var.buckets

  project                     = var.project
  name                        = "${var.name}-${each.key}-${data.google_project.this.number}"
  location                    = var.region
  labels                      = var.labels
  force_destroy               = var.force_destroy
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  enable_object_retention     = each.value.is_locked

  versioning {
    enabled = each.value.is_locked
  }

  encryption {
    default_kms_key_name = var.kms_key
  }

  dynamic "soft_delete_policy" {
    for_each = each.value.is_locked ? [] : [0]
    content {
      retention_duration_seconds = soft_delete_policy.value
    }
  }

  dynamic "lifecycle_rule" {
    for_each = each.value.expires_after_days == null ? [] : [each.value.expires_after_days]
    content {
      action {
        type = "Delete"
      }
      condition {
        age = lifecycle_rule.value
      }
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.storage]
}

locals {
  roles = {
    list   = "roles/storage.objectViewer"
    read   = "roles/storage.objectViewer"
    write  = "roles/storage.objectCreator"
    delete = "roles/storage.objectUser"
    lock   = "roles/storage.objectUser"
  }
  # A reader needs no list, but Google has no role of its own without it.
  rights = merge([
    for credential, body in var.credentials : {
      for role in toset([for right in body.rights : local.roles[right]]) :
      "${credential} ${role}" => { credential = credential, bucket = body.bucket, role = role }
    }
  ]...)
}

resource "google_service_account" "credentials" {
  for_each = var.credentials

  project      = var.project
  account_id   = "${var.name}-${replace(trimsuffix(trimprefix(each.key, "s3_"), "_credentials"), "_", "-")}"
  display_name = "Keys ${each.key} of ${var.name}"
}

resource "google_storage_bucket_iam_member" "rights" {
  for_each = local.rights

  bucket = google_storage_bucket.buckets[each.value.bucket].name
  role   = each.value.role
  member = google_service_account.credentials[each.value.credential].member
}
