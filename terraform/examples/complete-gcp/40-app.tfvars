state = { config = { bucket = "pay-live-states" } }

namespace       = "pay-production"
kubectl_command = "kubectl --context pay-live"
registries      = ["europe-west9-docker.pkg.dev/pay-live-1/images"]

# Output `environment_variables` of stacks/aws/objects.
environment_variables = {
  S3_BUCKET         = "pay-live-documents-123456789012"
  STATEMENT_BUCKET  = "pay-live-drops-123456789012"
  QUARANTINE_BUCKET = "pay-live-quarantine-123456789012"
  REPORT_BUCKET     = "pay-live-reports-123456789012"
  S3_ENDPOINT_URL   = "https://s3.eu-west-3.amazonaws.com"
  SMTP_URL          = "smtps://smtp.example.com"
  MAIL_FROM         = "no-reply@pay.example.com"
}
