"""Renders one file per function: its Knative Service, account, tick, walls and secrets.

What is of the kind `deployment` has a Deployment that is always there instead.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from knative.catalogue import FunctionEntry
from knative.render.mesh import render_walls
from knative.render.network import render_network
from knative.render.places import METRICS_PORT, PORT, Workload, rights_of, trigger_of
from knative.render.secrets import render_secrets
from knative.render.text import yaml_text

SECRETS_DIR: Final = "/etc/pay/secrets"
# Overlays alone say what an environment gives; this is enough for a function to start.
_RESOURCES: Final = {
    "requests": {"cpu": "50m", "memory": "128Mi"},
    "limits": {"cpu": "1", "memory": "256Mi"},
}
# A release of what moves money takes over step by step.
_MONEY_ROLLOUT: Final = "120s"
SECURITY_CONTEXT: Final[Mapping[str, Any]] = {
    "runAsNonRoot": True,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
# The account of the pod is not root and owns no file of the volume: reading is all it may do.
_SECRET_FILE_MODE: Final = 0o444


def render_services(entries: tuple[FunctionEntry, ...]) -> dict[str, str]:
    """Return the file of each function that has a service, by its path in knative/base."""
    return {
        f"{entry.name}.yaml": yaml_text(_documents(entry, entries))
        for entry in entries
        if entry.kind != "operation"
    }


def _documents(
    entry: FunctionEntry, entries: tuple[FunctionEntry, ...]
) -> Iterator[Mapping[str, Any]]:
    yield account(entry)
    if entry.kind == "deployment":
        yield from _deployment(entry)
    else:
        pod = {
            **tasked_with(entry),
            "containers": [_container(entry)],
            "volumes": [_secret_volume(entry), {"name": "scratch", "emptyDir": {}}],
        }
        yield service(entry, pod)
    if entry.schedule is not None:
        yield _tick(entry, entry.schedule)
    yield from render_network(entry, entries)
    yield from render_walls(entry, entries)
    yield from render_secrets(entry.service, entry.secrets)


def account(workload: Workload) -> Mapping[str, Any]:
    """Return who the workload is, to Kubernetes, to the mesh and to the cloud."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": workload.service},
        "automountServiceAccountToken": False,
    }


def tasked_with(workload: Workload) -> Mapping[str, Any]:
    """Return what a pod of it is before its containers."""
    return {
        "serviceAccountName": workload.service,
        "automountServiceAccountToken": False,
        "priorityClassName": priority_of(workload),
        "containerConcurrency": workload.concurrency,
        "timeoutSeconds": workload.budget.timeout_seconds,
        # Left out, Knative ends what has not begun to answer after 300 s.
        "responseStartTimeoutSeconds": workload.budget.timeout_seconds,
    }


def priority_of(workload: Workload) -> str:
    """Return the class by which pods go first where there is no room for all."""
    return workload.priority if isinstance(workload, FunctionEntry) else "platform"


def labels_of(workload: Workload) -> Mapping[str, str]:
    """Return what policies select its pods by."""
    return {"trigger": trigger_of(workload), "egress": rights_of(workload), "measured": "true"}


def service(workload: Workload, pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the workload as a service that scales to zero, reached from inside alone."""
    slowly = {"annotations": {"serving.knative.dev/rollout-duration": _MONEY_ROLLOUT}}
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {
            "name": workload.service,
            "labels": {
                "app.kubernetes.io/name": workload.service,
                "networking.knative.dev/visibility": "cluster-local",
            },
            **(slowly if priority_of(workload) == "money" else {}),
        },
        "spec": {
            "template": {
                "metadata": {
                    "labels": labels_of(workload),
                    "annotations": {
                        "autoscaling.knative.dev/min-scale": "0",
                        "autoscaling.knative.dev/max-scale": str(workload.max_scale),
                        # A changed ConfigMap makes no revision; a changed hash here does.
                        "environment-hash": "unset",
                    },
                },
                "spec": pod,
            }
        },
    }


def _deployment(entry: FunctionEntry) -> Iterator[Mapping[str, Any]]:
    """Yield what keeps long-lived connections: pods that a rollout ends one after another."""
    name = {"app.kubernetes.io/name": entry.service}
    labels = {**name, **labels_of(entry)}
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": entry.service, "labels": name},
        "spec": {
            "selector": {"matchLabels": name},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {"labels": labels, "annotations": {"environment-hash": "unset"}},
                "spec": {
                    "serviceAccountName": entry.service,
                    "automountServiceAccountToken": False,
                    "priorityClassName": priority_of(entry),
                    "terminationGracePeriodSeconds": entry.budget.drain_seconds,
                    "containers": [
                        {
                            **_container(entry),
                            "readinessProbe": {"tcpSocket": {"port": PORT}},
                            # Knative sets it for its own.
                            "env": [
                                {"name": "PORT", "value": str(PORT)},
                                *_container(entry)["env"],
                            ],
                        }
                    ],
                    "volumes": [_secret_volume(entry), {"name": "scratch", "emptyDir": {}}],
                },
            },
        },
    }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": entry.service, "labels": name},
        "spec": {
            "selector": name,
            "ports": [{"name": "http", "port": 80, "targetPort": PORT}],
        },
    }
    yield {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": entry.service},
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": entry.service,
            },
            "minReplicas": 1,
            "maxReplicas": entry.max_scale,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": 60},
                    },
                }
            ],
        },
    }


def _container(entry: FunctionEntry) -> Mapping[str, Any]:
    return {
        "name": "function",
        "image": "function",
        "command": ["python", "-m", entry.server],
        "ports": [{"containerPort": PORT}],
        "env": [{"name": name, "value": value} for name, value in function_environment(entry)],
        "envFrom": [{"configMapRef": {"name": "environment"}}],
        "volumeMounts": [
            {"name": "secrets", "mountPath": SECRETS_DIR, "readOnly": True},
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - a volume of the pod's own
        ],
        "securityContext": SECURITY_CONTEXT,
        "resources": _RESOURCES,
    }


def function_environment(entry: FunctionEntry) -> tuple[tuple[str, str], ...]:
    """Return what every process of this function has in its environment, in every environment."""
    return (
        ("FUNCTION_TARGET", entry.name),
        ("FUNCTION_SOURCE", entry.source),
        ("THREADS", str(entry.concurrency)),
        ("POOL", str(entry.pool)),
        ("METRICS_PORT", str(METRICS_PORT)),
    )


def _secret_volume(entry: FunctionEntry) -> Mapping[str, Any]:
    return {
        "name": "secrets",
        "secret": {
            "secretName": entry.service,
            "defaultMode": _SECRET_FILE_MODE,
            "items": [{"key": name, "path": name} for name in entry.secrets],
        },
    }


def _tick(entry: FunctionEntry, schedule: str) -> Mapping[str, Any]:
    return {
        "apiVersion": "sources.knative.dev/v1",
        "kind": "PingSource",
        "metadata": {"name": entry.service},
        "spec": {
            # Six fields: the adapter's parser takes an optional leading seconds field.
            "schedule": schedule,
            "sink": {
                "ref": {
                    "apiVersion": "serving.knative.dev/v1",
                    "kind": "Service",
                    "name": entry.service,
                }
            },
        },
    }
