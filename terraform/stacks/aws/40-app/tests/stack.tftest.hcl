# Planned with the variables of an example: `terraform test -var-file=../../../examples/NAME/STACK.tfvars`.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}
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
mock_provider "kubectl" {}

override_data {
  target = data.terraform_remote_state.foundation
  values = {
    outputs = {
      network     = { vpc = "vpc-1", subnets = { public = ["subnet-1"], functions = ["subnet-2", "subnet-3"], operators = ["subnet-4", "subnet-5"], database = ["subnet-6", "subnet-7"] } }
      keys        = { database = "arn:aws:kms:eu-west-3:123456789012:key/d", objects = "arn:aws:kms:eu-west-3:123456789012:key/o", cluster = "arn:aws:kms:eu-west-3:123456789012:key/c", logs = "arn:aws:kms:eu-west-3:123456789012:key/l", secrets = "arn:aws:kms:eu-west-3:123456789012:key/s" }
      edge        = { addresses = { "192.0.2.1" = "eipalloc-1" }, zone = "Z1", web_acls = {} }
      store_users = {}
      environment = {
        name   = "pay-live", region = "eu-west-3", is_production = true, is_highly_available = true, backup_days = 14, domain = "pay.example.com", edge = "l4", object_store = "s3"
        hosts  = { api = "api.pay.example.com", app = "app.pay.example.com", pay = "pay.pay.example.com", callbacks = "callbacks.pay.example.com", push = "push.pay.example.com", auth = "auth.pay.example.com" }
        labels = { environment = "pay-live" }, operator_networks = { office = "192.0.2.0/24" }, num_trusted_proxies = 0, push_base_url = "https://push.pay.example.com"
        variables = {
          ENVIRONMENT = "production", PUBLIC_BASE_URL = "https://pay.pay.example.com", CALLBACK_BASE_URL = "https://callbacks.pay.example.com", KEYCLOAK_URL = "https://auth.pay.example.com"
          PUSH_ISSUER = "https://accounts.google.com", PUSH_JWKS_URL = "https://www.googleapis.com/oauth2/v3/certs", PUSH_AUDIENCE = "https://push.pay.example.com", RETENTION_DAYS = "3650", S3_BUCKET = "pay-live-documents"
        }
      }
      name_servers = [], operator_egress_addresses = ["192.0.2.2"], merchant_egress_addresses = ["192.0.2.3"]
    }
  }
}

override_data {
  target = data.terraform_remote_state.cluster
  values = {
    outputs = {
      cluster       = { name = "pay-live", endpoint = "https://192.0.2.9", ca_certificate = "-" }
      issuer        = "https://oidc.eks.eu-west-3.amazonaws.com/id/1"
      carrier_role  = "pay-live-external-secrets"
      database      = { host = "db.example.com", owner_secret = "arn" }
      operator_pool = "operators"
    }
  }
}

run "plans_before_the_first_release" {
  command = plan
  assert {
    condition     = output.waves == null && can(output.documents["3 gateway api"])
    error_message = "Without a bundle there are doors and nothing behind them."
  }
}

run "refuses_a_bundle_without_its_image" {
  command = plan
  variables {
    bundle_path = "tests/bundle.yaml"
    image       = ""
  }
  expect_failures = [var.image]
}

run "refuses_to_do_without_google" {
  command = plan
  variables {
    google = { project = "", region = "" }
  }
  expect_failures = [var.google]
}
