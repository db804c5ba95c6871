# What the functions need of Google wherever they run: topics and rights, by the catalogue and by who the cluster says
# its service accounts are.

module "catalogue" {
  source = "../catalogue"

  catalogue     = yamldecode(file("${path.module}/../../../shared/contracts/functions.yaml"))
  push_base_url = var.push_base_url
}

module "messaging" {
  source = "../gcp/messaging"

  project       = var.project
  name          = var.name
  region        = var.region
  labels        = var.labels
  is_production = var.is_production
  kms_key       = var.kms_key
  topics        = module.catalogue.topics
  subscriptions = module.catalogue.subscriptions
  publishers    = module.catalogue.publishers
  principals    = { for function, account in module.catalogue.service_accounts : function => format(var.principal_format, account) }
}
