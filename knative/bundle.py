"""Makes one release of one environment: `python -m knative.bundle ENV CONFIG_MAP IMAGE=…@sha256:…`.

An overlay, what the environment alone knows (the ConfigMap `environment`, an output of Terraform's
stack 40-app) and every image by its digest become one YAML, bundle.yaml. Terraform, Argo CD or
`kubectl apply --server-side` takes it as it is.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from knative.catalogue import ROOT

KUSTOMIZE: Final = ROOT / ".cache" / "stores" / "kustomize"
_KNATIVE: Final = ROOT / "knative"
_IMAGE: Final = re.compile(r"(\w+)=([a-z0-9.:/_-]+)@(sha256:[0-9a-f]{64})")
_USED: Final = re.compile(r"^\s*(?:- )?image: (\S+)$", re.MULTILINE)
_LONGEST_SECONDS: Final = 60


class BundleError(Exception):
    """A bundle cannot be made; the message says why."""


def command() -> tuple[str, ...] | None:
    """Return the kustomize to build with: ours, this machine's, or kubectl's; None without any."""
    if KUSTOMIZE.exists():
        return (str(KUSTOMIZE), "build")
    if own := shutil.which("kustomize"):
        return (own, "build")
    if kubectl := shutil.which("kubectl"):
        return (kubectl, "kustomize")
    return None


def make(
    environment: str, config_map: Path, images: Mapping[str, str], *, for_gitops: bool = False
) -> str:
    """Return a bundle as text. Raises BundleError.

    Args:
        environment: the overlay's name.
        config_map: the file with the ConfigMap `environment`.
        images: by the names that manifests have, `REPOSITORY@sha256:…`.
        for_gitops: whether waves and the job of migrations are in it; Terraform has its own.

    """
    overlays = sorted(path.name for path in (_KNATIVE / "overlays").iterdir())
    if environment not in overlays:
        names = ", ".join(overlays)
        raise BundleError(f"there is no overlay {environment or '(ENV=…)'}: it is one of {names}")
    _check(config_map, f"pay-{environment}")
    # Kustomize takes folders by their way from here, never by an address of the machine.
    (ROOT / ".cache").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache") as name:
        folder = Path(name)
        shutil.copy(config_map, folder / "environment.yaml")
        text = yaml.safe_dump(_kustomization(environment, images, for_gitops=for_gitops))
        (folder / "kustomization.yaml").write_text(text, encoding="utf-8")
        bundle = _build(folder)
    if loose := sorted({image for image in _USED.findall(bundle) if "@sha256:" not in image}):
        raise BundleError(f"no digest was given for: {', '.join(loose)}")
    return bundle


def _kustomization(
    environment: str, images: Mapping[str, str], *, for_gitops: bool
) -> dict[str, Any]:
    above = Path("..", "..", "knative")
    given = [re.fullmatch(_IMAGE, f"{name}={image}") for name, image in images.items()]
    for name, match in zip(images, given, strict=True):
        if match is None:
            raise BundleError(f"{name} must be REPOSITORY@sha256:…: a tag may be another tomorrow")
    more = ("components/migrations",) if for_gitops else ()
    last = ("gitops",) if for_gitops else ()
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["environment.yaml", str(above / "overlays" / environment)],
        "components": [str(above / each) for each in (*more, "components/environment", *last)],
        "images": [
            {"name": match[1], "newName": match[2], "digest": match[3]}
            for match in given
            if match is not None
        ],
    }


def _check(config_map: Path, namespace: str) -> None:
    try:
        body = yaml.safe_load(config_map.read_text("utf-8"))
        metadata = body["metadata"]
        told = (body["kind"], metadata["name"], metadata["namespace"])
    except (OSError, TypeError, KeyError, yaml.YAMLError) as error:
        raise BundleError(f"{config_map} holds no ConfigMap ({type(error).__name__})") from error
    if told != ("ConfigMap", "environment", namespace):
        raise BundleError(
            f"{config_map} must be the ConfigMap environment of {namespace}, not {' '.join(told)}"
        )
    if "environment-hash" not in metadata.get("annotations", {}):
        raise BundleError(f"{config_map} lacks the annotation environment-hash")


def _build(folder: Path) -> str:
    words = command()
    if words is None:
        raise BundleError("there is no kustomize (`make kustomize` builds one)")
    done = subprocess.run(  # noqa: S603 - found above
        [*words, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONGEST_SECONDS,
    )
    if done.returncode != 0 or done.stderr:
        raise BundleError(f"kustomize says: {done.stderr.strip()}")
    return done.stdout


def main(words: list[str] | None = None) -> int:
    """Write a bundle; exit code 2 with a sentence, and no file, when it cannot be made."""
    parser = argparse.ArgumentParser(prog="make bundle", description="One release as one YAML.")
    parser.add_argument("environment")
    parser.add_argument("config_map", type=Path)
    parser.add_argument("images", nargs="*", metavar="NAME=REPOSITORY@sha256:…")
    parser.add_argument("--output", type=Path, default=Path("bundle.yaml"))
    parser.add_argument("--gitops", action="store_true", help="for Argo CD or Flux")
    given = parser.parse_args(words)
    images = dict(image.partition("=")[::2] for image in given.images)
    try:
        bundle = make(given.environment, given.config_map, images, for_gitops=given.gitops)
    except BundleError as error:
        sys.stderr.write(f"No bundle: {error}\n")
        return 2
    given.output.write_text(bundle, encoding="utf-8")
    digest = hashlib.sha256(bundle.encode()).hexdigest()
    sys.stdout.write(f"{given.output}: sha256:{digest}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
