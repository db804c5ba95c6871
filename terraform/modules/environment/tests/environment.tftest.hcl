# What follows from the words about an environment, and each wrong word refused.

variables {
  environment = {
    name              = "pay-live", class = "production", cloud = "gcp", region = "europe-west9", domain = "pay.example.com"
    operator_networks = { office = "192.0.2.0/24" }
  }
}

run "production_is_kept" {
  command = plan
  assert {
    condition     = output.deletion_protection && !output.force_destroy && output.retention_days == 3650 && output.backup_days == 14
    error_message = "Production is protected, locked for ten years, and restored to any second of two weeks."
  }
  assert {
    condition     = output.hosts.callbacks == "callbacks.pay.example.com" && output.push_base_url == "https://push.pay.example.com"
    error_message = "Hosts are made below the domain."
  }
  assert {
    condition     = output.num_trusted_proxies == 0 && output.edge == "l4"
    error_message = "Nothing stands before the gateway by default."
  }
}

run "a_trial_goes" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "aws", region = "eu-west-3", domain = "try.example.com", edge = "l7_waf" }
  }
  assert {
    condition     = !output.deletion_protection && output.force_destroy && output.retention_days == 1
    error_message = "A trial locks for a day and may be destroyed."
  }
  assert {
    condition     = output.num_trusted_proxies == 1
    error_message = "Before AWS's balancer stands one proxy."
  }
}

run "google_has_two_proxies" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "gcp", region = "europe-west9", domain = "try.example.com", edge = "l7_waf" }
  }
  assert {
    condition     = output.num_trusted_proxies == 2
    error_message = "Google's balancer adds two addresses."
  }
}

run "refuses_two_doors_on_one_host" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "gcp", region = "europe-west9", domain = "try.example.com", hosts = { api = "x.example.com", app = "x.example.com" } }
  }
  expect_failures = [output.hosts]
}

run "refuses_a_long_name" {
  command = plan
  variables {
    environment = { name = "a-name-that-is-far-too-long", class = "trial", cloud = "gcp", region = "europe-west9", domain = "try.example.com" }
  }
  expect_failures = [var.environment]
}

run "refuses_a_name_in_capitals" {
  command = plan
  variables {
    environment = { name = "Pay", class = "trial", cloud = "gcp", region = "europe-west9", domain = "try.example.com" }
  }
  expect_failures = [var.environment]
}

run "refuses_an_unknown_class" {
  command = plan
  variables {
    environment = { name = "try", class = "staging", cloud = "gcp", region = "europe-west9", domain = "try.example.com" }
  }
  expect_failures = [var.environment]
}

run "refuses_an_unknown_cloud" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "azure", region = "europe-west9", domain = "try.example.com" }
  }
  expect_failures = [var.environment]
}

run "refuses_a_zone_for_a_region" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "gcp", region = "europe-west9-a", domain = "try.example.com" }
  }
  expect_failures = [var.environment]
}

run "refuses_a_region_of_the_other_cloud" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "gcp", region = "eu-west-3", domain = "try.example.com" }
  }
  expect_failures = [var.environment]
}

run "refuses_no_region" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "gcp", region = "", domain = "try.example.com" }
  }
  expect_failures = [var.environment]
}

run "refuses_an_address_for_a_domain" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "gcp", region = "europe-west9", domain = "https://try.example.com" }
  }
  expect_failures = [var.environment]
}

run "refuses_an_unknown_door" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "gcp", region = "europe-west9", domain = "try.example.com", hosts = { shop = "shop.example.com" } }
  }
  expect_failures = [var.environment]
}

run "refuses_an_unknown_edge" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "gcp", region = "europe-west9", domain = "try.example.com", edge = "cdn" }
  }
  expect_failures = [var.environment]
}

run "refuses_an_unknown_store" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "gcp", region = "europe-west9", domain = "try.example.com", object_store = "azure" }
  }
  expect_failures = [var.environment]
}

run "refuses_googles_store_from_aws" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "aws", region = "eu-west-3", domain = "try.example.com", object_store = "gcs" }
  }
  expect_failures = [var.environment]
}

run "refuses_a_store_in_the_cluster_for_production" {
  command = plan
  variables {
    environment = { name = "try", class = "production", cloud = "gcp", region = "europe-west9", domain = "try.example.com", object_store = "in-cluster", operator_networks = { office = "192.0.2.0/24" } }
  }
  expect_failures = [var.environment]
}

run "refuses_half_a_day_of_retention" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "gcp", region = "europe-west9", domain = "try.example.com", retention_days = 0.5 }
  }
  expect_failures = [var.environment]
}

run "refuses_ten_years_on_a_trial" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "gcp", region = "europe-west9", domain = "try.example.com", retention_days = 3650 }
  }
  expect_failures = [var.environment]
}

run "refuses_a_network_that_is_none" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "gcp", region = "europe-west9", domain = "try.example.com", operator_networks = { office = "192.0.2" } }
  }
  expect_failures = [var.environment]
}

run "refuses_the_whole_internet" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "gcp", region = "europe-west9", domain = "try.example.com", operator_networks = { all = "0.0.0.0/0" } }
  }
  expect_failures = [var.environment]
}

run "refuses_production_that_nobody_reaches" {
  command = plan
  variables {
    environment = { name = "try", class = "production", cloud = "gcp", region = "europe-west9", domain = "try.example.com" }
  }
  expect_failures = [var.environment]
}

run "refuses_labels_that_google_refuses" {
  command = plan
  variables {
    environment = { name = "try", class = "trial", cloud = "gcp", region = "europe-west9", domain = "try.example.com", labels = { Team = "Payments" } }
  }
  expect_failures = [var.environment]
}
