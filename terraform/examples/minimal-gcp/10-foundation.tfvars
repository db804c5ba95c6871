project = "pay-trial-1"

environment = {
  name         = "pay-trial"
  class        = "trial"
  cloud        = "gcp"
  region       = "europe-west9"
  domain       = "trial.example.com"
  object_store = "in-cluster"
  # Your own address, or the trial's API answers nobody.
  operator_networks = { me = "192.0.2.1/32" }
}

operator_addresses = 1

database = {
  edition        = "ENTERPRISE"
  tier           = "db-custom-1-3840"
  disk_gigabytes = 10
}
