"""`replay` and `logs`: events once more, and how their deliveries went."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.runtime.merchant.api import Api, CommandError
from shared.runtime.merchant.forward import Forwarder
from shared.runtime.merchant.output import Output, clock, event_line
from shared.runtime.merchant.words import Speaker

LOOK_SECONDS: Final = 2.0
MOST_FOLLOWED: Final = 100
_SPAN: Final = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def read_span(text: str) -> int | None:
    """Read `15m`, `2h` or `3d` as seconds; None for what is none."""
    span = _SPAN.fullmatch(text)
    return int(timedelta(**{_UNITS[span[2]]: int(span[1])}).total_seconds()) if span else None


def read_time(text: str, now: datetime, speaker: Speaker) -> int:
    """Read `15m` ago, Unix seconds or an ISO time; Unix seconds. Raises CommandError."""
    if (span := read_span(text)) is not None:
        return int(now.timestamp()) - span
    if text.isascii() and text.isdigit() and len(text) <= len("9999999999"):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(speaker.say("time_unread", text=text)) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def forward(
    api: Api, forwarder: Forwarder, *, event: str | None, since: int | None, until: int
) -> tuple[int, int]:
    """Send one event, or those of a time, oldest first, to an own address.

    Returns how many it took, and of how many.
    """
    if event is not None:
        return int(forwarder.send(api.get(f"/v1/events/{event}"))), 1
    bounds = {"created[gte]": since, "created[lt]": until}
    found = list(api.pages("/v1/events", bounds))
    return sum(forwarder.send(each) for each in reversed(found)), len(found)


def resend(
    api: Api,
    endpoint: str | None,
    output: Output,
    *,
    event: str | None,
    since: int | None,
    until: int,
) -> None:
    """Have the API send them anew to an endpoint. Raises CommandError."""
    chosen = endpoint or _only_endpoint(api, output.speaker)
    path, count = f"/v1/webhook_endpoints/{chosen}/resend", 0
    body: dict[str, Any] = {"event": event} if event else {"created": {"gte": since, "lt": until}}
    while True:
        part = api.post(path, body)
        count += part["count"]
        if not part["has_more"]:
            break
        body["starting_after"] = part["last_event"]
    output.row(
        output.speaker.say("resent", count=count, endpoint=chosen), endpoint=chosen, count=count
    )


def show_events(api: Api, output: Output, most: int) -> None:
    """Write the newest events, the oldest of them first."""
    for event in reversed(api.get("/v1/events", limit=most)["data"]):
        write_event(event, output)


def write_event(event: Mapping[str, Any], output: Output) -> None:
    """Write one event."""
    about = event["data"]["object"]
    shown = event_line(event, f"{about.get('id', '')} {about.get('status', '')}")
    output.row(shown, **event)


def show_deliveries(api: Api, output: Output, most: int, *, follow: bool) -> None:
    """Write the newest deliveries, the oldest of them first, then what becomes of them."""
    output.say("no_requests")
    seen: dict[str, tuple[object, ...]] = {}
    while True:
        page = api.get("/v1/webhook_deliveries", limit=min(most, MOST_FOLLOWED))
        for delivery in reversed(page["data"]):
            state = delivery["status"], delivery["attempts"], delivery["last_status"]
            if seen.get(delivery["id"]) != state:
                seen[delivery["id"]] = state
                output.row(_delivery_line(delivery), **delivery)
        if not follow:
            return
        time.sleep(LOOK_SECONDS)


def _delivery_line(delivery: Mapping[str, Any]) -> str:
    last = delivery["last_error"] or delivery["last_status"] or "-"
    return (
        f"{clock(delivery['created'])}  {delivery['event_type']:<26}  {delivery['event']}"
        f"  {delivery['endpoint']}  {delivery['status']} {delivery['attempts']}x {last}"
    )


def _only_endpoint(api: Api, speaker: Speaker) -> str:
    found = [
        endpoint["id"]
        for endpoint in api.pages("/v1/webhook_endpoints", {})
        if endpoint["status"] == "enabled"
    ]
    if not found:
        raise CommandError(speaker.say("no_endpoint"))
    if len(found) > 1:
        raise CommandError(speaker.say("many_endpoints", ids=" ".join(found)))
    return str(found[0])
