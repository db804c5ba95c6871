"""Renders what a namespace of ours has once: walls and sizes that hold for every pod."""

from collections.abc import Iterator, Mapping
from typing import Any

from knative.render.mesh import render_transport
from knative.render.network import render_default_network
from knative.render.text import yaml_text


def render_namespace() -> dict[str, str]:
    """Return the file of what all functions share."""
    documents = [*render_default_network(), *render_transport(), *_sizes()]
    return {"namespace.yaml": yaml_text(documents)}


def _sizes() -> Iterator[Mapping[str, Any]]:
    """Yield what a container gets that says nothing: under a quota it would else be refused."""
    yield {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "default"},
        "spec": {
            "limits": [
                {
                    "type": "Container",
                    "defaultRequest": {"cpu": "10m", "memory": "64Mi"},
                    "default": {"cpu": "1", "memory": "256Mi"},
                }
            ]
        },
    }
