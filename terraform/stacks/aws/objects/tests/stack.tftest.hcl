# Planned with the variables of an example: `terraform test -var-file=../../../examples/NAME/STACK.tfvars`.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-3a", "eu-west-3b", "eu-west-3c"] }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

run "plans" {
  command = plan
  assert {
    condition     = contains(keys(output.store_users), "s3_credentials")
    error_message = "Each credential has a user."
  }
}

run "refuses_googles_region" {
  command = plan
  variables {
    region = "europe-west9"
  }
  expect_failures = [var.region]
}
