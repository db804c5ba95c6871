"""Reports faults to Sentry where one is configured; of a request it sends the trace and no more."""

import sys
from collections.abc import Callable
from typing import Any, Final

from shared.runtime import tracing
from shared.runtime.logs import redact

FLUSH_SECONDS: Final = 2
DEEPEST: Final = 12


def start(dsn: str, *, environment: str, release: str, tags: dict[str, str]) -> Callable[[], None]:
    """Start Sentry with nothing automatic; returns how to flush it (2 s at most)."""
    import sentry_sdk  # noqa: PLC0415 - heavy

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=release,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        default_integrations=False,
        auto_enabling_integrations=False,
        max_breadcrumbs=0,
        traces_sample_rate=0,
        before_send=scrub,  # type: ignore[arg-type]  # the SDK's Event is a TypedDict of its own
        shutdown_timeout=FLUSH_SECONDS,
    )
    for name, value in tags.items():
        sentry_sdk.set_tag(name, value)

    def close() -> None:
        sentry_sdk.flush(FLUSH_SECONDS)

    return close


def capture(failure: BaseException) -> None:
    """Report a fault; does nothing until Sentry has started."""

    if "sentry_sdk" in sys.modules:
        sys.modules["sentry_sdk"].capture_exception(failure)


def scrub(event: dict[str, Any], _hint: dict[str, Any]) -> dict[str, Any]:
    """Drop request, user and breadcrumbs, and redact every text that is left."""
    for name in ("request", "user", "breadcrumbs", "extra", "server_name"):
        event.pop(name, None)
    trace = tracing.current()
    if trace is not None:
        event.setdefault("tags", {})["trace_id"] = trace.trace_id
    scrubbed = _scrub(event, 0)
    return scrubbed if isinstance(scrubbed, dict) else {}


def _scrub(value: object, depth: int) -> object:
    if depth > DEEPEST:
        return "…"
    match value:
        case str():
            return redact(value)
        case dict():
            return {name: _scrub(item, depth + 1) for name, item in value.items() if name != "vars"}
        case list() | tuple():
            return [_scrub(item, depth + 1) for item in value]
        case _:
            return value
