"""Stands in for the controller of Deployments: says of each that all its pods are there.

The kubectl provider waits for that after each one that it applies.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.platform.api import Api, Manifest

_KIND: Final = {"apiVersion": "apps/v1", "kind": "Deployment"}
_BETWEEN_SECONDS: Final = 0.2


@contextmanager
def rolled_out(api: Api, namespace: str) -> Iterator[None]:
    """Roll out whatever Deployment appears in a namespace, until the end."""
    ended = threading.Event()
    # A connection of its own: another thread asks.
    own = Api(api.port, api.token, api.certificate)
    place = own.place({**_KIND, "metadata": {"namespace": namespace}})

    def work() -> None:
        while not ended.wait(_BETWEEN_SECONDS):
            for one in own.ask("GET", place)["items"]:
                if one["status"].get("observedGeneration") != one["metadata"]["generation"]:
                    path = f"{place}/{one['metadata']['name']}/status"
                    own.ask("PATCH", path, _whole(one), kind="merge-patch+json")

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        own.close()


def _whole(deployment: Manifest) -> Manifest:
    kinds = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    status = dict.fromkeys(kinds, deployment["spec"]["replicas"])
    generation = deployment["metadata"]["generation"]
    return {"status": {**status, "observedGeneration": generation}}
