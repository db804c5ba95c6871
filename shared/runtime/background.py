"""Starts what no answer waits for: metrics, error reports and heavy clients."""

from shared.runtime import lifecycle, logs, metrics
from shared.runtime.settings import LOCAL, Settings

_warm_ups = []


def start(config: Settings) -> None:
    """Start each part; one that fails is logged and keeps none of the others."""
    address = "127.0.0.1" if config.environment == LOCAL else "0.0.0.0"  # noqa: S104 - a pod
    if config.metrics_port:
        try:
            close = metrics.start(config.metrics_port, address, {"service.name": config.function})
            lifecycle.on_shutdown(close)
        except Exception as failure:  # noqa: BLE001 - serving without metrics beats not serving
            logs.exception("metrics_not_started", failure)
    else:
        metrics.discard()
