"""Processes that are stopped while they hold work, and wake when others have long done it."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import psutil

from tests.chaos.oracle.evidence import connected, under_way
from tests.chaos.shop import MTN, ORANGE, Shop
from tests.chaos.twin import Twin, pushing_to, side_by_side, twin
from tests.end_to_end.waiting import wait_for

# In the order in which a charge comes to them: who sleeps is passed by in what follows. By payers:
# at Orange another sender opens a payment anew where this one sleeps.
POINTS: Final[Mapping[str, str]] = {
    "submit_charge.before_send": MTN,
    "submit_charge.after_open": ORANGE,
    "settle_charge.before_commit": MTN,
    "dispatch_webhook.before_record": MTN,
    "render_receipt.before_commit": MTN,
}
# As many as a function has threads for.
_WORKS: Final = 8
_ACK_SECONDS: Final = 10
_REACHED_SECONDS: Final = 60
_STILL_SECONDS: Final = 2.0
# A sender's lease lasts 25 s; after it the charge is read, sent again and paid.
_TAKEN_OVER_SECONDS: Final = 180


@dataclass(frozen=True, slots=True)
class Sleeper:
    """A stopped process and how many requests it had answered before."""

    twin: Twin
    answered: int

    def wake(self) -> int:
        """Let it finish what it holds, and end; how many requests that were."""
        process = psutil.Process(self.twin.process.pid)
        assert process.status() == psutil.STATUS_STOPPED
        process.resume()
        process.terminate()
        assert self.twin.drained() == 0
        return _answered(self.twin) - self.answered


@contextmanager
def asleep(shop: Shop, processes: int, chance: random.Random) -> Iterator[list[Sleeper]]:
    """Have that many processes of each function fall asleep, each with several works in hand."""
    points = [point for point in POINTS for _ in range(processes)]
    chance.shuffle(points)
    with ExitStack() as stack:
        folders = [shop.system.data_dir / "sleepers" / str(n) for n, _ in enumerate(points)]
        wanted = []
        for point, folder in zip(points, folders, strict=True):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / point).write_text("SIGSTOP", "ascii")
            change = partial(_stopping_in, folder)
            wanted.append(twin(shop.system, point.partition(".")[0], change))
        twins = stack.enter_context(side_by_side(*wanted))
        for each in twins:
            stack.callback(_resume, each)
        yield [_fall_asleep(shop, each, point) for each, point in zip(twins, points, strict=True)]


def wake(shop: Shop, sleepers: Sequence[Sleeper]) -> int:
    """Wake them once others have ended their work; how much they held. No row may change."""
    wait_for(
        "the sleepers' work done by others",
        lambda: not under_way(shop.login, shop.merchant.schema) and not _holds_that_end(shop),
        seconds=_TAKEN_OVER_SECONDS,
    )
    before = _rows_at_rest(shop)
    with ThreadPoolExecutor(len(sleepers)) as waking:
        held = sum(waking.map(Sleeper.wake, sleepers))
    changed = sorted(before ^ _rows(shop))
    assert not changed, changed
    return held


def _fall_asleep(shop: Shop, second: Twin, point: str) -> Sleeper:
    process = psutil.Process(second.process.pid)
    with (
        pushing_to(shop.system, point.partition(".")[0], second.url, ack_seconds=_ACK_SECONDS),
        ThreadPoolExecutor(_WORKS) as clients,
    ):
        list(clients.map(lambda _: shop.charge(POINTS[point]), range(_WORKS)))
        wait_for(
            f"{point} reached",
            lambda: process.status() == psutil.STATUS_STOPPED,
            seconds=_REACHED_SECONDS,
        )
    return Sleeper(second, _answered(second))


def _resume(second: Twin) -> None:
    with suppress(psutil.NoSuchProcess):
        psutil.Process(second.process.pid).resume()


def _stopping_in(folder: Path, environment: Mapping[str, str]) -> Mapping[str, str]:
    return {**environment, "CRASH_POINTS_DIR": str(folder)}


def _answered(second: Twin) -> int:
    return second.log.read_text().count('"request"')


def _rows_at_rest(shop: Shop) -> set[tuple[str, str]]:
    """The rows once nothing changes any more: a sender may record its answer after the end."""
    rows, since = _rows(shop), time.monotonic()

    def are_still() -> bool:
        nonlocal rows, since
        now = _rows(shop)
        if now != rows:
            rows, since = now, time.monotonic()
        return time.monotonic() - since > _STILL_SECONDS

    wait_for("rows at rest", are_still, seconds=_REACHED_SECONDS)
    return rows


def _holds_that_end(shop: Shop) -> int:
    """How many of the merchant's holds end while its sleepers might be woken: that moves money."""
    with connected(shop.login) as connection:
        [[found]] = connection.run(
            "SELECT count(*) FROM platform.due_work WHERE kind = 'hold_release'"
            " AND owner_role = :schema AND done_at IS NULL"
            " AND due_at < now() + make_interval(secs => :within)",
            schema=shop.merchant.schema,
            within=_TAKEN_OVER_SECONDS,
        )
    return int(found)


def _rows(shop: Shop) -> set[tuple[str, str]]:
    """Every row of the merchant, as text."""
    schema = shop.merchant.schema
    with connected(shop.login) as connection:
        tables = connection.run(
            "SELECT tablename FROM pg_tables WHERE schemaname = :schema", schema=schema
        )
        return {
            (table, row)
            for (table,) in tables
            for (row,) in connection.run(f'SELECT t::text FROM "{schema}"."{table}" t')
        }
