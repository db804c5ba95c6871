"""`python -m knative.render.released` holds the contract to the last one that was released.

`--check` says what would break clients; `--release` makes today's contract the one that is held to,
and where that breaks clients wants the decision which says why (`--decision 0099-some-title`).
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from knative.catalogue import ROOT
from knative.render.breaking import breaking_changes
from knative.render.contract import load_document

RELEASED_PATH: Final = ROOT / "shared" / "contracts" / "openapi.released.json"
DECISIONS: Final = ROOT / "shared" / "docs" / "decisions"
_TEXTS: Final = frozenset({"summary", "description", "example", "examples", "tags"})
# Where the keys are names and no words of OpenAPI.
_NAMING: Final = frozenset(
    {"properties", "headers", "schemas", "parameters", "responses", "requestBodies", "content"}
    | {"securitySchemes", "paths"}
)


def bare(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what binds: the document without texts, examples and keys of ours."""
    return {
        "openapi": document["openapi"],
        "info": {key: document["info"][key] for key in ("title", "version")},
        **_bare({key: document[key] for key in ("security", "paths", "components")}),
    }


def _bare(node: Any, *, are_names: bool = False) -> Any:
    """Drop texts; names stay, whatever they are."""
    if isinstance(node, list):
        return [_bare(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _bare(value, are_names=key in _NAMING and not are_names)
        for key, value in node.items()
        if are_names or not (key in _TEXTS or str(key).startswith("x-"))
    }


def main(arguments: list[str], released: Path = RELEASED_PATH) -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(prog="knative.render.released", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true")
    what.add_argument("--release", action="store_true")
    parser.add_argument("--decision", help="file name without .md, below shared/docs/decisions")
    options = parser.parse_args(arguments)
    now = bare(load_document())
    before = json.loads(released.read_text("utf-8")) if released.exists() else now
    broken = breaking_changes(before, now)
    for each in broken:
        print(f"breaks clients: {each}", file=sys.stderr)  # noqa: T201 - a command speaks
    if options.check or (broken and not _is_decided(options.decision)):
        return 1 if broken else 0
    text = json.dumps(now, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    released.write_text(text + "\n", encoding="utf-8")
    return 0


def _is_decided(decision: str | None) -> bool:
    return decision is not None and (DECISIONS / f"{Path(decision).name}.md").is_file()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
