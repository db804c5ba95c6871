"""Says what an API server would not take, by the schemas of the kinds that we write."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.manifests.bundles import Manifest


@cache
def _schemas() -> dict[str, Any]:
    file = Path(__file__).with_name("schemas.json")
    known: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return known


@cache
def _validator(kind: str) -> Draft202012Validator:
    """Return what judges one kind. Raises KeyError on one that has no place here."""
    return Draft202012Validator({"$defs": _schemas()["$defs"], **_schemas()[kind]})


def refusals(manifest: Manifest) -> list[str]:
    """Tell what an API server would not take: an unknown or missing field, a wrong type."""
    kind = f"{manifest['apiVersion']}/{manifest['kind']}"
    return [
        f"{kind} {manifest['metadata']['name']} {error.json_path}: {error.message}"
        for error in _validator(kind).iter_errors(manifest)
    ]
