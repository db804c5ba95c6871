state = { config = { bucket = "pay-trial-states" } }

namespace = "dev"

environment_variables = {
  S3_BUCKET       = "pay-documents"
  S3_ENDPOINT_URL = "http://minio.dev.svc.cluster.local:9000"
}
