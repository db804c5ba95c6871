# UNPROVEN: held against the schemas of its providers, never against a real cluster.

terraform {
  required_version = ">= 1.11"

  backend "s3" {}

  required_providers {
    helm = {
      source  = "hashicorp/helm"
      version = ">= 3.0, < 4.0"
    }
    kubectl = {
      source  = "gavinbunney/kubectl"
      version = ">= 1.19, < 2.0"
    }
  }
}
