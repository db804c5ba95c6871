# S3 for a cluster on Google Cloud (object_store "s3"): the buckets with their lock, keys and users, and nothing else.

provider "aws" {
  region = var.region

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
  region        = var.region
  is_production = module.environment.is_production
}

module "objects" {
  source = "../../../modules/aws/objects"

  name          = module.environment.name
  kms_key       = module.keys.keys.objects
  force_destroy = module.environment.force_destroy
  buckets       = module.catalogue.buckets
  credentials   = module.catalogue.credentials
}

module "guard" {
  source = "../../../modules/guard"

  name          = module.environment.name
  is_production = module.environment.is_production
  stays         = ["documents, each locked for ${module.environment.retention_days} days after it was written"]

  depends_on = [module.objects]
}
