project = "pay-live-1"

environment = {
  name         = "pay-live"
  class        = "production"
  cloud        = "gcp"
  region       = "europe-west9"
  domain       = "pay.example.com"
  edge         = "l4"
  object_store = "s3"
  operator_networks = {
    office = "192.0.2.0/24"
    runner = "198.51.100.7/32"
  }
  labels = { team = "payments", cost_center = "pay" }
}

operator_addresses = 2

database = {
  edition        = "ENTERPRISE_PLUS"
  tier           = "db-perf-optimized-N-2"
  disk_gigabytes = 100
}
