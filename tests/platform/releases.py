"""Releases of every environment, and how they are put before an API server."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from knative import bundle
from tests.manifests.broken import REGISTRIES
from tests.platform.api import Api, Manifest, RefusedError

IMAGES: Final = {
    image: f"{REGISTRIES}/{image}@sha256:{'0' * 64}"
    for image in ("function", "dashboard", "pooler", "keycloak", "minio", "postgres")
}
PUSH: Final = dict.fromkeys(("PUSH_ISSUER", "PUSH_JWKS_URL", "PUSH_AUDIENCE"), "https://push.test")
# As Terraform and Argo CD do it: what others lean on comes first.
_EARLY: Final = ("Namespace", "PriorityClass", "ConfigMap")
_LATE: Final = ("Deployment", "StatefulSet", "Service", "VirtualService", "PingSource")


@dataclass(frozen=True, slots=True)
class Applied:
    """What was applied, in any order, how it was kept, in order, and what was warned of."""

    manifests: list[Manifest]
    kept: list[Manifest]
    warnings: list[str]


def text(name: str, folder: Path) -> str:
    """Return the bundle of one environment, made with what Terraform would tell of it."""
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(_config_map("environment", f"pay-{name}", PUSH)), "utf-8")
    return bundle.make(name, path, IMAGES)


def release(name: str, folder: Path) -> list[Manifest]:
    """Return what Terraform applies of one environment."""
    admission = _config_map("admission", f"pay-{name}", {"registries": REGISTRIES})
    return [*yaml.load_all(text(name, folder), Loader=yaml.CSafeLoader), admission]


def apply(api: Api, manifests: list[Manifest]) -> list[Manifest]:
    """Apply them in order; return them as they were kept."""
    return [api.apply(one) for one in sorted(manifests, key=_rank)]


def try_out(api: Api, manifest: Manifest) -> str:
    """Return what is said against a manifest; nothing where it would be taken."""
    try:
        api.apply(manifest, is_trial=True)
    except RefusedError as error:
        return str(error)
    return ""


def refusal(api: Api, manifest: Manifest, *, account: str = "") -> str:
    """Return what is said against making it, on trial; nothing where it would be taken."""
    path = f"{api.place(manifest)}?dryRun=All&fieldValidation=Strict"
    try:
        api.ask("POST", path, manifest, account=account)
    except RefusedError as error:
        return str(error)
    return ""


def namespace(name: str) -> Manifest:
    """Return a namespace of others, in which something of ours lies."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _rank(manifest: Manifest) -> int:
    kind = manifest["kind"]
    if kind in _EARLY:
        return _EARLY.index(kind) - len(_EARLY)
    return _LATE.index(kind) + 1 if kind in _LATE else 0


def _config_map(name: str, of: str, data: dict[str, str]) -> Manifest:
    metadata = {"name": name, "namespace": of, "annotations": {"environment-hash": "abc123"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
