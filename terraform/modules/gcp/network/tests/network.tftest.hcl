# Two ways out that never mix.

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
}

run "operators_see_addresses_of_their_own" {
  command = plan
  assert {
    condition     = length(google_compute_address.operators_kept) == 2 && length(google_compute_address.operators) == 0
    error_message = "In production the addresses are those that cannot be destroyed."
  }
  assert {
    condition = (
      join(",", one(google_compute_router_nat.operators.subnetwork).secondary_ip_range_names) == "operators"
      && join(",", one(google_compute_router_nat.merchants.subnetwork).secondary_ip_range_names) == "pods"
    )
    error_message = "What calls merchants never leaves by the operators' addresses."
  }
}

run "refuses_a_network_too_small" {
  command = plan
  variables {
    cidr = "10.0.0.0/20"
  }
  expect_failures = [var.cidr]
}

run "refuses_no_address_at_all" {
  command = plan
  variables {
    operator_addresses = 0
  }
  expect_failures = [var.operator_addresses]
}
