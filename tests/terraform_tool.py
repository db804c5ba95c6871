"""Terraform (or OpenTofu) for the tests: this machine's own, on copies of the tree, offline.

Providers come from folders in the shape of Terraform's mirrors: those of the machine, and what
`make terraform` puts into .cache. What is in none of them cannot be had.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from knative.catalogue import ROOT

TREE: Final = ROOT / "terraform"
CACHE: Final = ROOT / ".cache" / "terraform"
MISSING: Final = (
    "left out, neither terraform nor tofu is here: `make terraform` says how to get one"
)
# Where distributions, images and people keep providers.
_MIRRORS: Final = (
    CACHE / "mirror",
    *sorted(place.parent for place in Path("/opt").glob("*/registry.terraform.io")),
    Path("/usr/share/terraform/plugins"),
    Path("/usr/local/share/terraform/plugins"),
    Path.home() / ".terraform.d" / "plugins",
)
_LONGEST_SECONDS: Final = 300
_COPIED: Final = ("*.tf", "*.tftest.hcl", "*.tfvars", "*.yaml")


@dataclass(frozen=True, slots=True)
class Finished:
    """What a run said, without colours and frames, in one line per paragraph."""

    code: int
    text: str

    @property
    def sentence(self) -> str:
        """Return all of it in one line: Terraform breaks sentences where its window ends."""
        return " ".join(self.text.replace("│", " ").split())


class Terraform:
    """One program and the folder that holds its settings and its copy of the tree."""

    def __init__(self, program: str, folder: Path, mirrors: tuple[Path, ...] = ()) -> None:
        """Copy the tree, and write settings that know local mirrors alone."""
        self.program = program
        self.tree = folder / "terraform"
        _copy_tree(TREE, self.tree)
        contracts = folder / "shared" / "contracts"
        contracts.mkdir(parents=True)
        shutil.copy(ROOT / "shared/contracts/functions.yaml", contracts)
        platform = folder / "knative" / "platform"
        platform.mkdir(parents=True)
        # A stack reads it while it plans.
        (platform / "istio.values.yaml").write_text("{}\n", encoding="utf-8")
        _copy_tree(ROOT / "knative" / "platform", platform)
        settings = folder / "settings.tfrc"
        settings.write_text(_settings((*mirrors, *_MIRRORS)), encoding="utf-8")
        self._environment = {
            **{n: os.environ[n] for n in ("PATH", "HOME", "TMPDIR") if n in os.environ},
            "TF_CLI_CONFIG_FILE": str(settings),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
        }

    def run(
        self, folder: Path, *words: str, variables: Mapping[str, object] | None = None
    ) -> Finished:
        """Run one command in a folder, with variables as JSON beside it."""
        if variables is not None:
            text = json.dumps(variables)
            (folder / "given.auto.tfvars.json").write_text(text, encoding="utf-8")
        finished = subprocess.run(  # noqa: S603 - a program of ours
            [self.program, words[0], *words[1:]],
            cwd=folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_LONGEST_SECONDS,
        )
        return Finished(finished.returncode, finished.stdout)

    def init(self, folder: Path) -> Finished:
        """Make a folder ready, without any state of others."""
        return self.run(folder, "init", "-backend=false", "-no-color")

    def outputs(self, folder: Path) -> dict[str, Any]:
        """Return what a folder that was applied puts out."""
        told: dict[str, Any] = json.loads(self.run(folder, "output", "-json").text)
        return {name: output["value"] for name, output in told.items()}


def command() -> str | None:
    """Return the program: terraform, else tofu, else the tofu that was built; None without."""
    built = CACHE / "bin" / "tofu"
    found = shutil.which("terraform") or shutil.which("tofu")
    return found or (str(built) if built.exists() else None)


def folders() -> list[Path]:
    """Return every folder of the tree that holds configuration, below the tree's root."""
    found = {path.parent.relative_to(TREE) for path in TREE.rglob("*.tf")}
    return sorted(path for path in found if ".terraform" not in path.parts)


def has_provider(source: str) -> bool:
    """Tell whether a mirror holds a provider, such as `hashicorp/aws`."""
    return any((mirror / "registry.terraform.io" / source).is_dir() for mirror in _MIRRORS)


def _settings(mirrors: tuple[Path, ...]) -> str:
    """Write what Terraform calls its CLI configuration: mirrors, nearest first, and no registry."""
    there = [path for path in mirrors if path.is_dir()] or [CACHE / "none"]
    lines = [f'  filesystem_mirror {{ path = "{path}" }}' for path in there]
    return "provider_installation {\n" + "\n".join(lines) + "\n}\n"


def _copy_tree(source: Path, target: Path) -> None:
    for pattern in _COPIED:
        for path in source.rglob(pattern):
            if ".terraform" in path.parts:
                continue
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
