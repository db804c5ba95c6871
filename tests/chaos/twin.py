"""A second instance of a running function, as the platform starts one beside the first."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
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
    path = system.data_dir / "logs" / f"{name}.twin.{port}.log"
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
def side_by_side(*wanted: AbstractContextManager[Twin]) -> Iterator[list[Twin]]:
    """Start several at once, and end them at once."""
    with ExitStack() as stack:
        with ThreadPoolExecutor(len(wanted)) as starting:
            started = list(starting.map(stack.enter_context, wanted))
        yield started
        for each in started:
            each.process.terminate()


@contextmanager
def pushing_to(
    system: LocalSystem, name: str, url: str, *, ack_seconds: int | None = None
) -> Iterator[None]:
    """Have the function's messages pushed to another address while the block lasts.

    What was pushed there comes again after `ack_seconds`, or after as long as always.
    """
    channel = grpc.insecure_channel(f"{HOST}:{system.ports['pubsub']}")
    client: Any = SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))
    (entry,) = (entry for entry in load_catalogue() if entry.name == name)
    mine = [
        f"projects/{PUBSUB_PROJECT}/subscriptions/{each.name}" for each in entry.subscriptions()
    ]
    found = [client.get_subscription(request={"subscription": n}, timeout=10) for n in mine]

    def point_to(address: str, seconds: int | None) -> None:
        for each in found:
            wanted = type(each)(each)
            wanted.push_config.push_endpoint = f"{address}/"
            wanted.ack_deadline_seconds = seconds or each.ack_deadline_seconds
            changed = {"paths": ["push_config", "ack_deadline_seconds"]}
            client.update_subscription(
                request={"subscription": wanted, "update_mask": changed}, timeout=10
            )

    try:
        point_to(url, ack_seconds)
        yield
    finally:
        point_to(f"http://{HOST}:{system.ports[name]}", None)
        client.transport.close()
