output "documents" {
  description = "By its kind and name, each document as YAML, without the ConfigMap `environment`."
  value = merge(
    { "1 namespace" = yamlencode(local.namespace), "2 store" = yamlencode(local.store), "2 admission" = yamlencode(local.admission) },
    { for door, body in local.gateways : "3 gateway ${door}" => yamlencode(body) },
    { for door, body in local.certificates : "3 certificate ${door}" => yamlencode(body) },
  )
}

output "config_map" {
  description = "The ConfigMap `environment`, for `make bundle`: it is built into the bundle, so that its hash stands in every template."
  value       = yamlencode(local.config_map)
}
