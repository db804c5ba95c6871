"""The merchants' command line as a merchant types it, beside the whole local system."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from knative.local.programs import free_port
from tests.end_to_end.merchant import Merchant, RecordingReceiver, open_merchant
from tests.end_to_end.waiting import wait_for
from tests.system import HOST, ROOT, LocalSystem

PATIENCE_SECONDS: Final = 60.0
MODULE: Final = "shared.runtime.merchant"
SECRET_LINE: Final = "Signing secret, for your library: "
TRIGGERED: Final = (
    ["charge.failed", "--code", "payer_declined"],
    ["customer.created"],
    ["checkout.completed"],
    ["checkout.expired"],
    ["file.available"],
    ["file.refused"],
    ["report.succeeded"],
)


class Terminal:
    """Where a merchant types commands; the key is in the environment."""

    def __init__(self, merchant: Merchant, folder: Path) -> None:
        """`folder` takes what is printed by what goes on."""
        self._folder = folder
        self._environment = {
            **os.environ,
            "PAY_API_KEY": merchant.secret_key,
            "PAY_API_URL": merchant.base_url,
            "LC_ALL": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
        }

    def type(self, *words: str, **more: str) -> list[dict[str, Any]]:
        """Run a command to its end, with more in its environment; return its results."""
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", MODULE, *words, "--json"],
            cwd=ROOT,
            env=self._environment | more,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def trigger(self, *words: str) -> dict[str, Any]:
        """Make something happen; return the event that tells of it."""
        [event] = self.type("trigger", *words)
        return event

    @contextmanager
    def leave(self, *words: str, name: str, **more: str) -> Iterator["Left"]:
        """Start a command that goes on, for as long as this lasts."""
        printed = self._folder / name
        with printed.open("w") as out, heeding_interrupts():
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", MODULE, *words],
                cwd=ROOT,
                env=self._environment | more,
                stdout=out,
                stderr=out,
            )
        try:
            yield Left(process, printed)
        finally:
            process.kill()
            process.wait()


@contextmanager
def heeding_interrupts() -> Iterator[None]:
    """Whatever is started meanwhile hears Ctrl-C, also where a shell has put the tests behind."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Left:
    """A command that goes on."""

    def __init__(self, process: subprocess.Popen[bytes], printed: Path) -> None:
        """Keep what it is and where it prints."""
        self._process = process
        self._printed = printed

    def line(self, start: str) -> str:
        """Wait for a line that starts so; return the rest of it."""

        def look() -> str | None:
            lines = self._printed.read_text("utf-8").splitlines()
            found = [each.removeprefix(start) for each in lines if each.startswith(start)]
            return found[0] if found else None

        return wait_for(f"a line {start!r}", look, seconds=PATIENCE_SECONDS)

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """End it as a machine that loses its power does."""
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """An account of this module, with an endpoint of its own that takes everything."""
    with open_merchant(local_system, "Terminal") as opened:
        yield opened


@pytest.fixture
def terminal(merchant: Merchant, tmp_path: Path) -> Terminal:
    """Where she types."""
    return Terminal(merchant, tmp_path)


def told(merchant: Merchant, after: str | None = None) -> list[str]:
    """The events that the API lists, oldest first; those after one of them."""
    ids = sorted(each["id"] for each in merchant.read("/v1/events?limit=100")["data"])
    return [each for each in ids if after is None or each > after]


def wait_taken(receiver: RecordingReceiver, events: Sequence[str]) -> Mapping[str, int]:
    """How often each event came, once each of these did."""

    def look() -> Mapping[str, int] | None:
        counts = receiver.counts()
        return counts if set(events) <= counts.keys() else None

    return wait_for(f"{len(events)} events at {receiver}", look, seconds=PATIENCE_SECONDS)


def test_what_is_triggered_reaches_her_machine_signed(terminal: Terminal) -> None:
    """`listen` prints a secret by which the published library takes whatever `trigger` makes
    happen; Ctrl-C ends it without a complaint."""
    url = f"http://{HOST}:{free_port()}/hooks"
    with terminal.leave("listen", "--forward-to", url, name="listen") as listening:
        secret = listening.line(SECRET_LINE)
        with RecordingReceiver(url, secret) as receiver:
            begun = terminal.trigger("charge.succeeded")
            with ThreadPoolExecutor(2) as pool:
                events = [begun, *pool.map(lambda words: terminal.trigger(*words), TRIGGERED)]
            counts = wait_taken(receiver, [event["id"] for event in events])
            types = {each.event_id: each.event_type for each in receiver.arrivals()}
            code = listening.interrupt()

    wanted = ["charge.succeeded", *(words[0] for words in TRIGGERED)]
    assert [event["type"] for event in events] == wanted
    assert [types[event["id"]] for event in events] == wanted
    assert events[1]["data"]["object"]["failure_code"] == "payer_declined"
    assert (set(counts.values()), receiver.refused, code) == ({1}, 0, 0)


def test_a_listener_that_was_killed_goes_on_without_a_gap(
    merchant: Merchant, terminal: Terminal
) -> None:
    """Started anew after the last event it sent, with its secret, it sends each since, in order."""
    url = f"http://{HOST}:{free_port()}/hooks"
    listen = ("listen", "--forward-to", url)
    with terminal.leave(*listen, name="first") as first:
        secret = first.line(SECRET_LINE)
        with RecordingReceiver(url, secret) as receiver:
            before = terminal.trigger("customer.created")["id"]
            wait_taken(receiver, [before])
            first.kill()
            away = [terminal.trigger("customer.updated")["id"] for _ in range(2)]
            again = (*listen, "--after", before)
            with terminal.leave(*again, name="second", PAY_WEBHOOK_SECRET=secret) as second:
                second.line(SECRET_LINE)
                since = terminal.trigger("customer.deleted")["id"]
                wait_taken(receiver, [*away, since])
            order = [each.event_id for each in receiver.arrivals() if each.event_id > before]

    assert order == told(merchant, before)
    assert {*away, since} < set(order)
    assert receiver.refused == 0


def test_what_went_out_is_shown_and_sent_once_more(merchant: Merchant, terminal: Terminal) -> None:
    """`logs` shows the delivery of each event, `replay` has the API send one anew, or sends a
    stretch of time from here, oldest first."""
    event = terminal.trigger("customer.created")["id"]
    wait_taken(merchant.receiver, [event])

    def logged() -> dict[str, Any] | None:
        rows = terminal.type("logs", "--limit", "100")
        done = [each for each in rows if (each["event"], each["status"]) == (event, "succeeded")]
        return done[0] if done else None

    delivery = wait_for("the delivery in the log", logged, seconds=PATIENCE_SECONDS)
    [resent] = terminal.type("replay", event)
    wait_for(
        "the event once more",
        lambda: merchant.receiver.counts()[event] == 2,
        seconds=PATIENCE_SECONDS,
    )
    url = f"http://{HOST}:{free_port()}/hooks"
    with terminal.leave("replay", "--since", "1h", "--forward-to", url, name="secret") as unheard:
        secret = unheard.line(SECRET_LINE)
        unheard.line(f"{url} took 0 of ")
    with RecordingReceiver(url, secret) as receiver:
        known = told(merchant)
        rows = terminal.type(
            "replay", "--since", "1h", "--forward-to", url, PAY_WEBHOOK_SECRET=secret
        )
        order = [each.event_id for each in receiver.arrivals()]

    assert (delivery["event_type"], delivery["attempts"]) == ("customer.created", 1)
    assert (resent["endpoint"], resent["count"]) == (delivery["endpoint"], 1)
    assert order == known == [row["event"] for row in rows]
    assert {row["status"] for row in rows} == {204}
    assert receiver.refused == 0


def test_a_clock_put_ahead_ends_holds_and_sends_what_was_scheduled(
    local_system: LocalSystem, tmp_path: Path
) -> None:
    """In the whole system, by its own ticks: money is available and a payout of the day after
    tomorrow is paid, within a minute."""
    with open_merchant(local_system, "Ahead") as merchant:
        terminal = Terminal(merchant, tmp_path)
        terminal.trigger("charge.succeeded")
        [later] = terminal.type("clock", "advance", "1h")
        [available] = merchant.read("/v1/balance")["available"]
        body = {
            "amount": 100,
            "currency": "xaf",
            "destination": {"type": "mobile_money", "phone": "+237670000001"},
            "scheduled_at": later["now"] + 2 * 86_400,
        }
        made = merchant.call("POST", "/v1/payouts", json.dumps(body).encode(), "ahead-1")
        assert made.status == 200, made.data
        payout = made.json()
        [there] = terminal.type("clock", "advance", "49h")

        def paid() -> dict[str, Any] | None:
            found: dict[str, Any] = merchant.read(f"/v1/payouts/{payout['id']}")
            return found if found["status"] == "paid" else None

        wait_for("the payout that was scheduled", paid, seconds=PATIENCE_SECONDS)

    assert (later["status"], later["ahead_seconds"]) == ("ready", 3600)
    assert (there["status"], there["ahead_seconds"]) == ("ready", 50 * 3600)
    assert available["amount"] > body["amount"]
    assert payout["status_detail"] == "scheduled"
