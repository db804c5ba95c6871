# That a trial has no guard, and production has one; that it stops a destroy is tried in tests/contract.

variables {
  name  = "pay-live"
  stays = ["documents, each locked for 3650 days after it was written"]
}

run "production_is_guarded" {
  command = plan
  variables {
    is_production = true
  }
  assert {
    condition     = length(terraform_data.guard) == 1
    error_message = "Production has a guard."
  }
}

run "a_trial_is_not" {
  command = plan
  variables {
    is_production = false
  }
  assert {
    condition     = length(terraform_data.guard) == 0
    error_message = "A trial may be destroyed."
  }
}

run "refuses_a_guard_of_nothing" {
  command = plan
  variables {
    is_production = true
    stays         = []
  }
  expect_failures = [var.stays]
}
