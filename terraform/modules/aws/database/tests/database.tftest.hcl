# A database that can be restored, and what it refuses.

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
  name                  = "pay-live"
  is_production         = true
  is_highly_available   = true
  backup_days           = 14
  vpc                   = "vpc-1"
  subnets               = ["subnet-1", "subnet-2", "subnet-3"]
  client_security_group = "sg-1"
  keys                  = { database = "arn:aws:kms:eu-west-3:123456789012:key/d", secrets = "arn:aws:kms:eu-west-3:123456789012:key/s" }
  instance_class        = "db.m7g.large"
}

run "production_is_kept_and_restored_to_any_second" {
  command = plan
  assert {
    condition     = aws_db_instance.this.deletion_protection && !aws_db_instance.this.skip_final_snapshot && !aws_db_instance.this.delete_automated_backups
    error_message = "Not deleted by mistake; and if it were, a last picture and the backups stay."
  }
  assert {
    condition     = aws_db_instance.this.backup_retention_period == 14 && aws_db_instance.this.multi_az && aws_db_instance.this.storage_encrypted && !aws_db_instance.this.publicly_accessible
    error_message = "Two weeks, a standby, encrypted, for the nodes alone."
  }
  assert {
    condition     = aws_db_instance.this.manage_master_user_password
    error_message = "No password in any state."
  }
}

run "refuses_plain_text" {
  command = plan
  variables {
    parameters = { max_connections = "200" }
  }
  expect_failures = [var.parameters]
}

run "refuses_no_backups" {
  command = plan
  variables {
    backup_days = 0
  }
  expect_failures = [var.backup_days]
}

run "refuses_a_class_that_is_none" {
  command = plan
  variables {
    instance_class = "m7g.large"
  }
  expect_failures = [var.instance_class]
}

run "refuses_an_old_postgresql" {
  command = plan
  variables {
    major_version = 15
  }
  expect_failures = [var.major_version]
}
