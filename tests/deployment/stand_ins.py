"""Puts providers that know their schema alone into a mirror, where the real ones cannot be had."""

import json
import re
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from tests import terraform_tool
from tests.deployment import get_parts, schema_provider
from tests.deployment.get_parts import WHEELS

_SOURCE: Final = re.compile(r'source\s*=\s*"([a-z]+/[a-z]+)"')
_TYPE: Final = re.compile(r'^\s*(?:resource|data|ephemeral) "(\w+)"', re.MULTILINE)


def sources(folder: Path) -> set[str]:
    """Return the providers that a folder of configuration asks for."""
    return set(_SOURCE.findall((folder / "versions.tf").read_text("utf-8")))


def make(mirror: Path) -> set[str]:
    """Make what can be made; return the providers that a run has then, real ones included."""
    there = set()
    for provider in WHEELS:
        source = f"hashicorp/{provider}"
        if not terraform_tool.has_provider(source) and get_parts.schema_path(provider).exists():
            _make(mirror, provider)
            there.add(source)
    known = {"hashicorp/aws", "hashicorp/google", "hashicorp/helm", "gavinbunney/kubectl"}
    return there | {source for source in known if terraform_tool.has_provider(source)}


def _make(mirror: Path, provider: str) -> None:
    version = WHEELS[provider].stands_for
    real = get_parts.mirrored(f"hashicorp/{provider}", version)
    program = mirror / real.relative_to(terraform_tool.CACHE / "mirror")
    program.parent.mkdir(parents=True)
    schema = mirror / f"{provider}.schema"
    whole = json.loads(get_parts.schema_path(provider).read_text("utf-8"))
    schema.write_bytes(schema_provider.encode(_used(whole)))
    words = shlex.join((sys.executable, "-I", schema_provider.__file__, str(schema)))
    program.write_text(f"#!/bin/sh\nexec {words}\n", encoding="utf-8")
    program.chmod(0o755)


def _used(schema: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Leave out what no file of the tree names: Terraform reads a schema anew at each start."""
    names = set(_names(terraform_tool.TREE.rglob("*.tf")))
    return {
        kind: {n: block for n, block in blocks.items() if kind == "provider" or n in names}
        for kind, blocks in schema.items()
    }


def _names(paths: Iterable[Path]) -> Iterable[str]:
    for path in paths:
        yield from _TYPE.findall(path.read_text("utf-8"))
