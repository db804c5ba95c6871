"""Starts the server: `python -m knative.local.pubsub --data-dir DIR --port N --http-port M`."""

import argparse
import os
import sys
from pathlib import Path

import uvloop

from knative.local.pubsub.journal import DamagedJournalError
from knative.local.pubsub.process import (
    DirectoryInUseError,
    PortInUseError,
    check_port,
    lock_directory,
    skip_client_code,
)

PARENT = os.getppid()  # asked as early as can be: later it may be somebody else
skip_client_code()
# gRPC reads this as it loads: its older listener wakes one thread less for each request, which
# saves a tenth of the processor time. A gRPC that no longer has it says so and goes on.
os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_listener")
from knative.local.pubsub.server import Settings, run  # noqa: E402 - what it imports is prepared

REFUSALS = (
    DirectoryInUseError,
    PortInUseError,
    DamagedJournalError,
    OSError,
    RuntimeError,
    ValueError,
)


def main() -> int:
    """Run until a signal; 1 with one sentence on standard error where it cannot start."""
    settings = _settings()
    try:
        lock_directory(settings.data_dir)
        check_port(settings.port)
        check_port(settings.http_port)
        uvloop.run(run(settings))
    except REFUSALS as error:
        sys.stderr.write(f"pubsub: cannot serve: {error}\n")
        return 1
    return 0


def _settings() -> Settings:
    parser = argparse.ArgumentParser(
        prog="knative.local.pubsub", description="A durable local server of the Pub/Sub API."
    )
    parser.add_argument("--data-dir", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--port", type=int, required=True, help="gRPC, on 127.0.0.1")
    parser.add_argument("--http-port", type=int, required=True, help="issuer and health")
    parser.add_argument("--project", default="local", help="the one project that is served")
    parser.add_argument("--issuer", help="`iss` of the tokens; default http://127.0.0.1:HTTP_PORT")
    given = parser.parse_args()
    return Settings(
        data_dir=given.data_dir,
        port=given.port,
        http_port=given.http_port,
        project=given.project,
        parent=PARENT,
        issuer=given.issuer or f"http://127.0.0.1:{given.http_port}",
    )


if __name__ == "__main__":
    sys.exit(main())
