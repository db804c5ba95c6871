"""Promises of windows and leases: right to a tenth over all processes, whatever the order."""

import random
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.quota import (
    Share,
    business_day,
    seconds_left,
    seconds_to_next_day,
    window_start,
)

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants bounds without a zone


class SharedCount:
    """What the database does: gives what is left of one window's quota."""

    def __init__(self, quota: int) -> None:
        self.quota = quota
        self.taken = 0
        self.round_trips = 0

    def serve(self, share: Share) -> None:
        wanted = share.wanted()
        if not wanted:
            return
        self.round_trips += 1
        granted = max(0, min(wanted, self.quota - self.taken))
        self.taken += granted
        share.hear(granted, self.taken)


def passes(share: Share, count: SharedCount) -> bool:
    """One request at one process."""
    count.serve(share)
    if not share.has_room:
        return False
    share.used += 1
    return True


@given(MOMENTS, st.integers(1, 3600))
def test_a_moment_lies_in_its_window(at: datetime, seconds: int) -> None:
    """The window has begun, is not over, and says for how long."""
    start = window_start(at, seconds)

    assert start % seconds == 0
    assert start <= at.timestamp() < start + seconds
    assert 1 <= seconds_left(start, seconds, at) <= seconds


@given(MOMENTS)
def test_a_day_ends_when_the_next_begins(at: datetime) -> None:
    """What Retry-After promises is another day in Douala, and a moment before it is not."""
    wait = timedelta(seconds=seconds_to_next_day(at))

    assert timedelta(seconds=1) <= wait <= timedelta(days=1)
    assert business_day(at + wait) > business_day(at)
    assert business_day(at + wait - timedelta(seconds=1)) == business_day(at)


def test_the_day_is_that_of_douala() -> None:
    """Midnight comes an hour before that of UTC, whatever zone a moment is written in."""
    late = datetime(2026, 11, 29, 23, 0, tzinfo=UTC)

    assert business_day(late) == business_day(late.astimezone(timezone(timedelta(hours=9))))
    assert business_day(late) == date(2026, 11, 30)
    assert business_day(late - timedelta(seconds=1)) == date(2026, 11, 29)


@given(
    quota=st.integers(1, 3000),
    processes=st.integers(1, 12),
    paces=st.integers(0, 400),
    seed=st.integers(0, 2**32),
)
def test_many_processes_keep_one_quota_to_a_tenth(
    quota: int, processes: int, paces: int, seed: int
) -> None:
    """Never more than the quota and each one's credit; never refused with over a tenth unused."""
    count = SharedCount(quota)
    pace = min(paces, quota // processes)
    shares = [Share(quota, 0, pace=pace) for _ in range(processes)]
    chance = random.Random(seed)  # noqa: S311 - a test
    weights = [chance.randrange(1, 100) for _ in shares]
    admitted, first_refusal = 0, None
    for share in chance.choices(shares, weights, k=2 * quota + 50):
        if passes(share, count):
            admitted += 1
        elif first_refusal is None:
            first_refusal = admitted

    assert first_refusal is not None
    assert admitted <= quota + processes * (quota // 1000)
    assert first_refusal >= quota - quota // 10 - processes


def test_a_round_trip_is_made_per_lease() -> None:
    """A busy process asks for a small part of what it sends, a quiet one not at all."""
    busy, quiet = SharedCount(1_000_000), SharedCount(1000)
    share = Share(busy.quota, 0, pace=10_000)

    assert all(passes(share, busy) for _ in range(10_000))
    assert busy.round_trips <= 20
    assert passes(Share(quiet.quota, 0), quiet)
    assert quiet.round_trips == 0


def test_what_is_spent_is_not_asked_for_again() -> None:
    """Once the count says so, refusals cost nothing until the next window."""
    count = SharedCount(5)
    share = Share(5, 0)
    for _ in range(100):
        passes(share, count)

    assert (share.used, count.taken) == (5, 5)
    assert count.round_trips <= 6
    assert share.is_spent
    assert share.remaining == 0
    assert not share.following(10, 10, 5).is_spent


@pytest.mark.parametrize(("starts_at", "pace"), [(10, 3), (20, 0)])
def test_the_pace_is_that_of_the_window_before(starts_at: int, pace: int) -> None:
    """What was long ago says nothing of now."""
    assert Share(100, 0, used=3).following(starts_at, 10, 100).pace == pace


def test_what_is_left_counts_all_processes() -> None:
    """The shared count, less what is leased here and not used yet."""
    share = Share(1000, 0)
    share.hear(10, 400)
    share.used = 4

    assert share.remaining == 606
