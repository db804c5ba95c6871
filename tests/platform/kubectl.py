"""Stands in for kubectl where Terraform waits: notes what it waits for, and what is there by then.

`python -m tests.platform.kubectl NOTES PORT TOKEN CERTIFICATE wait …`. No controller runs here, so
whatever Terraform waits for would never be.
"""

import json
import sys
from pathlib import Path
from typing import Final

from tests.platform.api import Api

# What comes in waves, by a word of each.
KINDS: Final = {
    "secrets": ("external-secrets.io/v1", "ExternalSecret"),
    "jobs": ("batch/v1", "Job"),
    "services": ("serving.knative.dev/v1", "Service"),
    "routes": ("networking.istio.io/v1", "VirtualService"),
    "ticks": ("sources.knative.dev/v1", "PingSource"),
}


def there(api: Api, namespace: str) -> dict[str, int]:
    """Return how many of each kind a namespace has."""
    found = {}
    for word, (version, kind) in KINDS.items():
        manifest = {"apiVersion": version, "kind": kind, "metadata": {"namespace": namespace}}
        found[word] = len(api.ask("GET", api.place(manifest))["items"])
    return found


def main(notes: str, port: str, token: str, certificate: str, *words: str) -> int:
    """Write one line: the words, and what is there."""
    api = Api(int(port), token, certificate)
    row = {"words": words, "there": there(api, words[words.index("-n") + 1])}
    with Path(notes).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
