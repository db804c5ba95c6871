# A private cluster whose two kinds of nodes leave by two ways.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project           = "pay-live-1"
  name              = "pay-live"
  region            = "europe-west9"
  is_production     = true
  network           = "n"
  subnetwork        = "s"
  pod_ranges        = { pods = "pods", operators = "operators", services = "services" }
  operator_networks = { office = "192.0.2.0/24" }
  kms_key           = "k"
  node_pools = {
    functions = { machine_type = "e2-standard-4", min = 3, max = 12 }
    operators = { machine_type = "e2-standard-2", min = 2, max = 4, calls_operators = true }
  }
}

run "what_calls_operators_is_apart" {
  command = plan
  assert {
    condition     = google_container_node_pool.pools["operators"].network_config[0].pod_range == "operators" && google_container_node_pool.pools["functions"].network_config[0].pod_range == "pods"
    error_message = "Pods that call operators have addresses of their own."
  }
  assert {
    condition     = length(google_container_node_pool.pools["operators"].node_config[0].taint) == 1 && length(google_container_node_pool.pools["functions"].node_config[0].taint) == 0
    error_message = "Nothing else runs there."
  }
  assert {
    condition     = google_container_cluster.this.deletion_protection && google_container_cluster.this.default_snat_status[0].disabled && alltrue([for pool in google_container_node_pool.pools : !pool.node_config[0].spot])
    error_message = "Kept, pods keep their addresses, no spot nodes."
  }
}

run "refuses_nodes_of_one_kind" {
  command = plan
  variables {
    node_pools = { functions = { machine_type = "e2-standard-4", min = 3, max = 12 } }
  }
  expect_failures = [var.node_pools]
}

run "refuses_more_at_least_than_at_most" {
  command = plan
  variables {
    node_pools = {
      functions = { machine_type = "e2-standard-4", min = 12, max = 3 }
      operators = { machine_type = "e2-standard-2", min = 2, max = 4, calls_operators = true }
    }
  }
  expect_failures = [var.node_pools]
}

run "refuses_the_rapid_channel" {
  command = plan
  variables {
    release_channel = "RAPID"
  }
  expect_failures = [var.release_channel]
}
