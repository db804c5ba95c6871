state = { config = { bucket = "pay-live-states" } }

node_pools = {
  functions = { machine_type = "e2-standard-4", min = 3, max = 12 }
  operators = { machine_type = "e2-standard-2", min = 2, max = 4, calls_operators = true }
}
