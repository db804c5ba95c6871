# What the cluster has once: mesh, certificates, secrets' carrier, Knative.

locals {
  # Each backend names a state by another word.
  state_key = { gcs = "prefix", s3 = "key", local = "path" }[var.state.backend]
}

data "terraform_remote_state" "foundation" {
  backend = var.state.backend
  config  = merge(var.state.config, { (local.state_key) = var.state.backend == "local" ? "${lookup(var.state.config, "path", ".")}/10-foundation.tfstate" : "10-foundation" })
}

data "terraform_remote_state" "cluster" {
  backend = var.state.backend
  config  = merge(var.state.config, { (local.state_key) = var.state.backend == "local" ? "${lookup(var.state.config, "path", ".")}/20-cluster.tfstate" : "20-cluster" })
}

locals {
  foundation  = data.terraform_remote_state.foundation.outputs
  environment = local.foundation.environment
  cluster     = data.terraform_remote_state.cluster.outputs.cluster
  # Whoever applies shows his own identity: no key of the cluster lies in a state.
  exec_command = { command = "gke-gcloud-auth-plugin", args = [] }
}

provider "helm" {
  kubernetes = {
    host                   = local.cluster.endpoint
    cluster_ca_certificate = local.cluster.ca_certificate
    exec                   = merge({ api_version = "client.authentication.k8s.io/v1beta1" }, local.exec_command)
  }
}

provider "kubectl" {
  host                   = local.cluster.endpoint
  cluster_ca_certificate = local.cluster.ca_certificate
  load_config_file       = false
  apply_retry_count      = 3

  exec {
    api_version = "client.authentication.k8s.io/v1beta1"
    command     = local.exec_command.command
    args        = local.exec_command.args
  }
}

module "platform" {
  source = "../../../modules/platform"

  is_production       = local.environment.is_production
  is_gke              = true
  bundle              = file(var.bundle_path)
  mesh_values_path    = "${path.module}/../../../../knative/platform/istio.values.yaml"
  num_trusted_proxies = local.environment.num_trusted_proxies
  has_proxy_protocol  = false
  operator_pool       = data.terraform_remote_state.cluster.outputs.operator_pool
  kubectl_command     = var.kubectl_command
  gateway_values = local.environment.edge == "l4" ? yamlencode({
    service = { type = "LoadBalancer", loadBalancerIP = local.foundation.edge.address, externalTrafficPolicy = "Local" }
    }) : yamlencode({
    service = {
      type        = "ClusterIP"
      annotations = { "cloud.google.com/neg" = jsonencode({ exposed_ports = { "443" = { name = "${local.environment.name}-gateway" } } }) }
    }
  })
}
