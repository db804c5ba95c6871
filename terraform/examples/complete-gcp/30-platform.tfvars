state = { config = { bucket = "pay-live-states" } }

bundle_path     = "platform.yaml"
kubectl_command = "kubectl --context pay-live"
