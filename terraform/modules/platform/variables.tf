variable "is_production" {
  description = "Whether gateways and istiod have two replicas."
  type        = bool
  nullable    = false
}

variable "is_gke" {
  description = "Whether the cluster is GKE, where Istio's plug-in lies elsewhere."
  type        = bool
  nullable    = false
}

variable "bundle" {
  description = "knative/platform as one YAML: `kubectl kustomize knative/platform`."
  type        = string
  nullable    = false

  validation {
    condition     = strcontains(var.bundle, "kind: KnativeServing")
    error_message = "bundle must be what `kubectl kustomize knative/platform` prints: it holds no KnativeServing."
  }
}

variable "mesh_values_path" {
  description = "Values of the chart of istiod: knative/platform/istio.values.yaml."
  type        = string
  nullable    = false
}

variable "num_trusted_proxies" {
  description = "How many addresses at the end of X-Forwarded-For are the cloud's own."
  type        = number
  nullable    = false
}

variable "has_proxy_protocol" {
  description = "Whether the balancer says by PROXY protocol who calls."
  type        = bool
  nullable    = false
}

variable "gateway_values" {
  description = "What the cloud's balancer needs in the chart of the public gateway, as YAML: annotations, address, policy of its Service."
  type        = string
  nullable    = false
}

variable "cert_manager_values" {
  description = "What the cloud needs in the chart of cert-manager, such as a role."
  type        = any
  nullable    = false
  default     = {}
}

variable "operator_pool" {
  description = "Name of the node pool whose addresses operators have on their lists."
  type        = string
  nullable    = false
}

variable "kubectl_command" {
  description = "How kubectl reaches the cluster."
  type        = string
  nullable    = false
  default     = "kubectl"
}
