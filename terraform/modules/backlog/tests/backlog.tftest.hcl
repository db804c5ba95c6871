# That a trial keeps nothing; that a changed filter is refused in production is tried in tests/contract.

variables {
  subscriptions = { "submit_charge--charge-created--live" = { id = "s", filter = "attributes.livemode = \"true\"", topic = "charge-created" } }
}

run "production_keeps_what_waits" {
  command = plan
  variables {
    is_production = true
  }
  assert {
    condition     = length(terraform_data.backlog) == 1
    error_message = "Each subscription is kept."
  }
}

run "a_trial_keeps_nothing" {
  command = plan
  variables {
    is_production = false
  }
  assert {
    condition     = length(terraform_data.backlog) == 0
    error_message = "A trial may be destroyed."
  }
}
