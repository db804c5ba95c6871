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
    condition     = output.environment.push_base_url == "https://push.${var.environment.domain}"
    error_message = "Pub/Sub pushes to a host below the domain."
  }
}
