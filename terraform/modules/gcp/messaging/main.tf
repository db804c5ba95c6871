# Topics, subscriptions and rights as the catalogue has them. Nothing here decides: see modules/catalogue.

data "google_project" "this" {
  project_id = var.project
}

locals {
  # Google's own account that carries messages: it pushes in our name, and moves dead letters.
  agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
  dead  = toset([for subscription in var.subscriptions : subscription.dead_letter_topic if subscription.dead_letter_topic != null])
}

resource "google_service_account" "push" {
  project      = var.project
  account_id   = "${var.name}-push"
  display_name = "Signs what Pub/Sub pushes"
}

resource "google_service_account_iam_member" "push_token" {
  service_account_id = google_service_account.push.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.agent
}

resource "google_kms_crypto_key_iam_member" "agent" {
  count = var.kms_key == null ? 0 : 1

  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = local.agent
}

resource "google_pubsub_topic" "topics" {
  for_each = toset(var.topics)

  project      = var.project
  name         = each.key
  labels       = var.labels
  kms_key_name = var.kms_key

  message_storage_policy {
    allowed_persistence_regions = [var.region]
    enforce_in_transit          = true
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_pubsub_subscription" "subscriptions" {
  for_each = var.subscriptions

  project                    = var.project
  name                       = each.key
  topic                      = google_pubsub_topic.topics[each.value.topic].id
  labels                     = var.labels
  filter                     = each.value.filter
  ack_deadline_seconds       = each.value.ack_deadline_seconds
  message_retention_duration = "604800s"

  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "${each.value.min_retry_seconds}s"
    maximum_backoff = "${each.value.max_retry_seconds}s"
  }

  dynamic "dead_letter_policy" {
    for_each = each.value.dead_letter_topic == null ? [] : [each.value.dead_letter_topic]
    content {
      dead_letter_topic     = google_pubsub_topic.topics[dead_letter_policy.value].id
      max_delivery_attempts = each.value.attempts
    }
  }

  push_config {
    push_endpoint = each.value.push_endpoint

    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = each.value.audience
    }
  }

  depends_on = [google_service_account_iam_member.push_token]
}

# Who may publish is said whole: whoever has got the right by hand loses it at the next apply.
resource "google_pubsub_topic_iam_binding" "publishers" {
  for_each = google_pubsub_topic.topics

  project = var.project
  topic   = each.value.id
  role    = "roles/pubsub.publisher"
  members = concat(
    [for function in lookup(var.publishers, each.key, []) : var.principals[function]],
    contains(local.dead, each.key) ? [local.agent] : [],
  )
}

# Without it, no message ever becomes a dead letter.
resource "google_pubsub_subscription_iam_member" "agent" {
  for_each = { for name, subscription in var.subscriptions : name => subscription if subscription.dead_letter_topic != null }

  project      = var.project
  subscription = google_pubsub_subscription.subscriptions[each.key].id
  role         = "roles/pubsub.subscriber"
  member       = local.agent
}

module "backlog" {
  source = "../../backlog"

  is_production = var.is_production
  subscriptions = {
    for name, subscription in var.subscriptions : name => {
      id     = google_pubsub_subscription.subscriptions[name].id
      filter = subscription.filter
      topic  = subscription.topic
    }
  }
}
