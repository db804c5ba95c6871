"""Says the contract in French: every text of openapi.yaml by its pair in openapi.fr.yaml."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from knative.catalogue import ROOT
from knative.render.contract import unshared

FRENCH_PATH: Final = ROOT / "shared" / "contracts" / "openapi.fr.yaml"
_TEXTS: Final = ("summary", "description")
# What is shown as it is sent holds no words of ours but the summary of each example.
_SENT: Final = ("example", "value", "default", "enum", "const")


def load_french(path: Path = FRENCH_PATH) -> dict[str, str]:
    """Return the French of each English text.

    Raises ValueError where one English text stands there twice.
    """
    pairs = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    french = {unfolded(pair["en"]): unfolded(pair["fr"]) for pair in pairs}
    if len(french) != len(pairs):
        raise ValueError("an English text stands twice in openapi.fr.yaml")
    return french


def texts(node: Any, place: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each text of a document as its place, its key and what holds it."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from texts(item, f"{place}/{index}")
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key in _TEXTS and isinstance(value, str):
            yield place, key, node
        elif not (key in _SENT or str(key).startswith("x-")) or place.endswith("/properties"):
            yield from texts(value, f"{place}/{key}")


def unfolded(text: str) -> str:
    """Return a text with its lines joined; an empty line still parts two paragraphs."""
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))


def untranslated(document: Mapping[str, Any], french: Mapping[str, str]) -> list[str]:
    """Return where an English text has no French, as place and key, sorted."""
    return sorted(
        f"{place} {key}: {unfolded(node[key])[:60]}"
        for place, key, node in texts(document)
        if unfolded(node[key]) not in french
    )


def in_french(document: Mapping[str, Any], french: Mapping[str, str]) -> dict[str, Any]:
    """Return the document with French texts; what has none keeps its own."""
    whole = unshared(document)
    for _, key, node in list(texts(whole)):
        node[key] = french.get(unfolded(node[key]), node[key])
    whole["info"]["title"] = french.get(whole["info"]["title"], whole["info"]["title"])
    return whole
