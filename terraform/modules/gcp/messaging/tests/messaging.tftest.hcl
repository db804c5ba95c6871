# Topics, subscriptions and rights as the service wants them.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project       = "pay-live-1"
  name          = "pay-live"
  region        = "europe-west9"
  is_production = true
  topics        = ["charge-created", "charge-created-dead"]
  publishers    = { charge-created = ["create_charge"], charge-created-dead = [] }
  principals    = { create_charge = "principal://x/create-charge" }
  subscriptions = {
    "submit_charge--charge-created--live" = {
      function             = "submit_charge", topic = "charge-created", filter = "attributes.livemode = \"true\""
      ack_deadline_seconds = 60, min_retry_seconds = 1, max_retry_seconds = 600, attempts = 100, dead_letter_topic = "charge-created-dead"
      push_endpoint        = "https://push.example.com/submit_charge", audience = "https://push.example.com/submit_charge"
    }
    "keep_dead_letter--charge-created-dead" = {
      function             = "keep_dead_letter", topic = "charge-created-dead", filter = ""
      ack_deadline_seconds = 60, min_retry_seconds = 1, max_retry_seconds = 600
      push_endpoint        = "https://push.example.com/keep_dead_letter", audience = "https://push.example.com/keep_dead_letter"
    }
  }
}

run "a_subscription_lasts_and_a_message_stays_in_its_region" {
  command = plan
  assert {
    condition     = google_pubsub_subscription.subscriptions["submit_charge--charge-created--live"].expiration_policy[0].ttl == ""
    error_message = "A quiet month must not delete a subscription."
  }
  assert {
    condition     = google_pubsub_subscription.subscriptions["submit_charge--charge-created--live"].dead_letter_policy[0].max_delivery_attempts == 100 && length(google_pubsub_subscription.subscriptions["keep_dead_letter--charge-created-dead"].dead_letter_policy) == 0
    error_message = "A hundred deliveries, then a dead letter; a dead letter has no further one."
  }
  assert {
    condition     = google_pubsub_topic.topics["charge-created"].message_storage_policy[0].enforce_in_transit && join(",", google_pubsub_topic.topics["charge-created"].message_storage_policy[0].allowed_persistence_regions) == "europe-west9"
    error_message = "Messages rest in the region alone."
  }
  assert {
    condition     = google_pubsub_subscription.subscriptions["submit_charge--charge-created--live"].message_retention_duration == "604800s" && google_pubsub_subscription.subscriptions["submit_charge--charge-created--live"].retry_policy[0].maximum_backoff == "600s"
    error_message = "Kept for a week, asked again for as long."
  }
  assert {
    condition     = contains(google_pubsub_topic_iam_binding.publishers["charge-created-dead"].members, "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com") && length(google_pubsub_subscription_iam_member.agent) == 1
    error_message = "Google's account may publish dead letters and take what becomes one."
  }
  assert {
    condition     = join(",", google_pubsub_topic_iam_binding.publishers["charge-created"].members) == "principal://x/create-charge"
    error_message = "Who does not publish by the catalogue may not publish."
  }
}
