state = { config = { bucket = "pay-trial-states" } }

bundle_path = "platform.yaml"
