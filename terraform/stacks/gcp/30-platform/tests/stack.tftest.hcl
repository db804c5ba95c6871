# Planned with the variables of an example: `terraform test -var-file=../../../examples/NAME/STACK.tfvars`.

mock_provider "helm" {}
mock_provider "kubectl" {}

override_data {
  target = data.terraform_remote_state.foundation
  values = {
    outputs = {
      project  = "pay-live-1"
      network  = { network = "n", subnetwork = "s", pod_ranges = { pods = "pods", operators = "operators", services = "services" } }
      keys     = { database = "kd", messages = "km", objects = "ko", cluster = "kc" }
      database = { host = "db.example.com", ca_certificate = "-" }
      edge     = { address = "192.0.2.1", zone = "pay-live", security_policies = {} }
      environment = {
        name   = "pay-live", region = "europe-west9", is_production = true, domain = "pay.example.com", edge = "l4", object_store = "s3"
        hosts  = { api = "api.pay.example.com", app = "app.pay.example.com", pay = "pay.pay.example.com", callbacks = "callbacks.pay.example.com", push = "push.pay.example.com", auth = "auth.pay.example.com" }
        labels = {}, operator_networks = { office = "192.0.2.0/24" }, num_trusted_proxies = 0, push_base_url = "https://push.pay.example.com"
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
      cluster          = { name = "pay-live", endpoint = "https://192.0.2.9", ca_certificate = "-" }
      principal_prefix = "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pay-live-1.svc.id.goog/subject/ns"
      operator_pool    = "operators"
    }
  }
}

run "plans" {
  command = plan
  variables {
    bundle_path = "tests/platform.yaml"
  }
  assert {
    condition     = startswith(output.versions.istio, "1.")
    error_message = "Versions are those of terraform/versions.yaml."
  }
}
