state = { config = { bucket = "pay-live-states", region = "eu-west-3" } }

namespace       = "pay-production"
kubectl_command = "kubectl --context pay-live"
registries      = ["123456789012.dkr.ecr.eu-west-3.amazonaws.com"]

google = {
  project = "pay-live-1"
  region  = "europe-west9"
}

environment_variables = {
  S3_ENDPOINT_URL = "https://s3.eu-west-3.amazonaws.com"
  SMTP_URL        = "smtps://smtp.example.com"
  MAIL_FROM       = "no-reply@pay.example.com"
}
