variable "chart" {
  description = "Key of the chart in terraform/versions.yaml."
  type        = string
  nullable    = false
}

variable "release" {
  description = "Name of the release; the chart's key without one."
  type        = string
  default     = null
}

variable "namespace" {
  description = "Namespace that it is put into."
  type        = string
  nullable    = false
}

variable "create_namespace" {
  description = "Whether the namespace is made with it."
  type        = bool
  nullable    = false
  default     = true
}

variable "values" {
  description = "Values as YAML, the later ones over the earlier."
  type        = list(string)
  nullable    = false
  default     = []
}
