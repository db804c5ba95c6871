# The catalogue as Google gets it.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project          = "pay-live-1"
  name             = "pay-live"
  region           = "europe-west9"
  is_production    = true
  push_base_url    = "https://push.example.com"
  principal_format = "principal://pool/subject/ns/production/sa/%s"
}

run "messages_are_kept_and_pushed_with_a_token" {
  command = plan
  assert {
    condition     = output.environment_variables.PUBSUB_PROJECT == "pay-live-1" && contains(output.secrets, "database_app")
    error_message = "Functions find their project; secrets have places."
  }
}

run "refuses_a_principal_without_a_place_for_its_name" {
  command = plan
  variables {
    principal_format = "principal://pool/subject/ns/production/sa/all"
  }
  expect_failures = [var.principal_format]
}
