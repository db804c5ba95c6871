# Network with two ways out, keys, buckets and names: what outlives every cluster.

provider "aws" {
  region = module.environment.region

  default_tags {
    tags = module.environment.labels
  }
}

module "environment" {
  source = "../../../modules/environment"

  environment = var.environment
}

module "catalogue" {
  source = "../../../modules/catalogue"

  catalogue     = yamldecode(file("${path.module}/../../../../shared/contracts/functions.yaml"))
  push_base_url = module.environment.push_base_url
}

module "keys" {
  source = "../../../modules/aws/keys"

  name          = module.environment.name
  region        = module.environment.region
  is_production = module.environment.is_production
}

module "network" {
  source = "../../../modules/aws/network"

  name                = module.environment.name
  region              = module.environment.region
  is_production       = module.environment.is_production
  is_highly_available = module.environment.is_highly_available
  cidr                = var.cidr
  kms_key             = module.keys.keys.logs
}

module "objects" {
  source = "../../../modules/aws/objects"
  count  = module.environment.object_store == "s3" ? 1 : 0

  name          = module.environment.name
  kms_key       = module.keys.keys.objects
  force_destroy = module.environment.force_destroy
  buckets       = module.catalogue.buckets
  credentials   = module.catalogue.credentials
}

module "edge" {
  source = "../../../modules/aws/edge"

  name          = module.environment.name
  is_production = module.environment.is_production
  edge          = module.environment.edge
  domain        = var.environment.domain
  hosts         = module.environment.hosts
}

module "guard" {
  source = "../../../modules/guard"

  name          = module.environment.name
  is_production = module.environment.is_production
  stays = [
    "addresses that operators have on their lists, which nobody gets back",
    "documents, each locked for ${module.environment.retention_days} days after it was written",
    "keys without which they cannot be read, destroyed 30 days after they are given up",
  ]

  depends_on = [module.network, module.keys, module.objects, module.edge]
}
