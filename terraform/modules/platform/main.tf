# What a cluster has once: Istio, cert-manager, External Secrets, Knative by its operator, and knative/platform over it.

locals {
  # What stands before the gateway, and what it adds to a request.
  topology = merge(
    { numTrustedProxies = var.num_trusted_proxies },
    var.has_proxy_protocol ? { proxyProtocol = {} } : {},
  )
}

module "cert_manager" {
  source = "../chart"

  chart     = "cert-manager"
  namespace = "cert-manager"
  values    = [yamlencode({ crds = { enabled = true, keep = true } }), yamlencode(var.cert_manager_values)]
}

module "external_secrets" {
  source = "../chart"

  chart     = "external-secrets"
  namespace = "external-secrets"
  values    = [yamlencode({ installCRDs = true, serviceAccount = { name = "external-secrets" } })]
}

module "istio_base" {
  source = "../chart"

  chart     = "istio-base"
  namespace = "istio-system"
}

module "istio_cni" {
  source = "../chart"

  chart     = "istio-cni"
  namespace = "istio-system"
  values    = var.is_gke ? [yamlencode({ global = { platform = "gke" } })] : []

  depends_on = [module.istio_base]
}

module "istiod" {
  source = "../chart"

  chart     = "istiod"
  namespace = "istio-system"
  values    = [file(var.mesh_values_path), yamlencode({ pilot = { autoscaleMin = var.is_production ? 2 : 1 } })]

  depends_on = [module.istio_cni]
}

# The world comes in here, and nowhere else.
module "public_gateway" {
  source = "../chart"

  chart     = "istio-gateway"
  release   = "public-gateway"
  namespace = "istio-ingress"
  values = [
    yamlencode({
      autoscaling    = { enabled = true, minReplicas = var.is_production ? 2 : 1, maxReplicas = 10 }
      podAnnotations = { "proxy.istio.io/config" = yamlencode({ gatewayTopology = local.topology }) }
    }),
    var.gateway_values,
  ]

  depends_on = [module.istiod]
}

# A Deployment of its own: Knative's default would open a second door in plain text on the public pods.
module "local_gateway" {
  source = "../chart"

  chart            = "istio-gateway"
  release          = "knative-local-gateway"
  namespace        = "istio-system"
  create_namespace = false
  values = [yamlencode({
    autoscaling = { enabled = true, minReplicas = var.is_production ? 2 : 1, maxReplicas = 10 }
    service     = { type = "ClusterIP", ports = [{ name = "https-mesh", port = 8444, targetPort = 8444 }] }
  })]

  depends_on = [module.istiod]
}

# Calls to operators leave here: from nodes whose addresses operators have on their lists.
module "operator_gateway" {
  source = "../chart"

  chart     = "istio-gateway"
  release   = "operators-gateway"
  namespace = "istio-egress"
  values = [yamlencode({
    autoscaling  = { enabled = true, minReplicas = var.is_production ? 2 : 1, maxReplicas = 6 }
    nodeSelector = { pool = var.operator_pool }
    tolerations  = [{ key = "egress", operator = "Equal", value = "operators", effect = "NoSchedule" }]
    service      = { type = "ClusterIP", ports = [{ name = "tls", port = 443, targetPort = 8443 }] }
  })]

  depends_on = [module.istiod]
}

module "knative_operator" {
  source = "../chart"

  chart     = "knative-operator"
  namespace = "knative-operator"
}

# knative/platform as one file: `kubectl kustomize knative/platform`. Its kinds are the charts', so they come first.
data "kubectl_file_documents" "platform" {
  content = var.bundle
}

resource "kubectl_manifest" "platform" {
  for_each = data.kubectl_file_documents.platform.manifests

  yaml_body         = each.value
  server_side_apply = true
  force_conflicts   = false

  depends_on = [module.knative_operator, module.local_gateway, module.public_gateway]
}

# The operator answers at once and works for minutes.
resource "terraform_data" "ready" {
  triggers_replace = [sha256(var.bundle)]

  provisioner "local-exec" {
    interpreter = ["/bin/sh", "-c"]
    command     = "${var.kubectl_command} wait --for=condition=Ready --timeout=600s -n knative-serving knativeserving/knative-serving && ${var.kubectl_command} wait --for=condition=Ready --timeout=600s -n knative-eventing knativeeventing/knative-eventing"
  }

  depends_on = [kubectl_manifest.platform]
}
