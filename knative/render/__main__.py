"""`python -m knative.render` writes every derived file; `--check` only says which are stale."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from knative.catalogue import ROOT, CatalogueError, load_applications, load_catalogue
from knative.render.applications import render_applications
from knative.render.cddl import methods, render_cddl
from knative.render.contract import (
    compact_json,
    load_document,
    load_routes,
    with_common_headers,
)
from knative.render.envoy import render_envoy
from knative.render.examples import load_examples, with_examples
from knative.render.forms import add_forms, render_forms
from knative.render.french import in_french, load_french
from knative.render.gateways import render_gateways
from knative.render.namespace import render_namespace
from knative.render.operations import render_operations
from knative.render.routes import render_routes
from knative.render.samples import add_samples
from knative.render.services import render_services
from knative.render.text import yaml_text

# Folders that hold derived files alone: what is found there and no longer rendered is stale too.
OWNED: Final = ("knative/base",)


def render_all() -> dict[str, str]:
    """Return the text of every derived file by its path below the repository root.

    Raises:
        CatalogueError: one of the contracts is wrong or they contradict each other.

    """
    entries = load_catalogue()
    document = load_document()
    routes = load_routes(entries, document)
    english = with_examples(with_common_headers(document), load_examples())
    add_forms(english)
    add_samples(english, [route.operation_id for route in methods(entries, routes, document)])
    applications = load_applications()
    base = {
        **render_namespace(),
        **render_services(entries),
        **render_applications(applications, entries),
        **render_routes(entries, routes),
        **render_gateways(entries, applications, routes),
    }
    base["kustomization.yaml"] = _kustomization(base)
    return {
        "shared/contracts/forms.json": render_forms(document),
        "shared/contracts/operations.py": render_operations(routes),
        "shared/contracts/openapi.json": compact_json(english),
        "shared/contracts/openapi.fr.json": compact_json(in_french(english, load_french())),
        "shared/contracts/rpc.cddl": render_cddl(entries, routes, document),
        "knative/local/envoy.yaml": render_envoy(entries, routes),
        **{f"knative/base/{path}": text for path, text in base.items()},
    }


def _kustomization(base: Mapping[str, str]) -> str:
    kind = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    return yaml_text([{**kind, "resources": sorted(base)}])


def stale_files(rendered: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """Return the paths whose content differs, is missing or is no longer rendered, sorted."""
    differing = {
        path
        for path, text in rendered.items()
        if not (root / path).is_file() or (root / path).read_text("utf-8") != text
    }
    return sorted(differing | leftovers(rendered, root))


def leftovers(rendered: Mapping[str, str], root: Path = ROOT) -> set[str]:
    """Return files in the folders of derived files that nothing renders any more."""
    found = {
        path.relative_to(root).as_posix()
        for folder in OWNED
        for path in (root / folder).rglob("*")
        if path.is_file()
    }
    return found - set(rendered)


def write_all(rendered: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """Write what is stale, remove what is left over, and return the paths touched."""
    touched = stale_files(rendered, root)
    for path in touched:
        target = root / path
        if path not in rendered:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(rendered[path], "utf-8")
    return touched


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Return 0, or 1 when `--check` found stale files or the contracts are wrong."""
    parser = argparse.ArgumentParser(prog="python -m knative.render", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on stale files")
    options = parser.parse_args(arguments)
    try:
        rendered = render_all()
    except CatalogueError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command speaks to its terminal
        return 1
    if not options.check:
        for path in write_all(rendered, root):
            print(path)  # noqa: T201 - a command speaks to its terminal
        return 0
    stale = stale_files(rendered, root)
    for path in stale:
        print(f"stale: {path} (run `make manifests`)", file=sys.stderr)  # noqa: T201 - likewise
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
