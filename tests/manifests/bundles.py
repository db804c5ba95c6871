"""Builds what an overlay applies, once for each process, as `kubectl apply -k` would see it."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from knative.bundle import command
from knative.catalogue import ROOT

OVERLAYS: Final = ("local", "dev", "staging", "production")
KNATIVE: Final = ROOT / "knative"
SERVICE: Final = "serving.knative.dev/v1"
MISSING: Final = "left out, no kustomize (make kustomize)"
Manifest = dict[str, Any]


@cache
def build(folder: Path) -> tuple[Manifest, ...]:
    """Build a folder; the test is left out without kustomize, and fails on its warnings."""
    words = command()
    if words is None:
        pytest.skip(MISSING)
    done = subprocess.run(  # noqa: S603 - found above
        [*words, str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return tuple(yaml.load_all(done.stdout, Loader=yaml.CSafeLoader))


def overlay(name: str) -> tuple[Manifest, ...]:
    """Return what an environment gets."""
    return build(KNATIVE / "overlays" / name)


def of_kind(manifests: tuple[Manifest, ...], kind: str, version: str = "") -> list[Manifest]:
    """Return those of a kind, and of an API version where several have that kind."""
    return [
        one for one in manifests if one["kind"] == kind and one["apiVersion"].startswith(version)
    ]


def services(manifests: tuple[Manifest, ...]) -> dict[str, Manifest]:
    """Return Knative's services by name."""
    return {one["metadata"]["name"]: one for one in of_kind(manifests, "Service", SERVICE)}


def named(manifests: tuple[Manifest, ...], kind: str, name: str) -> Manifest:
    """Return the one of that kind and name."""
    [found] = [one for one in of_kind(manifests, kind) if one["metadata"]["name"] == name]
    return found
