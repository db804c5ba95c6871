# The promises of the catalogue, and each way of breaking them with the sentence's place.

variables {
  push_base_url = "https://push.example.com"
  catalogue = {
    functions = {
      create_charge = {
        kind  = "knative", runtime = "wsgi", triggers = { http = "operations" }, budget = "short", concurrency = 8, pool = 9
        scale = { min = 0, max = 20 }, database = "app", publishes = ["charge-created"], storage = "none", secrets = ["database_app"], egress = "none"
      }
      submit_charge = {
        kind     = "knative", runtime = "wsgi", budget = "short", concurrency = 8, pool = 9
        triggers = { pubsub = [{ topic = "charge-created", filter = "livemode", retry = { min_seconds = 1, max_seconds = 600 }, attempts = 100 }] }
        scale    = { min = 0, max = 20 }, database = "app", publishes = [], storage = "none", secrets = ["database_app"], egress = "operators"
      }
      keep_dead_letter = {
        kind     = "knative", runtime = "wsgi", budget = "short", concurrency = 4, pool = 4
        triggers = { pubsub = [{ topic = "charge-created-dead", filter = "none", retry = { min_seconds = 1, max_seconds = 600 } }] }
        scale    = { min = 0, max = 5 }, database = "worker", publishes = [], storage = "none", secrets = ["database_worker"], egress = "none"
      }
    }
  }
}

run "makes_a_subscription_per_mode" {
  command = plan

  assert {
    condition     = join(",", keys(output.subscriptions)) == "keep_dead_letter--charge-created-dead,submit_charge--charge-created--live,submit_charge--charge-created--test"
    error_message = "A filter by mode makes two subscriptions, none makes one."
  }
  assert {
    condition     = output.subscriptions["submit_charge--charge-created--live"].filter == "attributes.livemode = \"true\""
    error_message = "The live subscription takes live messages alone."
  }
  assert {
    condition     = output.subscriptions["submit_charge--charge-created--test"].dead_letter_topic == "charge-created-dead"
    error_message = "What was tried a hundred times goes to the topic of dead letters."
  }
  assert {
    condition     = output.subscriptions["keep_dead_letter--charge-created-dead"].dead_letter_topic == null
    error_message = "Dead letters are asked again until they are kept."
  }
  assert {
    condition     = output.subscriptions["submit_charge--charge-created--live"].audience == "https://push.example.com/submit_charge"
    error_message = "The audience of a push is its address."
  }
  assert {
    condition     = join(",", output.topics) == "charge-created,charge-created-dead" && join(",", output.publishers["charge-created"]) == "create_charge"
    error_message = "Topics are those published and taken, and each knows who may publish."
  }
  assert {
    condition     = output.service_accounts["submit_charge"] == "submit-charge" && join(",", output.egress.operators) == "submit_charge"
    error_message = "Kubernetes' names hold hyphens; each way out knows who may take it."
  }
}

run "takes_a_longer_deadline" {
  command = plan
  variables {
    ack_deadlines = { submit_charge = 120 }
  }

  assert {
    condition     = output.subscriptions["submit_charge--charge-created--live"].ack_deadline_seconds == 120
    error_message = "A deadline that is asked for counts."
  }
}

run "refuses_a_deadline_below_the_budget" {
  command = plan
  variables {
    ack_deadlines = { submit_charge = 20 }
  }
  expect_failures = [output.subscriptions]
}

run "refuses_a_deadline_that_pubsub_refuses" {
  command = plan
  variables {
    ack_deadlines = { submit_charge = 601 }
  }
  expect_failures = [output.subscriptions]
}

run "refuses_a_deadline_for_nobody" {
  command = plan
  variables {
    ack_deadlines = { submit_chrage = 120 }
  }
  expect_failures = [var.ack_deadlines]
}

run "refuses_a_budget_that_outlives_its_pod" {
  command = plan
  variables {
    budgets = {
      short = { handler_seconds = 35, drain_seconds = 30, ack_deadline_seconds = 60, timeout_seconds = 90 }
      long  = { handler_seconds = 540, drain_seconds = 570, ack_deadline_seconds = 600, timeout_seconds = 660 }
    }
  }
  expect_failures = [var.budgets]
}

run "refuses_an_unknown_field" {
  command = plan
  variables {
    catalogue = {
      functions = {
        create_charge = {
          kind  = "knative", runtime = "wsgi", triggers = { http = "operations" }, budget = "short", concurrency = 8, pool = 9, colour = 1
          scale = { min = 0, max = 20 }, database = "app", publishes = [], storage = "none", secrets = ["database_app"], egress = "none"
        }
      }
    }
  }
  expect_failures = [terraform_data.catalogue]
}

run "refuses_an_unknown_field_of_a_subscription" {
  command = plan
  variables {
    catalogue = {
      functions = {
        create_charge = {
          kind     = "knative", runtime = "wsgi", budget = "short", concurrency = 8, pool = 9
          triggers = { pubsub = [{ topic = "charge-created", filter = "none", retry = { min_seconds = 1, max_seconds = 600 }, ordering = true }] }
          scale    = { min = 0, max = 20 }, database = "app", publishes = ["charge-created"], storage = "none", secrets = ["database_app"], egress = "none"
        }
      }
    }
  }
  expect_failures = [terraform_data.catalogue]
}

run "refuses_a_missing_field" {
  command = plan
  variables {
    catalogue = {
      functions = {
        create_charge = {
          kind  = "knative", runtime = "wsgi", triggers = { http = "operations" }, budget = "short", concurrency = 8, pool = 9
          scale = { min = 0, max = 20 }, database = "app", publishes = [], storage = "none", secrets = ["database_app"]
        }
      }
    }
  }
  expect_failures = [terraform_data.catalogue]
}

run "refuses_an_unknown_budget" {
  command = plan
  variables {
    catalogue = {
      functions = {
        create_charge = {
          kind  = "knative", runtime = "wsgi", triggers = { http = "operations" }, budget = "endless", concurrency = 8, pool = 9
          scale = { min = 0, max = 20 }, database = "app", publishes = [], storage = "none", secrets = ["database_app"], egress = "none"
        }
      }
    }
  }
  expect_failures = [terraform_data.catalogue]
}

run "refuses_messages_that_nobody_takes" {
  command = plan
  variables {
    catalogue = {
      functions = {
        create_charge = {
          kind  = "knative", runtime = "wsgi", triggers = { http = "operations" }, budget = "short", concurrency = 8, pool = 9
          scale = { min = 0, max = 20 }, database = "app", publishes = ["charge-created"], storage = "none", secrets = ["database_app"], egress = "none"
        }
      }
    }
  }
  expect_failures = [output.topics]
}

run "refuses_dead_letters_that_nobody_keeps" {
  command = plan
  variables {
    catalogue = {
      functions = {
        submit_charge = {
          kind     = "knative", runtime = "wsgi", budget = "short", concurrency = 8, pool = 9
          triggers = { pubsub = [{ topic = "charge-created", filter = "livemode", retry = { min_seconds = 1, max_seconds = 600 }, attempts = 100 }] }
          scale    = { min = 0, max = 20 }, database = "app", publishes = ["charge-created"], storage = "none", secrets = ["database_app"], egress = "none"
        }
      }
    }
  }
  expect_failures = [output.topics]
}

run "refuses_a_right_without_keys" {
  command = plan
  variables {
    catalogue = {
      functions = {
        verify_receipt = {
          kind  = "knative", runtime = "wsgi", triggers = { http = "operations" }, budget = "short", concurrency = 4, pool = 4
          scale = { min = 0, max = 10 }, database = "app", publishes = [], storage = "read", secrets = ["database_app"], egress = "none"
        }
      }
    }
  }
  expect_failures = [output.secrets]
}

run "refuses_an_empty_catalogue" {
  command = plan
  variables {
    catalogue = {}
  }
  expect_failures = [var.catalogue]
}

run "refuses_a_push_without_tls" {
  command = plan
  variables {
    push_base_url = "http://push.example.com"
  }
  expect_failures = [var.push_base_url]
}
