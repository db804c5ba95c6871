"""The outbox under relays that are killed: what was committed is published, however late.

The relays run the real function, each in a process of its own, before a real Pub/Sub server. Beside
them a reader that goes by "id greater than the last" shows what their way of claiming is for.
"""

import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from functions.relay_outbox.main import relay
from knative.local.postgres import connect
from shared.domain.events import CHARGE_CHECK_DUE, CHARGE_CREATED, PAYMENT_FINAL, WEBHOOK_DUE
from tests.database import Account, Database
from tests.factories import an_id
from tests.pubsub_server import PROJECT, Client, Server, started, wait_for
from tests.trials import Trial

RELAYS: Final = 4
ROWS_PER_COMMIT: Final = 20
_PROCESSES: Final = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])
_SUBSCRIPTION: Final = f"projects/{PROJECT}/subscriptions/all"
WRITE: Final = """
INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, created_at)
SELECT id, 'charge-created', :account, false, 'ch_x', now() - interval '4 s'
FROM unnest(CAST(:ids AS text[])) id"""
WAITING: Final = """
SELECT count(*) FROM platform.outbox WHERE account_id = :account AND published_at IS NULL"""
END_LEASES: Final = """
UPDATE platform.outbox SET lease_until = now() WHERE id IN (
    SELECT id FROM platform.outbox
    WHERE account_id = :account AND published_at IS NULL AND lease_until > now()
    FOR UPDATE SKIP LOCKED)"""
BY_ID: Final = """
SELECT id FROM platform.outbox WHERE account_id = :account AND id > :last ORDER BY id LIMIT 100"""


def relay_for_ever(environment: Mapping[str, str], log: Path) -> None:
    """Be a relay_outbox whose clock never rests, until killed."""
    os.environ.update(environment)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    while True:
        relay()


class Team:
    """Relays of which any may be killed; a killed one is replaced."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._start = partial(
            _PROCESSES.Process, target=relay_for_ever, args=(environment, log), daemon=True
        )
        self._relays = [self._started() for _ in range(RELAYS)]

    def _started(self) -> Any:
        process = self._start()
        process.start()
        return process

    def kill(self, number: int) -> None:
        """Kill -9, and start another in its place."""
        self._relays[number].kill()
        self._relays[number].join(10)
        assert self._relays[number].exitcode == -9, "a relay had ended by itself"
        self._relays[number] = self._started()

    def end(self) -> None:
        """Kill all."""
        for process in self._relays:
            process.kill()
            process.join(10)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Server]:
    """A Pub/Sub server with the topics of a charge and one subscription."""
    with started(tmp_path / "pubsub") as server:
        names = [
            f"projects/{PROJECT}/topics/{topic}"
            for topic in (CHARGE_CREATED, CHARGE_CHECK_DUE, PAYMENT_FINAL, WEBHOOK_DUE)
        ]
        for name in names:
            server.publisher().create_topic(request={"name": name}, timeout=5)
        subscription = {"name": _SUBSCRIPTION, "topic": names[0]}
        server.subscriber().create_subscription(request=subscription, timeout=5)
        yield server


class Writers:
    """Two that write in turn; now and then one commits only after the other's next commit."""

    def __init__(self, account: Account, trial: Trial, rows: int) -> None:
        self._account = account
        self._chance = trial.chance
        self._rows = rows
        self._commits = 0
        self._lock = threading.Lock()
        self._late = threading.Lock()
        self.ids: set[str] = set()

    def write(self, connection: Any) -> None:
        """Write until there are enough rows."""
        while len(self.ids) < self._rows:
            ids = [an_id("msg") for _ in range(ROWS_PER_COMMIT)]
            until = self._commits + 1
            connection.run("BEGIN")
            connection.run(WRITE, account=self._account.id, ids=ids)
            # One at a time, or each would wait for the other.
            if self._chance.random() < 0.2 and self._late.acquire(blocking=False):
                wait_for(partial(self._is_later_than, until), "the other has committed", seconds=60)
                self._late.release()
            connection.run("COMMIT")
            with self._lock:
                self._commits += 1
                self.ids.update(ids)

    def _is_later_than(self, commits: int) -> bool:
        return self._commits >= commits or len(self.ids) >= self._rows


def _collect(subscriber: Client, is_over: threading.Event) -> Counter[str]:
    """Take what is published, and count it by its event id."""
    found: Counter[str] = Counter()
    while True:
        was_over = is_over.is_set()
        pulled = subscriber.pull(
            request={"subscription": _SUBSCRIPTION, "max_messages": 1000}, timeout=15
        ).received_messages
        found.update(one.message.attributes["event_id"] for one in pulled)
        if pulled:
            ack_ids = [one.ack_id for one in pulled]
            subscriber.acknowledge(
                request={"subscription": _SUBSCRIPTION, "ack_ids": ack_ids}, timeout=15
            )
        elif was_over:
            return found


def _follow_by_id(connection: Any, account: str, is_over: threading.Event) -> set[str]:
    """Read as a queue must not be read."""
    found, last = set[str](), ""
    while True:
        was_over = is_over.is_set()
        rows = connection.run(BY_ID, account=account, last=last)
        if rows:
            last = rows[-1][0]
            found.update(row[0] for row in rows)
        elif was_over:
            return found


def test_killed_relays_miss_nothing(
    migrated: Database, account: Account, broker: Server, trial: Trial, tmp_path: Path
) -> None:
    """E18: every committed row is published at least once; a cursor by id loses some for ever."""
    rows, kills = trial.size(1_000, 100_000), trial.size(4, 200)
    environment = {
        **migrated.environment,
        "ENVIRONMENT": "local",
        "FUNCTION_TARGET": "relay_outbox",
        "PUBSUB_PROJECT": PROJECT,
        "PUBSUB_EMULATOR_HOST": broker.address,
        "PUBLIC_BASE_URL": "https://pay.test",
    }
    writers, is_over = Writers(account, trial, rows), threading.Event()
    team = Team(environment, tmp_path / "relays.log")
    postgres = migrated.postgres
    with ExitStack() as stack:
        stack.callback(team.end)
        first, second, control, eye = (
            stack.enter_context(
                connect(port=postgres.port, password=postgres.password, database="pay")
            )
            for _ in range(4)
        )

        def waiting() -> int:
            return int(eye.run(WAITING, account=account.id)[0][0])

        def has_moved(published: int) -> bool:
            return len(writers.ids) - waiting() >= published

        threads = stack.enter_context(ThreadPoolExecutor(4))
        stack.callback(is_over.set)  # first of all, since the threads wait for it
        collecting = threads.submit(_collect, broker.subscriber(), is_over)
        following = threads.submit(_follow_by_id, control, account.id, is_over)
        writing = [threads.submit(writers.write, one) for one in (first, second)]
        for number in range(kills):
            part = trial.chance.uniform(number, number + 1) / (kills + 1)
            wait_for(partial(has_moved, int(part * rows)), "the relays publish", seconds=120)
            team.kill(trial.chance.randrange(RELAYS))
            eye.run(END_LEASES, account=account.id)
        for one in writing:
            one.result()
        # What a dying relay's last statement has leased since; 30 s would end it too.
        eye.run(END_LEASES, account=account.id)
        wait_for(lambda: waiting() == 0, "all is marked as published", seconds=120)
        is_over.set()
        found, control_found = collecting.result(), following.result()
    lost_by_control = len(writers.ids - control_found)
    copies = sum(found[event_id] for event_id in writers.ids)

    assert lost_by_control > 0, "the control lost nothing, so this proves nothing"
    trial.record(
        "E18 outbox with killed relays",
        len(writers.ids),
        wrong=len(writers.ids - found.keys()),
        kills=kills,
        published_twice=copies - len(writers.ids),
        lost_by_the_cursor=lost_by_control,
    )
