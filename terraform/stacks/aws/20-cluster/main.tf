# The cluster, and the database that only its nodes reach.

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

provider "aws" {
  region = local.environment.region

  default_tags {
    tags = local.environment.labels
  }
}

module "cluster" {
  source = "../../../modules/aws/cluster"

  name               = local.environment.name
  kubernetes_version = yamldecode(file("${path.module}/../../../versions.yaml")).kubernetes.minor
  subnets            = { functions = local.foundation.network.subnets.functions, operators = local.foundation.network.subnets.operators }
  keys               = { cluster = local.foundation.keys.cluster, logs = local.foundation.keys.logs }
  operator_networks  = local.environment.operator_networks
  node_pools         = var.node_pools
}

module "database" {
  source = "../../../modules/aws/database"

  name                  = local.environment.name
  is_production         = local.environment.is_production
  is_highly_available   = local.environment.is_highly_available
  backup_days           = local.environment.backup_days
  vpc                   = local.foundation.network.vpc
  subnets               = local.foundation.network.subnets.database
  client_security_group = module.cluster.security_group
  keys                  = { database = local.foundation.keys.database, secrets = local.foundation.keys.secrets }
  instance_class        = var.database.instance_class
  disk_gigabytes        = var.database.disk_gigabytes
}

module "guard" {
  source = "../../../modules/guard"

  name          = local.environment.name
  is_production = local.environment.is_production
  stays = [
    "the database with every ledger; its backups of ${local.environment.backup_days} days and a last snapshot stay after it",
    "the cluster that takes payments now: stop them first, and let the outbox run empty",
  ]

  depends_on = [module.cluster, module.database]
}
