# UNPROVEN: held against the schema of google 6.50 by Terraform itself, never against google 7.x or a real project.

terraform {
  required_version = ">= 1.11"

  backend "gcs" {}

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.0, < 8.0"
    }
  }
}
