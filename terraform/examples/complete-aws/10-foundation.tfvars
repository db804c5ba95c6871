environment = {
  name         = "pay-live"
  class        = "production"
  cloud        = "aws"
  region       = "eu-west-3"
  domain       = "pay.example.com"
  edge         = "l4"
  object_store = "s3"
  operator_networks = {
    office = "192.0.2.0/24"
    runner = "198.51.100.7/32"
  }
  labels = { team = "payments", cost_center = "pay" }
}
