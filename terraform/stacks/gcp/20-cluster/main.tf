# The cluster: it can be made anew beside the old one, without touching what outlives it.

locals {
  # Each backend names a state by another word.
  state_key = { gcs = "prefix", s3 = "key", local = "path" }[var.state.backend]
}

data "terraform_remote_state" "foundation" {
  backend = var.state.backend
  config  = merge(var.state.config, { (local.state_key) = var.state.backend == "local" ? "${lookup(var.state.config, "path", ".")}/10-foundation.tfstate" : "10-foundation" })
}

locals {
  foundation  = data.terraform_remote_state.foundation.outputs
  environment = local.foundation.environment
}

provider "google" {
  project = local.foundation.project
  region  = local.environment.region
}

module "cluster" {
  source = "../../../modules/gcp/cluster"

  project           = local.foundation.project
  name              = local.environment.name
  region            = local.environment.region
  labels            = local.environment.labels
  is_production     = local.environment.is_production
  network           = local.foundation.network.network
  subnetwork        = local.foundation.network.subnetwork
  pod_ranges        = local.foundation.network.pod_ranges
  operator_networks = local.environment.operator_networks
  kms_key           = local.foundation.keys.cluster
  node_pools        = var.node_pools
}

module "guard" {
  source = "../../../modules/guard"

  name          = local.environment.name
  is_production = local.environment.is_production
  stays         = ["the cluster that takes payments now: stop them first, and let the outbox run empty"]

  depends_on = [module.cluster]
}
