# What a release must bring; the order of its waves is tried on a whole bundle in tests/deployment.

mock_provider "kubectl" {}

variables {
  namespace = "production"
  image     = "registry.example.com/functions@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  documents = {}
  bundle    = "apiVersion: serving.knative.dev/v1\nkind: Service\n"
}

run "a_migration_per_image" {
  command = plan
  assert {
    condition     = output.migration == "migrate-0123456789ab"
    error_message = "Each image has a Job of its own name."
  }
}

run "refuses_a_tag" {
  command = plan
  variables {
    image = "registry.example.com/functions:latest"
  }
  expect_failures = [var.image]
}

run "refuses_what_is_no_bundle" {
  command = plan
  variables {
    bundle = "kind: ConfigMap\n"
  }
  expect_failures = [var.bundle]
}
