# UNPROVEN: aws and kubectl by their real providers, google by its schema; never applied to real accounts.

terraform {
  required_version = ">= 1.11"

  backend "s3" {}

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
    google = {
      source  = "hashicorp/google"
      version = ">= 7.0, < 8.0"
    }
    kubectl = {
      source  = "gavinbunney/kubectl"
      version = ">= 1.19, < 2.0"
    }
  }
}
