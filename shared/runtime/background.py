"""Starts what no answer waits for: metrics, error reports and heavy clients."""

import gc
import os
from collections.abc import Callable  # noqa: TC003 - the same in every module of this room

from shared.runtime import lifecycle, logs, metrics, reporting
from shared.runtime.settings import LOCAL, Settings


def start(config: Settings) -> None:
    """Start each part; one that fails is logged and keeps none of the others."""
    parts: list[Callable[[], None]] = [lambda: _start_metrics(config)]
    if config.sentry_dsn:
        parts.append(lambda: _start_reporting(config))
    if config.pubsub_project:
        parts.append(_warm_up_broker)
    for part in parts:
        try:
            part()
        except Exception as failure:  # noqa: BLE001 - serving without it beats not serving
            logs.exception("background_failed", failure)
    # What was loaded stays: the collector need not walk through it again and again.
    gc.collect()
    gc.freeze()


def _start_metrics(config: Settings) -> None:
    if config.metrics_port is None:
        metrics.discard()
        return
    address = "127.0.0.1" if config.environment == LOCAL else "0.0.0.0"  # noqa: S104 - a pod
    resource = {
        "service.name": config.function,
        "service.instance.id": os.environ.get("HOSTNAME", ""),
        "service.version": os.environ.get("K_REVISION", ""),
    }
    lifecycle.on_shutdown(metrics.start(config.metrics_port, address, resource))


def _warm_up_broker() -> None:
    """Import and connect the Pub/Sub client, so that the first message does not wait for it."""
    from shared.runtime import wiring  # noqa: PLC0415 - the functions that publish have it already

    wiring.broker().warm_up()


def _start_reporting(config: Settings) -> None:
    tags = {"function": config.function, "K_SERVICE": os.environ.get("K_SERVICE", "")}
    close = reporting.start(
        config.sentry_dsn or "",
        environment=config.environment,
        release=os.environ.get("K_REVISION", ""),
        tags=tags,
    )
    lifecycle.on_shutdown(close)
