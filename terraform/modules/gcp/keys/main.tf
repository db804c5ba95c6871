# A key per use. Whoever destroys a version has thirty days to think again, and needs a second person (README, 'Rights').

resource "google_kms_key_ring" "this" {
  project  = var.project
  name     = var.name
  location = var.region
}

resource "google_kms_crypto_key" "keys" {
  for_each = toset(["database", "messages", "objects", "cluster"])

  name                       = each.key
  key_ring                   = google_kms_key_ring.this.id
  rotation_period            = "7776000s"
  destroy_scheduled_duration = "2592000s"
  labels                     = var.labels
}
