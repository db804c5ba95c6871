output "versions" {
  description = "What runs, by chart."
  value = {
    cert-manager     = module.cert_manager.version
    external-secrets = module.external_secrets.version
    istio            = module.istiod.version
    knative-operator = module.knative_operator.version
  }
}

output "public_gateway" {
  description = "Label by which Gateways find the pods at which the world comes in."
  value       = { istio = "public-gateway" }

  depends_on = [terraform_data.ready]
}
