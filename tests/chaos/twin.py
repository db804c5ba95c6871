"""A second instance of a running function, as the platform starts one beside the first."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import psutil
from google.pubsub_v1.services.subscriber import SubscriberClient
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from knative.catalogue import load_catalogue
from knative.local.layout import PUBSUB_PROJECT
from knative.local.programs import free_port
from tests.chaos.killer import answers
from tests.end_to_end.waiting import wait_for
from tests.system import HOST, ROOT, LocalSystem

_START_SECONDS: Final = 30.0
_DRAIN_SECONDS: Final = 35.0


@dataclass(frozen=True, slots=True)
class Twin:
    """The second instance: its process and its own address."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def drained(self) -> int:
        """Wait for its end; the exit status. One that does not end says what it still holds."""
        began = time.monotonic()
        try:
            return self.process.wait(_DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            connections = psutil.Process(self.process.pid).net_connections()
            log = self.log.read_text()[-2_000:]
            raise AssertionError(
                f"runs {time.monotonic() - began:.0f} s after SIGTERM: {connections}\n{log}"
            ) from None


@contextmanager
def twin(
    system: LocalSystem,
    name: str,
    change: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda environment: environment,
) -> Iterator[Twin]:
    """Start one with the environment of the first, as `change` has it; drained on leaving."""
    port = free_port()
    environment = psutil.Process(system.process_id(name)).environ()
    environment |= {"PORT": str(port), "METRICS_PORT": str(free_port())}
    path = system.data_dir / "logs" / f"{name}.twin.log"
    with path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "shared.runtime.serve"],
            cwd=ROOT,
            env=dict(change(environment)),
            stdout=log,
            stderr=log,
        )
    url = f"http://{HOST}:{port}"
    try:
        wait_for(f"a twin of {name}", lambda: answers(f"{url}/"), seconds=_START_SECONDS)
        yield Twin(process, url, path)
    finally:
        process.terminate()
        try:
            process.wait(_DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def pushing_to(system: LocalSystem, name: str, url: str) -> Iterator[None]:
    """Have the function's messages pushed to another address while the block lasts."""
    channel = grpc.insecure_channel(f"{HOST}:{system.ports['pubsub']}")
    client: Any = SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))
    (entry,) = (entry for entry in load_catalogue() if entry.name == name)
    mine = [
        f"projects/{PUBSUB_PROJECT}/subscriptions/{each.name}" for each in entry.subscriptions()
    ]
    configs = {
        each: client.get_subscription(request={"subscription": each}, timeout=10).push_config
        for each in mine
    }

    def point_to(address: str) -> None:
        for each, config in configs.items():
            config.push_endpoint = f"{address}/"
            client.modify_push_config(
                request={"subscription": each, "push_config": config}, timeout=10
            )

    try:
        point_to(url)
        yield
    finally:
        point_to(f"http://{HOST}:{system.ports[name]}")
        client.transport.close()
