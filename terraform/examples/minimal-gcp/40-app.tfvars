state = { config = { bucket = "pay-trial-states" } }

namespace  = "pay-dev"
registries = ["europe-west9-docker.pkg.dev/pay-trial-1/images"]

environment_variables = {
  S3_BUCKET       = "pay-documents"
  S3_ENDPOINT_URL = "https://minio.pay-dev.svc.cluster.local:9000"
}
# Beside the catalogue's, what overlay `dev` reads: its pooler, and the parts that it brings along.
more_secrets = [
  "pooler_databases", "pooler_users", "database_ca",
  "postgres_password", "postgres_certificate", "postgres_private_key",
  "minio_user", "minio_password", "minio_certificate", "minio_private_key",
]
