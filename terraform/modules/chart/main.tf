# The one place that speaks to Helm: pinned, waited for, taken back when it fails.

locals {
  pinned = yamldecode(file("${path.module}/../../versions.yaml")).charts[var.chart]
}

resource "helm_release" "this" {
  name             = coalesce(var.release, var.chart)
  namespace        = var.namespace
  create_namespace = var.create_namespace
  repository       = local.pinned.repository
  chart            = local.pinned.chart
  version          = local.pinned.version
  values           = var.values

  atomic          = true
  cleanup_on_fail = true
  wait            = true
  wait_for_jobs   = true
  timeout         = 600
  max_history     = 5
  lint            = true
}
