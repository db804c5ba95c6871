# A database that can be restored, and what it refuses.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project             = "pay-live-1"
  name                = "pay-live"
  region              = "europe-west9"
  is_production       = true
  is_highly_available = true
  backup_days         = 14
  network             = "n"
  services_connection = "c"
  kms_key             = "k"
  edition             = "ENTERPRISE_PLUS"
  tier                = "db-perf-optimized-N-2"
  owner_password      = "an-invented-password-of-32-signs"
}

run "production_is_kept_and_restored_to_any_second" {
  command = plan
  assert {
    condition     = google_sql_database_instance.this.deletion_protection && google_sql_database_instance.this.settings[0].deletion_protection_enabled
    error_message = "Neither Terraform nor Google deletes it."
  }
  assert {
    condition     = google_sql_database_instance.this.settings[0].backup_configuration[0].transaction_log_retention_days == 14 && google_sql_database_instance.this.settings[0].availability_type == "REGIONAL"
    error_message = "Two weeks of logs, and a standby."
  }
  assert {
    condition     = google_sql_database_instance.this.settings[0].ip_configuration[0].ssl_mode == "ENCRYPTED_ONLY" && !google_sql_database_instance.this.settings[0].ip_configuration[0].ipv4_enabled
    error_message = "TLS alone, and no public address."
  }
}

run "refuses_two_weeks_on_the_small_edition" {
  command = plan
  variables {
    edition = "ENTERPRISE"
  }
  expect_failures = [var.edition]
}

run "refuses_a_short_password" {
  command = plan
  variables {
    owner_password = "short"
  }
  expect_failures = [var.owner_password]
}

run "refuses_an_old_postgresql" {
  command = plan
  variables {
    major_version = 15
  }
  expect_failures = [var.major_version]
}

run "refuses_a_network_without_google" {
  command = plan
  variables {
    services_connection = ""
  }
  expect_failures = [google_sql_database_instance.this]
}
