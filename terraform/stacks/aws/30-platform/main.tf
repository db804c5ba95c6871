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
  exec_command = { command = "aws", args = ["eks", "get-token", "--cluster-name", local.cluster.name, "--region", local.environment.region] }
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
  is_gke              = false
  bundle              = file(var.bundle_path)
  mesh_values_path    = "${path.module}/../../../../knative/platform/istio.values.yaml"
  num_trusted_proxies = local.environment.num_trusted_proxies
  has_proxy_protocol  = local.environment.edge == "l4"
  operator_pool       = data.terraform_remote_state.cluster.outputs.operator_pool
  kubectl_command     = var.kubectl_command
  # With l7_waf an ALB stands before it, whose Ingress is made by hand: the rules are in output `edge` of 10-foundation.
  gateway_values = local.environment.edge == "l4" ? yamlencode({
    service = {
      type = "LoadBalancer"
      annotations = {
        "service.beta.kubernetes.io/aws-load-balancer-type"                              = "nlb"
        "service.beta.kubernetes.io/aws-load-balancer-eip-allocations"                   = join(",", values(local.foundation.edge.addresses))
        "service.beta.kubernetes.io/aws-load-balancer-proxy-protocol"                    = "*"
        "service.beta.kubernetes.io/aws-load-balancer-cross-zone-load-balancing-enabled" = "true"
      }
    }
  }) : yamlencode({ service = { type = "ClusterIP" } })
}
