"""Renders one file per function: its Knative Service, its account and, if it has one, its tick.

What is of the kind `deployment` has a Deployment that is always there instead.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from knative.catalogue import FunctionEntry
from knative.render.text import yaml_text

PORT: Final = 8080
SECRETS_DIR: Final = "/etc/pay/secrets"
# Overlays alone say what an environment gives; this is enough for a function to start.
_RESOURCES: Final = {
    "requests": {"cpu": "50m", "memory": "128Mi"},
    "limits": {"cpu": "1", "memory": "256Mi"},
}
# The account of the pod is not root and owns no file of the volume: reading is all it may do.
_SECRET_FILE_MODE: Final = 0o444


def render_services(entries: tuple[FunctionEntry, ...]) -> dict[str, str]:
    """Return the file of each function that has a service, by its path in knative/base."""
    return {
        f"{entry.name}.yaml": yaml_text(_documents(entry))
        for entry in entries
        if entry.kind != "operation"
    }


def _documents(entry: FunctionEntry) -> Iterator[Mapping[str, Any]]:
    yield {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": entry.service},
        "automountServiceAccountToken": False,
    }
    if entry.kind == "deployment":
        yield from _deployment(entry)
        return
    yield _service(entry)
    if entry.schedule is not None:
        yield _tick(entry, entry.schedule)


def _service(entry: FunctionEntry) -> Mapping[str, Any]:
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {
            "name": entry.service,
            "labels": {
                "app.kubernetes.io/name": entry.service,
                "networking.knative.dev/visibility": "cluster-local",
            },
        },
        "spec": {
            "template": {
                "metadata": {
                    "labels": {"trigger": trigger_of(entry), "egress": entry.egress},
                    "annotations": {
                        "autoscaling.knative.dev/min-scale": "0",
                        "autoscaling.knative.dev/max-scale": str(entry.max_scale),
                        # A changed ConfigMap makes no revision; a changed hash here does.
                        "environment-hash": "unset",
                    },
                },
                "spec": {
                    "serviceAccountName": entry.service,
                    "automountServiceAccountToken": False,
                    "containerConcurrency": entry.concurrency,
                    "timeoutSeconds": entry.budget.timeout_seconds,
                    "containers": [_container(entry)],
                    "volumes": [_secret_volume(entry), {"name": "scratch", "emptyDir": {}}],
                },
            }
        },
    }


def _deployment(entry: FunctionEntry) -> Iterator[Mapping[str, Any]]:
    """Yield what keeps long-lived connections: pods that a rollout ends one after another."""
    name = {"app.kubernetes.io/name": entry.service}
    labels = {**name, "trigger": trigger_of(entry), "egress": entry.egress}
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
        "securityContext": {
            "runAsNonRoot": True,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "resources": _RESOURCES,
    }


def function_environment(entry: FunctionEntry) -> tuple[tuple[str, str], ...]:
    """Return what every process of this function has in its environment, in every environment."""
    return (
        ("FUNCTION_TARGET", entry.name),
        ("FUNCTION_SOURCE", entry.source),
        ("THREADS", str(entry.concurrency)),
        ("POOL", str(entry.pool)),
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


def trigger_of(entry: FunctionEntry) -> str:
    """Return the word for how the function is reached; policies select pods by it."""
    if entry.pubsub:
        return "pubsub"
    if entry.schedule is not None:
        return "tick"
    return "door" if entry.door_prefixes else "http"
