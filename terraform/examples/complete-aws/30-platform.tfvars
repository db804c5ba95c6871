state = { config = { bucket = "pay-live-states", region = "eu-west-3" } }

bundle_path     = "platform.yaml"
kubectl_command = "kubectl --context pay-live"
