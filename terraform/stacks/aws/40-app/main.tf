# Topics in a Google project, rights by federation, places for secrets in AWS, and a release's bundle.

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

  # Functions go by our own PgBouncer; migrations and provisioning hold what it would give to another.
  pooler = "postgresql://pooler.${var.namespace}.svc.cluster.local:6432"
  database_variables = {
    DATABASE_URL           = "${local.pooler}/pay"
    WORKER_DATABASE_URL    = "${local.pooler}/pay"
    METRICS_DATABASE_URL   = "${local.pooler}/pay"
    SIMULATOR_DATABASE_URL = "${local.pooler}/simulator"
    MIGRATION_DATABASE_URL = "postgresql://${data.terraform_remote_state.cluster.outputs.database.host}:5432/pay"
  }
  secret_store = {
    aws = { service = "SecretsManager", region = local.environment.region, prefix = "${local.environment.name}/" }
  }
}

provider "aws" {
  region = local.environment.region

  default_tags {
    tags = local.environment.labels
  }
}

provider "google" {
  project = var.google.project
  region  = var.google.region
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

module "federation" {
  source = "../../../modules/gcp/federation"

  project   = var.google.project
  name      = local.environment.name
  issuer    = data.terraform_remote_state.cluster.outputs.issuer
  namespace = var.namespace
}

module "app_cloud" {
  source = "../../../modules/app-cloud"

  project          = var.google.project
  name             = local.environment.name
  region           = var.google.region
  labels           = local.environment.labels
  is_production    = local.environment.is_production
  push_base_url    = local.environment.push_base_url
  principal_format = "${module.federation.principal_prefix}/system:serviceaccount:${var.namespace}:%s"
}

module "secrets" {
  source = "../../../modules/aws/secrets"

  name          = local.environment.name
  is_production = local.environment.is_production
  secrets       = setunion(module.app_cloud.secrets, var.more_secrets)
  kms_key       = local.foundation.keys.secrets
  carrier_role  = data.terraform_remote_state.cluster.outputs.carrier_role
}

module "doors" {
  source = "../../../modules/doors"

  namespace        = var.namespace
  hosts            = local.environment.hosts
  issuer           = var.issuer
  own_certificates = var.own_certificates
  registries       = var.registries
  secret_store     = local.secret_store
  environment_variables = merge(
    local.environment.variables,
    module.app_cloud.environment_variables,
    local.database_variables,
    var.environment_variables,
  )
}

module "app_manifests" {
  source = "../../../modules/app-manifests"
  count  = var.apply_manifests && var.bundle_path != "" ? 1 : 0

  namespace       = var.namespace
  bundle          = file(var.bundle_path)
  image           = var.image
  documents       = module.doors.documents
  kubectl_command = var.kubectl_command
  after           = [module.app_cloud.subscriptions, module.secrets.secret_ids]
}
