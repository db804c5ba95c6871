# Doors as an environment has them: TLS everywhere, plain text answered to people alone.

variables {
  namespace    = "pay-production"
  issuer       = "letsencrypt"
  hosts        = { api = "api.example.com", app = "app.example.com", callbacks = "callbacks.example.com" }
  registries   = ["registry.example.com/pay", "registry.example.com/pooler"]
  secret_store = { gcpsm = { projectID = "p" } }
  environment_variables = {
    ENVIRONMENT   = "production", PUBLIC_BASE_URL = "https://pay.example.com", CALLBACK_BASE_URL = "https://callbacks.example.com"
    KEYCLOAK_URL  = "https://auth.example.com", PUSH_ISSUER = "https://accounts.google.com", PUSH_JWKS_URL = "https://www.googleapis.com/oauth2/v3/certs"
    PUSH_AUDIENCE = "https://push.example.com", PUSH_EMAIL = "push@p.iam.gserviceaccount.com", PUBSUB_PROJECT = "p", RETENTION_DAYS = "3650", S3_BUCKET = "b"
    DATABASE_URL  = "d", WORKER_DATABASE_URL = "d", METRICS_DATABASE_URL = "d", MIGRATION_DATABASE_URL = "d"
  }
}

run "machines_in_plain_text_are_refused" {
  command = plan
  assert {
    condition     = !strcontains(output.documents["3 gateway api"], "\"number\": 80") && !strcontains(output.documents["3 gateway callbacks"], "\"number\": 80")
    error_message = "api and callbacks have no door in plain text: whoever comes there has already shown his key."
  }
  assert {
    condition     = yamldecode(output.documents["3 gateway app"]).spec.servers[1].tls.httpsRedirect
    error_message = "People are sent on to TLS."
  }
  assert {
    condition     = alltrue([for name, text in output.documents : yamldecode(text).spec.servers[0].tls.minProtocolVersion == "TLSV1_2" if startswith(name, "3 gateway")])
    error_message = "Older TLS is refused."
  }
}

run "a_certificate_per_door" {
  command = plan
  variables {
    own_certificates = { callbacks = "pay-production-callbacks" }
  }
  assert {
    condition     = can(output.documents["3 certificate api"]) && !can(output.documents["3 certificate callbacks"])
    error_message = "Each door has a certificate; one that somebody else brings is not made."
  }
}

run "the_hash_follows_the_words" {
  command = plan
  variables {
    environment_variables = {
      ENVIRONMENT   = "production", PUBLIC_BASE_URL = "https://other.example.com", CALLBACK_BASE_URL = "https://callbacks.example.com"
      KEYCLOAK_URL  = "https://auth.example.com", PUSH_ISSUER = "https://accounts.google.com", PUSH_JWKS_URL = "https://www.googleapis.com/oauth2/v3/certs"
      PUSH_AUDIENCE = "https://push.example.com", PUSH_EMAIL = "push@p.iam.gserviceaccount.com", PUBSUB_PROJECT = "p", RETENTION_DAYS = "3650", S3_BUCKET = "b"
      DATABASE_URL  = "d", WORKER_DATABASE_URL = "d", METRICS_DATABASE_URL = "d", MIGRATION_DATABASE_URL = "d"
    }
  }
  assert {
    condition     = yamldecode(output.config_map).metadata.annotations.environment-hash == substr(sha256(jsonencode(yamldecode(output.config_map).data)), 0, 12)
    error_message = "A changed word makes another hash, and so a revision."
  }
}

run "refuses_a_missing_word" {
  command = plan
  variables {
    environment_variables = { ENVIRONMENT = "production" }
  }
  expect_failures = [var.environment_variables]
}

run "refuses_a_secret_in_a_config_map" {
  command = plan
  variables {
    environment_variables = {
      ENVIRONMENT   = "production", PUBLIC_BASE_URL = "https://pay.example.com", CALLBACK_BASE_URL = "https://callbacks.example.com", SMTP_PASSWORD = "x"
      KEYCLOAK_URL  = "https://auth.example.com", PUSH_ISSUER = "https://accounts.google.com", PUSH_JWKS_URL = "https://www.googleapis.com/oauth2/v3/certs"
      PUSH_AUDIENCE = "https://push.example.com", PUSH_EMAIL = "push@p.iam.gserviceaccount.com", PUBSUB_PROJECT = "p", RETENTION_DAYS = "3650", S3_BUCKET = "b"
      DATABASE_URL  = "d", WORKER_DATABASE_URL = "d", METRICS_DATABASE_URL = "d", MIGRATION_DATABASE_URL = "d"
    }
  }
  expect_failures = [var.environment_variables]
}

run "refuses_the_default_namespace" {
  command = plan
  variables {
    namespace = "default"
  }
  expect_failures = [var.namespace]
}

run "images_come_from_where_was_said" {
  command = plan
  assert {
    condition     = yamldecode(output.documents["2 admission"]).data.registries == "registry.example.com/pay\nregistry.example.com/pooler"
    error_message = "The API server reads one registry a line."
  }
}

run "refuses_no_registry" {
  command = plan
  variables {
    registries = []
  }
  expect_failures = [var.registries]
}

run "refuses_a_registry_with_a_scheme" {
  command = plan
  variables {
    registries = ["https://registry.example.com/pay/"]
  }
  expect_failures = [var.registries]
}

run "refuses_a_certificate_for_no_door" {
  command = plan
  variables {
    own_certificates = { shop = "x" }
  }
  expect_failures = [var.own_certificates]
}
