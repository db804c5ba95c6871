"""Wires the parts together and runs them until a signal."""

import asyncio
import gc
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.pubsub_v1.types import pubsub

from knative.local.pubsub.broker import Broker
from knative.local.pubsub.faults import fault_control
from knative.local.pubsub.http_door import documents, serve_http
from knative.local.pubsub.issuer import Issuer
from knative.local.pubsub.journal import Journal
from knative.local.pubsub.policy_service import PolicyService
from knative.local.pubsub.process import watch_parent
from knative.local.pubsub.publisher_service import PublisherService
from knative.local.pubsub.push import PushSender
from knative.local.pubsub.rest import rest_api
from knative.local.pubsub.schema_service import SchemaService
from knative.local.pubsub.service import Call, stream, unary
from knative.local.pubsub.snapshot_service import SnapshotService
from knative.local.pubsub.subscriber_service import SubscriberService

SUBSCRIBER = "google.pubsub.v1.Subscriber"
STOP_SECONDS = 0.3
MAX_GRPC_BYTES = 11 * 1024 * 1024  # above the API's own limit, which answers more clearly
MIN_PING_MILLISECONDS = 10_000
COLLECT_AFTER = (50_000, 20, 100)


@dataclass(frozen=True, slots=True)
class Settings:
    """How one server is started: `issuer` is the `iss` of its tokens, with `parent` it ends."""

    data_dir: Path
    port: int
    http_port: int
    project: str
    issuer: str
    parent: int


async def run(settings: Settings) -> None:
    """Serve until SIGTERM, SIGINT or the parent's end.

    Raises DamagedJournalError, and OSError or RuntimeError where a port is taken.
    """
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    watch_parent(settings.parent, stop.set)
    issuer = Issuer(settings.data_dir, settings.issuer)
    sender = PushSender(issuer)
    journal = Journal(settings.data_dir)
    broker = Broker(journal, on_configured=sender.configure)
    broker.restore()
    sweeping = asyncio.ensure_future(broker.sweep_forever())
    subscriber = SubscriberService(broker, settings.project)
    calls = {
        "google.pubsub.v1.Publisher": PublisherService(broker, settings.project).calls(),
        SUBSCRIBER: subscriber.calls() | SnapshotService(broker, settings.project).calls(),
        "google.pubsub.v1.SchemaService": SchemaService(broker, settings.project).calls(),
        "google.iam.v1.IAMPolicy": PolicyService(broker, settings.project).calls(),
    }
    server = _grpc_server(calls, subscriber)
    server.add_insecure_port(f"127.0.0.1:{settings.port}")
    rooms = (
        documents(
            {
                "/.well-known/openid-configuration": issuer.discovery(),
                "/jwks": issuer.jwks(),
                "/healthz": {"status": "ok"},
            }
        ),
        fault_control(sender.faults, sender.set_faults),
        rest_api({name: call for methods in calls.values() for name, call in methods.items()}),
    )
    door = await serve_http(settings.http_port, rooms)
    await server.start()
    # What lives now lives on, and a request leaves no cycles: seldom collections save a tenth.
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    sys.stderr.write(
        f"pubsub: serving project {settings.project}, gRPC on 127.0.0.1:{settings.port}, "
        f"tokens by {settings.issuer}\n"
    )
    await stop.wait()
    sweeping.cancel()
    sender.close()
    await server.stop(STOP_SECONDS)
    door.close()
    journal.close()


def _grpc_server(
    calls: dict[str, dict[str, Call]], subscriber: SubscriberService
) -> grpc.aio.Server:
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", MAX_GRPC_BYTES),
            ("grpc.max_send_message_length", MAX_GRPC_BYTES),
            ("grpc.so_reuseport", 0),
            # The official client pings each 30 s; gRPC's own limit would cut idle streams off.
            ("grpc.http2.min_ping_interval_without_data_ms", MIN_PING_MILLISECONDS),
            ("grpc.keepalive_permit_without_calls", 1),
        ]
    )
    for service, methods in calls.items():
        handlers = {name: unary(call) for name, call in methods.items()}
        if service == SUBSCRIBER:
            handlers["StreamingPull"] = stream(
                subscriber.streaming_pull, pubsub.StreamingPullRequest.pb()
            )
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    return server
