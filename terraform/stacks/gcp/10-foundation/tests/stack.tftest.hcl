# Planned with the variables of an example: `terraform test -var-file=../../../examples/NAME/STACK.tfvars`.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  owner_password = "an-invented-password-of-32-signs"
}

run "plans" {
  command = plan
  assert {
    condition     = output.environment.push_base_url == "https://push.${var.environment.domain}"
    error_message = "Pub/Sub pushes to a host below the domain."
  }
}

run "refuses_a_projects_number" {
  command = plan
  variables {
    project = "123456789012"
  }
  expect_failures = [var.project]
}
