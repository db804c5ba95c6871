# For stacks/aws/objects: the locked buckets.
region = "eu-west-3"

environment = {
  name              = "pay-live"
  class             = "production"
  cloud             = "gcp"
  region            = "europe-west9"
  domain            = "pay.example.com"
  object_store      = "s3"
  operator_networks = { office = "192.0.2.0/24" }
}
