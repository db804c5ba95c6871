state = { config = { bucket = "pay-trial-states" } }

node_pools = {
  functions = { machine_type = "e2-standard-4", min = 1, max = 3 }
  operators = { machine_type = "e2-small", min = 1, max = 1, calls_operators = true }
}
