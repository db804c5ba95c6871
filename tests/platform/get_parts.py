"""Gets a real API server and what it knows of others: `python -m tests.platform.get_parts`.

kube-apiserver and Knative's webhooks are built from their modules at the versions of `programs/`,
etcd is Debian's own package, unpacked; definitions and webhooks come out of the modules as files.
All of it lies in .cache/platform, new for each version, and only speeds things up. What Terraform
needs is got as `make terraform` does. What cannot be had is named and left out; with CI=true it
fails.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from knative.catalogue import ROOT
from tests import debian
from tests.deployment.get_parts import (
    NotToBeHadError,
    get,
    get_kubectl_provider,
    get_tofu,
    go,
    run,
)
from tests.deployment.lint import get_checkov
from tests.manifests.get_schemas import MODULES

_PROGRAMS: Final = Path(__file__).with_name("programs")
_GO_SECONDS: Final = 3600
KUBERNETES: Final = "v1.36.3"
# The webhook asks the API server for its version, and stops where that is none.
_MAJOR, _MINOR, _ = KUBERNETES.removeprefix("v").split(".")
_VERSION: Final = (
    f"-X k8s.io/component-base/version.gitVersion={KUBERNETES}"
    f" -X k8s.io/component-base/version.gitMajor={_MAJOR}"
    f" -X k8s.io/component-base/version.gitMinor={_MINOR}"
)
BUILT: Final = {
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "serving-webhook": "knative.dev/serving/cmd/webhook",
    "eventing-webhook": "knative.dev/eventing/cmd/webhook",
    # Ours, around the code of Knative's controller.
    "deployments": "./deployments",
}
# Of each module that is built with, what a cluster is given before any pod.
_GIVEN: Final = {
    "knative.dev/serving": (
        "config/core/300-resources/*.yaml",
        "config/core/configmaps/*.yaml",
        "config/core/webhooks/*.yaml",
    ),
    "knative.dev/networking": ("config/*.yaml",),
    "knative.dev/caching": ("config/*.yaml",),
    "knative.dev/eventing": (
        "config/core/resources/*.yaml",
        "config/core/configmaps/*.yaml",
        "config/core/webhooks/*.yaml",
    ),
    "github.com/cert-manager/cert-manager": ("deploy/crds/crd-certificates.yaml",),
}
# Of others, beside the kinds that manifests of ours have, what Terraform's documents have.
_MORE: Final = {
    "github.com/external-secrets/external-secrets": (
        "config/crds/bases/external-secrets.io_secretstores.yaml",
    ),
}


def _stamp() -> str:
    files = [path.read_text("utf-8") for path in sorted(_PROGRAMS.rglob("*")) if path.is_file()]
    made_of = (files, KUBERNETES, MODULES, _GIVEN, _MORE)
    return hashlib.sha256(repr(made_of).encode()).hexdigest()[:16]


CACHE: Final = ROOT / ".cache" / "platform" / _stamp()


def program(name: str) -> Path:
    """Return where a program lies, or will."""
    return CACHE / "bin" / name


def definitions() -> Path:
    """Return the folder of what others define, a folder per module."""
    return CACHE / "definitions"


def missing() -> list[str]:
    """Return what is not there."""
    programs = [name for name in ("etcd", *BUILT) if not program(name).exists()]
    return programs + ([] if definitions().exists() else ["definitions"])


def get_etcd() -> None:
    """Unpack Debian's etcd. Raises NotToBeHadError."""
    if own := shutil.which("etcd"):
        program("etcd").symlink_to(own)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            apt = debian.Apt.begin(folder)
            apt.run("apt-get", "--quiet", "download", "etcd-server")
            shutil.move(apt.unpack(folder) / "usr/bin/etcd", program("etcd"))
        except debian.NotToBeHadError as error:
            raise NotToBeHadError(str(error)) from error


def build(name: str) -> None:
    """Build one program; the second shares most of the first's code. Raises NotToBeHadError."""
    words = ("build", "-trimpath", "-ldflags", f"-s -w {_VERSION}", "-o", str(program(name)))
    run((go(), *words, BUILT[name]), _PROGRAMS, _GO_SECONDS)


def get_definitions() -> None:
    """Copy what others define out of their modules. Raises NotToBeHadError."""
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        whole = Path(name) / "definitions"
        for module, folder, files in _sources():
            target = whole / module.replace("/", "_")
            target.mkdir(parents=True, exist_ok=True)
            for file in files:
                text = (folder / file).read_text("utf-8")
                (target / file.replace("/", "_")).write_text(text, encoding="utf-8")
        whole.rename(definitions())


def _sources() -> Iterator[tuple[str, Path, list[str]]]:
    run((go(), "mod", "download", *_GIVEN), _PROGRAMS, _GO_SECONDS)
    for module, patterns in _GIVEN.items():
        told = run((go(), "list", "-m", "-json", module), _PROGRAMS, _GO_SECONDS)
        folder = Path(json.loads(told)["Dir"])
        paths = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
        yield module, folder, [path.relative_to(folder).as_posix() for path in paths]
    for versioned, files in MODULES.items():
        module = versioned.partition("@")[0]
        if module not in _GIVEN:
            told = run((go(), "mod", "download", "-json", versioned), CACHE, _GO_SECONDS)
            yield module, Path(json.loads(told)["Dir"]), [*files, *_MORE.get(module, ())]


def _parts() -> dict[str, Callable[[], None]]:
    ways: dict[str, Callable[[], None]] = {"etcd": get_etcd, "definitions": get_definitions}
    ways |= {name: partial(build, name) for name in BUILT}
    return {
        **{name: ways[name] for name in missing()},
        "OpenTofu": get_tofu,
        "the kubectl provider": get_kubectl_provider,
        "checkov": get_checkov,
    }


def main() -> int:
    """Get each part that is missing; exit code 1 in CI when one cannot be had."""
    (CACHE / "bin").mkdir(parents=True, exist_ok=True)
    left_out = sum(get(name, how) for name, how in _parts().items())
    return int(left_out > 0 and os.environ.get("CI") == "true")


if __name__ == "__main__":
    sys.exit(main())
