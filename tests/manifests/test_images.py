"""Images are what manifests want of them: no root, nothing unlocked, built ahead, lint-clean."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from knative.local import keycloak_build
from tests.manifests.bundles import KNATIVE, OVERLAYS, overlay

IMAGES = KNATIVE / "images"
DOCKERFILES = sorted(IMAGES.glob("*.Dockerfile"))
HADOLINT = Path(sys.executable).with_name("hadolint")
# Others make these; a release names them by their digests.
FOREIGN = {"minio", "postgres"}


def instructions(path: Path) -> list[str]:
    """Return a Dockerfile's instructions, each on one line."""
    text = re.sub(r"^#.*\n", "", path.read_text("utf-8"), flags=re.MULTILINE)
    return [line for line in re.sub(r"\\\n\s*", "", text).splitlines() if line]


def test_hadolint_has_nothing_to_say() -> None:
    """Not a warning, and no rule is left out."""
    done = subprocess.run(  # noqa: S603 - a tool of our own environment
        [HADOLINT, "--no-color", *DOCKERFILES], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not [path for path in DOCKERFILES if "hadolint ignore" in path.read_text("utf-8")]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.name))
def test_an_image_is_no_roots(path: Path) -> None:
    """Its user is a number: for a name, Kubernetes could not tell that it is not root."""
    users = [line.split()[1] for line in instructions(path) if line.startswith("USER ")]

    assert re.fullmatch(r"[1-9]\d{3,4}:\d+", users[-1])
    words = instructions(path)
    # Whatever comes after is done by that user, and nothing is.
    assert {line.split()[0] for line in words[words.index(f"USER {users[-1]}") + 1 :]} <= {
        "CMD",
        "ENTRYPOINT",
    }


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.name))
def test_a_base_is_named_once_and_can_be_pinned(path: Path) -> None:
    """A release says its digest by BASE; no Dockerfile fetches anything from an address."""
    words = instructions(path)

    assert re.fullmatch(r"ARG BASE=[a-z/]+:\S+", words[0])
    assert {line.split()[1] for line in words if line.startswith("FROM ")} == {"${BASE}"}
    assert not [line for line in words if line.startswith("ADD ") or "://" in line]


def test_packages_come_by_their_hashes() -> None:
    """What the lock files do not know stops the build, and no script of a package runs."""
    function = " ".join(instructions(IMAGES / "function.Dockerfile"))
    dashboard = " ".join(instructions(IMAGES / "dashboard.Dockerfile"))

    assert "--require-hashes --only-binary=:all:" in function
    assert "npm ci --ignore-scripts" in dashboard


def test_a_function_starts_without_compiling() -> None:
    """Bytecode is there and is not compared with its source, and nothing else is written."""
    words = " ".join(instructions(IMAGES / "function.Dockerfile"))

    assert "compileall -q --invalidation-mode unchecked-hash .venv/lib shared functions" in words
    assert "PYTHONDONTWRITEBYTECODE=1" in words


def test_keycloaks_image_is_built_as_the_local_one() -> None:
    """One version and one set of features, wherever people sign in."""
    text = (IMAGES / "keycloak.Dockerfile").read_text("utf-8")

    assert f"keycloak/keycloak:{keycloak_build.VERSION}" in text
    [features] = [one for one in keycloak_build._BUILD_OPTIONS if one.startswith("--features")]
    assert features in text


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_image_of_a_manifest_can_be_built(name: str) -> None:
    """A word in a manifest's `image:` is a Dockerfile here, or known to be another's."""
    used = {
        container["image"]
        for one in overlay(name)
        if "template" in one.get("spec", {})
        for container in one["spec"]["template"]["spec"]["containers"]
    }

    assert used - FOREIGN <= {path.stem for path in DOCKERFILES}


def test_an_image_is_made_of_what_it_needs_alone() -> None:
    """No secret, no data and no file of another image's gets into a build by accident."""
    for path in DOCKERFILES:
        copies = [line for line in instructions(path) if re.match(r"COPY (?!--from)", line)]
        ignored = path.with_name(f"{path.name}.dockerignore")
        assert ignored.exists() == bool(copies)
        if copies:
            lines = ignored.read_text("utf-8").splitlines()
            assert lines[0] == "*"
            assert not {"!.data", "!.cache", "!.git", "!.venv", "!**"} & set(lines)


def test_the_system_of_compose_has_no_more_rights_than_it_needs() -> None:
    """It drops every capability, and its data outlive it."""
    [system] = yaml.safe_load((IMAGES / "compose.yaml").read_text("utf-8"))["services"].values()

    assert system["cap_drop"] == ["ALL"]
    assert system["security_opt"] == ["no-new-privileges:true"]
    assert "data:/data" in system["volumes"]
    assert "privileged" not in json.dumps(system)
