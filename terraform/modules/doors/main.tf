# What an environment alone knows, as Kubernetes' own documents: a Gateway and a certificate per door, where its secrets
# lie, and the ConfigMaps `environment` and `admission`. No provider: it is tested everywhere.

locals {
  # Machines that come in plain text are refused; people are sent on.
  redirected = ["app", "pay", "auth"]

  gateways = {
    for door, host in var.hosts : door => {
      apiVersion = "networking.istio.io/v1"
      kind       = "Gateway"
      metadata   = { name = door, namespace = var.namespace }
      spec = {
        selector = { istio = "public-gateway" }
        servers = concat(
          [{
            port  = { number = 443, name = "https-${door}", protocol = "HTTPS" }
            hosts = ["${var.namespace}/${host}"]
            tls   = { mode = "SIMPLE", credentialName = "${var.namespace}-${door}", minProtocolVersion = "TLSV1_2" }
          }],
          contains(local.redirected, door) ? [{
            port  = { number = 80, name = "http-${door}", protocol = "HTTP" }
            hosts = ["${var.namespace}/${host}"]
            tls   = { httpsRedirect = true }
          }] : [],
        )
      }
    }
  }

  certificates = {
    for door, host in var.hosts : door => {
      apiVersion = "cert-manager.io/v1"
      kind       = "Certificate"
      metadata   = { name = "${var.namespace}-${door}", namespace = "istio-ingress" }
      spec = {
        secretName = "${var.namespace}-${door}"
        dnsNames   = [host]
        privateKey = { algorithm = "ECDSA", size = 256, rotationPolicy = "Always" }
        issuerRef  = { kind = "ClusterIssuer", name = var.issuer }
      }
    } if !contains(keys(var.own_certificates), door)
  }

  store = {
    apiVersion = "external-secrets.io/v1"
    kind       = "SecretStore"
    metadata   = { name = "secrets", namespace = var.namespace }
    spec       = { provider = var.secret_store }
  }

  namespace = {
    apiVersion = "v1"
    kind       = "Namespace"
    metadata = {
      name = var.namespace
      labels = {
        istio-injection                      = "enabled"
        pay                                  = "environment"
        "pod-security.kubernetes.io/enforce" = "restricted"
        "pod-security.kubernetes.io/audit"   = "restricted"
        "pod-security.kubernetes.io/warn"    = "restricted"
      }
    }
  }

  # What component `admission` reads while the API server asks it.
  admission = {
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata   = { name = "admission", namespace = var.namespace }
    data       = { registries = join("\n", var.registries) }
  }

  # A changed ConfigMap alone makes no revision: its hash goes into every template.
  config_map = {
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata = {
      name        = "environment"
      namespace   = var.namespace
      annotations = { environment-hash = substr(sha256(jsonencode(var.environment_variables)), 0, 12) }
    }
    data = var.environment_variables
  }
}
