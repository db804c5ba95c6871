# Project's services, network with two ways out, keys, database, buckets and names: what outlives every cluster.

provider "google" {
  project = var.project
  region  = module.environment.region
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

resource "google_project_service" "services" {
  for_each = toset([
    "artifactregistry", "binaryauthorization", "cloudkms", "cloudresourcemanager", "compute", "container", "dns", "iam",
    "iamcredentials", "pubsub", "secretmanager", "servicenetworking", "sqladmin", "storage", "sts",
  ])

  project            = var.project
  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

module "keys" {
  source = "../../../modules/gcp/keys"

  project = var.project
  name    = module.environment.name
  region  = module.environment.region
  labels  = module.environment.labels

  depends_on = [google_project_service.services]
}

module "network" {
  source = "../../../modules/gcp/network"

  project            = var.project
  name               = module.environment.name
  region             = module.environment.region
  labels             = module.environment.labels
  is_production      = module.environment.is_production
  cidr               = var.cidr
  operator_addresses = var.operator_addresses

  depends_on = [google_project_service.services]
}

module "database" {
  source = "../../../modules/gcp/database"

  project                = var.project
  name                   = module.environment.name
  region                 = module.environment.region
  labels                 = module.environment.labels
  is_production          = module.environment.is_production
  is_highly_available    = module.environment.is_highly_available
  backup_days            = module.environment.backup_days
  network                = module.network.network
  services_connection    = module.network.services_connection
  kms_key                = module.keys.keys.database
  edition                = var.database.edition
  tier                   = var.database.tier
  disk_gigabytes         = var.database.disk_gigabytes
  owner_password         = var.owner_password
  owner_password_version = var.owner_password_version
}

module "objects" {
  source = "../../../modules/gcp/objects"
  count  = module.environment.object_store == "gcs" ? 1 : 0

  project       = var.project
  name          = module.environment.name
  region        = module.environment.region
  labels        = module.environment.labels
  kms_key       = module.keys.keys.objects
  force_destroy = module.environment.force_destroy
  buckets       = module.catalogue.buckets
  credentials   = module.catalogue.credentials
}

module "edge" {
  source = "../../../modules/gcp/edge"

  project       = var.project
  name          = module.environment.name
  region        = module.environment.region
  labels        = module.environment.labels
  is_production = module.environment.is_production
  edge          = module.environment.edge
  domain        = var.environment.domain
  hosts         = module.environment.hosts

  depends_on = [google_project_service.services]
}

module "guard" {
  source = "../../../modules/guard"

  name          = module.environment.name
  is_production = module.environment.is_production
  stays = [
    "addresses that operators have on their lists, which nobody gets back",
    "the database with every ledger, and its backups of ${module.environment.backup_days} days, which go with it",
    "documents, each locked for ${module.environment.retention_days} days after it was written",
    "keys without which neither can be read, destroyed 30 days after they are given up",
  ]

  depends_on = [module.network, module.keys, module.database, module.objects, module.edge]
}
