# Topics, rights, places for secrets, and a release's bundle.

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
  principals  = data.terraform_remote_state.cluster.outputs.principal_prefix
  # Whoever applies shows his own identity: no key of the cluster lies in a state.
  exec_command = { command = "gke-gcloud-auth-plugin", args = [] }

  # Functions go by our own PgBouncer; migrations and provisioning hold what it would give to another.
  pooler = "postgresql://pooler.${var.namespace}.svc.cluster.local:6432"
  database_variables = {
    DATABASE_URL           = "${local.pooler}/pay"
    WORKER_DATABASE_URL    = "${local.pooler}/pay"
    METRICS_DATABASE_URL   = "${local.pooler}/pay"
    SIMULATOR_DATABASE_URL = "${local.pooler}/simulator"
    MIGRATION_DATABASE_URL = "postgresql://${local.foundation.database.host}:5432/pay"
  }
  secret_store = {
    gcpsm = { projectID = local.foundation.project }
  }
}

provider "google" {
  project = local.foundation.project
  region  = local.environment.region
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

module "app_cloud" {
  source = "../../../modules/app-cloud"

  project          = local.foundation.project
  name             = local.environment.name
  region           = local.environment.region
  labels           = local.environment.labels
  is_production    = local.environment.is_production
  kms_key          = local.foundation.keys.messages
  push_base_url    = local.environment.push_base_url
  principal_format = "${local.principals}/${var.namespace}/sa/%s"
}

module "secrets" {
  source = "../../../modules/gcp/secrets"

  project       = local.foundation.project
  region        = local.environment.region
  labels        = local.environment.labels
  is_production = local.environment.is_production
  secrets       = setunion(module.app_cloud.secrets, var.more_secrets)
  carrier       = "${local.principals}/external-secrets/sa/external-secrets"
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
