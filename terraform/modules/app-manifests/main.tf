# Applies the bundle that `make bundle` makes and a release signs, in order: the namespace, what others lean on, the
# migration, the services, the routes, the ticks. Each waits for the one before, so nothing is routed to what is not there yet.

data "kubectl_file_documents" "bundle" {
  content = var.bundle
}

data "kubectl_file_documents" "migration" {
  content = join("\n---\n", [yamlencode(local.migration_wall), yamlencode(local.migration)])
}

locals {
  # By path of the API, as kubectl knows them: /apis/GROUP/VERSION/namespaces/NAMESPACE/KIND/NAME.
  documents = { for path, body in data.kubectl_file_documents.bundle.manifests : path => body }
  waves = {
    services = { for path, body in local.documents : path => body if can(regex("/(serving\\.knative\\.dev/v1|apps/v1)/.*(services|deployments)/", path)) }
    routes   = { for path, body in local.documents : path => body if can(regex("/networking\\.istio\\.io/.*virtualservices/", path)) }
    ticks    = { for path, body in local.documents : path => body if can(regex("/sources\\.knative\\.dev/", path)) }
  }
  later = toset(flatten([for wave in local.waves : keys(wave)]))
  # Documents bring the namespace, before what lies in it: made twice, it would be taken away twice.
  namespaces = { for name, body in var.documents : name => body if startswith(name, "1 ") }
  twice      = [for name in keys(local.namespaces) : "/api/v1/namespaces/${var.namespace}"]
  first      = { for path, body in local.documents : path => body if !contains(local.later, path) && !contains(local.twice, path) }

  digest = regex("@sha256:([0-9a-f]{64})$", var.image)[0]
  job    = "migrate-${substr(local.digest, 0, 12)}"
  # The namespace lets nothing out by itself.
  migration_wall = {
    apiVersion = "networking.k8s.io/v1"
    kind       = "NetworkPolicy"
    metadata   = { name = local.job, namespace = var.namespace }
    spec = {
      podSelector = { matchLabels = { "app.kubernetes.io/name" = "migrate" } }
      policyTypes = ["Ingress", "Egress"]
      egress = [{
        to    = [for range in ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] : { ipBlock = { cidr = range } }]
        ports = [{ protocol = "TCP", port = 5432 }]
      }]
    }
  }
  # A Job's template cannot be changed: each image has a Job of its own name, and runs once.
  migration = {
    apiVersion = "batch/v1"
    kind       = "Job"
    metadata   = { name = local.job, namespace = var.namespace, labels = { "app.kubernetes.io/name" = "migrate" } }
    spec = {
      backoffLimit          = 3
      activeDeadlineSeconds = 1800
      template = {
        metadata = { labels = { "app.kubernetes.io/name" = "migrate", "sidecar.istio.io/inject" = "false" } }
        spec = {
          restartPolicy                = "Never"
          priorityClassName            = "money"
          automountServiceAccountToken = false
          securityContext              = { runAsNonRoot = true, runAsUser = 65532, seccompProfile = { type = "RuntimeDefault" } }
          containers = [{
            name            = "migrate"
            image           = var.image
            command         = ["python", "-m", "shared.db.migrate"]
            envFrom         = [{ configMapRef = { name = "environment" } }]
            resources       = { requests = { cpu = "100m", memory = "256Mi" }, limits = { cpu = "1", memory = "512Mi" } }
            securityContext = { allowPrivilegeEscalation = false, readOnlyRootFilesystem = true, capabilities = { drop = ["ALL"] } }
            volumeMounts    = [{ name = "secrets", mountPath = "/etc/pay/secrets", readOnly = true }, { name = "scratch", mountPath = "/tmp" }]
          }]
          volumes = [
            { name = "secrets", secret = { secretName = "provision-account", defaultMode = 292, items = [{ key = "database_owner", path = "database_owner" }] } },
            { name = "scratch", emptyDir = {} },
          ]
        }
      }
    }
  }
}

# `depends_on` where the module is called would put off reading the bundle, and nobody could plan.
resource "terraform_data" "after" {
  input = var.after
}

resource "kubectl_manifest" "namespaces" {
  for_each = local.namespaces

  yaml_body         = each.value
  server_side_apply = true

  depends_on = [terraform_data.after]
}

resource "kubectl_manifest" "doors" {
  for_each = { for name, body in var.documents : name => body if !contains(keys(local.namespaces), name) }

  yaml_body         = each.value
  server_side_apply = true

  depends_on = [kubectl_manifest.namespaces]
}

resource "kubectl_manifest" "first" {
  for_each = local.first

  yaml_body         = each.value
  server_side_apply = true

  lifecycle {
    precondition {
      condition     = !strcontains(var.bundle, "image: function\n")
      error_message = "The bundle names images without a digest: make it by `make bundle ENV=… CONFIG=… IMAGES=…`."
    }
    precondition {
      condition     = !strcontains(var.bundle, "NAMESPACE")
      error_message = "The bundle still says NAMESPACE somewhere: make it from an overlay, not from knative/base."
    }
  }

  depends_on = [kubectl_manifest.doors]
}

# The Secret that the migration reads is External Secrets' work, some seconds after its order.
resource "terraform_data" "secrets" {
  triggers_replace = [local.digest]

  provisioner "local-exec" {
    interpreter = ["/bin/sh", "-c"]
    command     = "${var.kubectl_command} wait --for=condition=Ready --timeout=300s -n ${var.namespace} externalsecret --all"
  }

  depends_on = [kubectl_manifest.first]
}

resource "kubectl_manifest" "migration" {
  for_each = data.kubectl_file_documents.migration.manifests

  yaml_body         = each.value
  server_side_apply = true

  depends_on = [terraform_data.secrets]
}

resource "terraform_data" "migrated" {
  triggers_replace = [local.job]

  provisioner "local-exec" {
    interpreter = ["/bin/sh", "-c"]
    command     = "${var.kubectl_command} wait --for=condition=Complete --timeout=1800s -n ${var.namespace} job/${local.job}"
  }

  depends_on = [kubectl_manifest.migration]
}

resource "kubectl_manifest" "services" {
  for_each = local.waves.services

  yaml_body         = each.value
  server_side_apply = true

  depends_on = [terraform_data.migrated]
}

resource "terraform_data" "served" {
  triggers_replace = [sha256(var.bundle)]

  provisioner "local-exec" {
    interpreter = ["/bin/sh", "-c"]
    command     = "${var.kubectl_command} wait --for=condition=Ready --timeout=600s -n ${var.namespace} ksvc --all"
  }

  depends_on = [kubectl_manifest.services]
}

resource "kubectl_manifest" "routes" {
  for_each = local.waves.routes

  yaml_body         = each.value
  server_side_apply = true

  depends_on = [terraform_data.served]
}

resource "kubectl_manifest" "ticks" {
  for_each = local.waves.ticks

  yaml_body         = each.value
  server_side_apply = true

  depends_on = [kubectl_manifest.routes]
}
