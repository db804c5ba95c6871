"""`make account NAME=…`: another account on the running system, printed once with its keys."""

import asyncio
import json
import os
import sys
from pathlib import Path

from knative.local.credentials import provision
from knative.local.layout import HOST, Layout, is_held
from knative.local.postgres import Server
from knative.local.programs import free_port
from knative.local.supervisor import StartError


def main() -> int:
    """Provision NAME on DATA_DIR's system; 1 with one sentence when that cannot be."""
    data_dir = Path(os.environ.get("DATA_DIR") or ".data").resolve()
    name = os.environ.get("NAME", "").strip()
    if not name:
        sys.stderr.write("Say whose account it is: make account NAME='Chez Marie'\n")
        return 1
    if not is_held(data_dir):
        sys.stderr.write(f"No system runs on {data_dir}: start one with `make run`.\n")
        return 1
    ports = json.loads((data_dir / "ports.json").read_text(encoding="utf-8"))
    url = os.environ.get("DATABASE_URL")
    host = Server.from_url(url).host if url else HOST
    layout = Layout(data_dir, ports, f"http://{HOST}:{ports['object_store']}", host)
    webhook_url = os.environ.get("WEBHOOK_URL") or f"http://127.0.0.1:{free_port()}"
    try:
        made = asyncio.run(provision(layout, name=name, webhook_url=webhook_url))
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    shown = {**made, "webhook_url": webhook_url, "base_url": layout.base_url}
    sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
