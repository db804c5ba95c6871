"""What others define, as their modules bring it: kinds, webhooks, and settings with ours put in."""

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any, Final

import yaml

from knative.catalogue import ROOT
from tests.platform import get_parts
from tests.platform.api import Manifest

SETTINGS: Final = {"knative-serving": "serving.yaml", "knative-eventing": "eventing.yaml"}
_SUM: Final = "knative.dev/example-checksum"


def documents() -> Iterator[Manifest]:
    """Yield each document, with our settings of Knative in its ConfigMaps."""
    settings = {namespace: ours(namespace) for namespace in SETTINGS}
    for document in as_they_come():
        metadata = document["metadata"]
        if document["kind"] == "ConfigMap":
            wanted = settings[metadata["namespace"]].get(metadata["name"], {})
            document["data"] = {**document.get("data", {}), **wanted}
            # The webhook holds the examples against their sum; what is set says more.
            metadata.get("annotations", {}).pop(_SUM, None)
            document["data"].pop("_example", None)
        elif document["kind"] == "CustomResourceDefinition":
            # Helm's own words, where a definition comes out of a chart.
            labels = metadata.get("labels", {})
            metadata["labels"] = {key: text for key, text in labels.items() if "{{" not in text}
        yield document


def as_they_come() -> list[Manifest]:
    """Return a copy of each document of each module."""
    return deepcopy(_read())


@cache
def _read() -> list[Manifest]:
    return [
        document
        for path in sorted(get_parts.definitions().rglob("*.yaml"))
        for document in yaml.load_all(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        if document is not None
    ]


def ours(namespace: str) -> dict[str, dict[str, str]]:
    """Return, by the name of its ConfigMap, what we set."""
    text = (ROOT / "knative" / "platform" / SETTINGS[namespace]).read_text("utf-8")
    body: Any = yaml.safe_load(text)
    return {f"config-{word}": data for word, data in body["spec"].get("config", {}).items()}
