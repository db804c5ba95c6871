"""E42: how long a wrong key takes to be refused tells nothing of the keys that are at work."""

import math
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import Final

import pytest
from sqlalchemy import Engine

from shared.db.directory import Directory
from shared.db.transaction import Database as Pool
from shared.domain.api_key import ApiKey, KeyKind
from shared.domain.errors import NotAuthenticated
from shared.runtime.authentication import Authenticator
from shared.runtime.short_cache import ShortCache
from tests.database import Database, MakeAccount
from tests.fakes import START
from tests.trials import IS_LARGE, Trial

pytestmark = pytest.mark.timeout(1_800 if IS_LARGE else 60)

THREADS: Final = 3
# Two means that differ by so many standard errors differ (ISO/IEC 17825).
MOST: Final = 4.5


@pytest.fixture
def engine(migrated: Database) -> Iterator[Engine]:
    """The application's connections, as one process has them."""
    engine = migrated.engine("app", pool_size=THREADS)
    yield engine
    engine.dispose()


def test_the_time_of_a_refusal_tells_nothing(
    engine: Engine, make_account: MakeAccount, migrated: Database, trial: Trial
) -> None:
    """Known, revoked and unknown ids, other kinds, other modes, nearly right secrets: one time."""
    key = ApiKey.parse(make_account().secret_key)
    revoked = ApiKey.parse(make_account().secret_key)
    migrated.look("UPDATE platform.api_keys SET revoked_at = now() WHERE id = :id", id=revoked.id)
    pepper = migrated.secret("api_key_pepper")
    nearly = key.secret[:-1] + ("A" if key.secret[-1] != "A" else "B")
    wrong = {
        "unknown": ApiKey(key.kind, key.livemode, "0000000000", "0" * 43),
        "wrong secret": ApiKey(key.kind, key.livemode, key.id, "0" * 43),
        "nearly right": ApiKey(key.kind, key.livemode, key.id, nearly),
        "other mode": ApiKey(key.kind, not key.livemode, key.id, key.secret),
        "other kind": ApiKey(KeyKind.RESTRICTED, key.livemode, key.id, key.secret),
        "revoked": revoked,
    }
    guard = Authenticator(
        ShortCache(Directory(Pool(engine)).find_key, seconds=3),
        lambda: pepper,
        now=lambda: START,
        on_use=lambda _: None,
    )
    samples = trial.size(1_200, 200_000)
    order = [name for name in wrong for _ in range(samples // len(wrong))]
    trial.chance.shuffle(order)

    def ask(name: str) -> float:
        began = time.perf_counter()
        try:
            guard.caller(f"Bearer {wrong[name].text}", "read_charge")
        except NotAuthenticated:
            return time.perf_counter() - began
        raise AssertionError(name)

    with ThreadPoolExecutor(THREADS) as threads:
        took = list(threads.map(ask, order))

    by_name = {
        name: [seconds for each, seconds in zip(order, took, strict=True) if each == name]
        for name in wrong
    }
    apart = [abs(welch(one, other)) for one, other in combinations(by_name.values(), 2)]
    trial.record(
        "E42 refusals of wrong keys",
        len(order),
        wrong=sum(t >= MOST for t in apart),
        thousandths_of_the_largest_t=round(1_000 * max(apart)),
        microseconds_the_median=round(1e6 * statistics.median(took)),
    )


def welch(one: Sequence[float], other: Sequence[float]) -> float:
    """Welch's t of two samples."""
    variance = statistics.variance(one) / len(one) + statistics.variance(other) / len(other)
    return (statistics.fmean(one) - statistics.fmean(other)) / math.sqrt(variance)
