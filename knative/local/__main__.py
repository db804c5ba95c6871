"""`make run`: the whole system on this machine, from nothing to charges flowing."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from knative.catalogue import CatalogueError, FunctionEntry, load_catalogue
from knative.local.boot import LocalSystem
from knative.local.cluster import PostgresError
from knative.local.credentials import Credentials, read_credentials
from knative.local.identity import choose_keycloak
from knative.local.keycloak import NAME as KEYCLOAK
from knative.local.layout import (
    HOST,
    Layout,
    LayoutError,
    check_format,
    check_port,
    choose_ports,
    hold,
    make_data_dir,
    reason_of,
    write_record,
)
from knative.local.left_out import DASHBOARD
from knative.local.object_store import prepare_store
from knative.local.postgres import Server
from knative.local.programs import end_with_parent
from knative.local.readiness import Readiness
from knative.local.secret_files import make_secrets

_PARTS = (
    "postgres",
    "pubsub",
    "pubsub_http",
    "gateway_admin",
    KEYCLOAK,
    DASHBOARD,
    "readiness",
    "mail",
    "webhook",
)


def main() -> int:
    """Start on PORT and DATA_DIR, run until told to leave; 1 with one sentence on refusal."""
    if "--end-with-parent" in sys.argv[1:]:
        end_with_parent()
    try:
        port = _read_port(os.environ.get("PORT") or "8080")
        entries = load_catalogue()
        data_dir = make_data_dir(Path(os.environ.get("DATA_DIR") or ".data"))
        with hold(data_dir):
            check_format(data_dir)
            read_credentials(data_dir)
            check_port(port)
            return _run(data_dir, port, entries)
    except (LayoutError, CatalogueError, PostgresError, OSError) as error:
        sys.stderr.write(f"Not started: {reason_of(error)}\n")
        return 1


def _run(data_dir: Path, port: int, entries: tuple[FunctionEntry, ...]) -> int:
    make_secrets(data_dir / "secrets")
    store = prepare_store(data_dir, data_dir / "secrets")
    names = [entry.name for entry in entries if entry.kind != "operation"]
    record = data_dir / "ports.json"
    url = os.environ.get("DATABASE_URL")
    database = Server.from_url(url) if url else None
    wanted = [*_PARTS, *names, *(f"{name}_metrics" for name in names)]
    with choose_ports(wanted, record) as chosen:
        ports = chosen | {"gateway": port, "object_store": store.ports["s3"]}
        if database is not None:
            ports["postgres"] = database.port
        write_record(record, ports)
        host = HOST if database is None else database.host
        keycloak_url = choose_keycloak(os.environ, ports[KEYCLOAK])
        layout = Layout(data_dir, ports, store.endpoint_url, host, keycloak_url)
        _say(f"Starting {len(names)} functions and their parts; logs in {layout.logs}")
        system = LocalSystem(layout, entries, store, _say, database=database)

        def show(credentials: Credentials, readiness: Readiness) -> None:
            _show(layout, credentials, readiness)

        return asyncio.run(system.run(show))


def _show(layout: Layout, credentials: Credentials, readiness: Readiness) -> None:
    rows = (
        ("API", credentials.base_url),
        ("API description", f"{credentials.base_url}/openapi.json"),
        ("Dashboard, once people can sign in", f"{credentials.base_url}/"),
        ("Ready", f"{credentials.base_url}/readyz"),
        ("Stand-in operators", f"{credentials.simulator_url}/mtn"),
        ("Account", credentials.account),
        ("Secret key (test)", credentials.secret_key),
        ("Publishable key (test)", credentials.publishable_key),
        ("Webhooks go to", credentials.webhook_url),
        ("Mail and text messages lie in", str(layout.mailbox)),
        ("Data", str(layout.data_dir)),
        ("Logs", str(layout.logs)),
        ("All keys", str(layout.data_dir / "credentials.json")),
    )
    width = max(len(name) for name, _ in rows)
    _say("")
    for name, value in rows:
        _say(f"  {name:<{width}}  {value}")
    _say("")
    if readiness.is_ready:
        _say("Charges flow. `make demo` makes one; Ctrl-C ends everything, data stay.")
    else:
        _say(f"Not ready yet: see {credentials.base_url}/readyz. Ctrl-C ends everything.")


def _read_port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65_536:  # noqa: PLR2004 - TCP's own bound
        raise LayoutError(f"PORT is a number from 1 to 65535, not {text!r}")
    return int(text)


def _say(line: str) -> None:
    # Whoever read our lines may have left; the system runs on and ends in order all the same.
    with contextlib.suppress(OSError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
