state = { config = { bucket = "pay-live-states", region = "eu-west-3" } }

node_pools = {
  functions = { machine_type = "m7i.xlarge", min = 3, max = 12 }
  operators = { machine_type = "m7i.large", min = 2, max = 4, calls_operators = true }
}

database = {
  instance_class = "db.m7g.large"
  disk_gigabytes = 100
}
