"""Starts what no answer waits for: metrics, error reports and heavy clients."""

import os
from collections.abc import Callable
from typing import Final

from shared.runtime import lifecycle, logs, metrics, reporting
from shared.runtime.settings import LOCAL, Settings

_later: Final[list[Callable[[], None]]] = []


def after_first_answer(warm_up: Callable[[], None]) -> None:
    """Have something heavy made ready in a thread of its own, once the first answer has left."""
    _later.append(warm_up)


def start(config: Settings) -> None:
    """Start each part; one that fails is logged and keeps none of the others."""
    parts: list[Callable[[], None]] = [lambda: _start_metrics(config), *_later]
    if config.sentry_dsn:
        parts.insert(1, lambda: _start_reporting(config))
    for part in parts:
        try:
            part()
        except Exception as failure:  # noqa: BLE001 - serving without it beats not serving
            logs.exception("background_failed", failure)


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


def _start_reporting(config: Settings) -> None:
    tags = {"function": config.function, "K_SERVICE": os.environ.get("K_SERVICE", "")}
    close = reporting.start(
        config.sentry_dsn or "",
        environment=config.environment,
        release=os.environ.get("K_REVISION", ""),
        tags=tags,
    )
    lifecycle.on_shutdown(close)
