# What is locked stays locked, and each pair of keys opens what it must.

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
  name          = "pay-live"
  kms_key       = "arn:aws:kms:eu-west-3:123456789012:key/o"
  force_destroy = false
  buckets = {
    documents = { variable = "S3_BUCKET", is_locked = true }
    reports   = { variable = "REPORT_BUCKET", is_locked = false, expires_after_days = 7 }
  }
  credentials = {
    s3_credentials   = { bucket = "documents", rights = ["list", "read", "write", "lock"] }
    s3_report_reader = { bucket = "reports", rights = ["read"] }
  }
}

run "documents_are_locked" {
  command = plan
  assert {
    condition     = aws_s3_bucket.buckets["documents"].object_lock_enabled && !aws_s3_bucket.buckets["documents"].force_destroy && aws_s3_bucket_object_lock_configuration.buckets["documents"].rule[0].default_retention[0].mode == "COMPLIANCE"
    error_message = "COMPLIANCE, and nobody empties it."
  }
  assert {
    condition     = length(aws_s3_bucket_object_lock_configuration.buckets) == 1 && length(aws_s3_bucket_public_access_block.buckets) == 2
    error_message = "Reports are not locked; nothing is public."
  }
}

run "refuses_a_lock_that_expires" {
  command = plan
  variables {
    buckets     = { documents = { variable = "S3_BUCKET", is_locked = true, expires_after_days = 7 } }
    credentials = {}
  }
  expect_failures = [var.buckets]
}

run "refuses_an_unknown_right" {
  command = plan
  variables {
    credentials = { s3_credentials = { bucket = "documents", rights = ["bypass"] } }
  }
  expect_failures = [var.credentials]
}
