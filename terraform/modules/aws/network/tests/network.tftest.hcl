# Two ways out that never mix, in three zones.

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

variables {
  name                = "pay-live"
  region              = "eu-west-3"
  is_production       = true
  is_highly_available = true
  kms_key             = "arn:aws:kms:eu-west-3:123456789012:key/k"
}

run "each_zone_has_both_ways" {
  command = plan
  assert {
    condition     = length(aws_subnet.these) == 12 && length(distinct([for subnet in aws_subnet.these : subnet.cidr_block])) == 12
    error_message = "Four tiers in three zones, none over another."
  }
  assert {
    condition     = length(aws_nat_gateway.operators) == 3 && length(aws_nat_gateway.merchants) == 3 && length(aws_eip.operators_kept) == 3 && length(aws_eip.operators) == 0
    error_message = "Each zone has both ways out; the operators' addresses cannot be destroyed."
  }
  assert {
    condition     = length(aws_route.out) == 6 && !anytrue([for name in keys(aws_route.out) : startswith(name, "database")])
    error_message = "The database has no way out."
  }
}

run "a_trial_pays_for_one_zone" {
  command = plan
  variables {
    is_production       = false
    is_highly_available = false
  }
  assert {
    condition     = length(aws_nat_gateway.operators) == 1 && length(aws_eip.operators) == 1 && length(aws_eip.operators_kept) == 0
    error_message = "One of each, which may be destroyed."
  }
}

run "refuses_a_small_network" {
  command = plan
  variables {
    cidr = "10.0.0.0/20"
  }
  expect_failures = [var.cidr]
}
