"""A test clock: forward only, no further than it may, and one moment for everybody."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.errors import InvalidRequest
from shared.domain.test_clock import FURTHEST, NOTICE, STILL, Advance, TestClock

NOW = datetime(2026, 12, 1, 8, 0, 0, 250_000, tzinfo=UTC)
DAY = timedelta(days=1)
SOON = NOW + NOTICE


def test_one_that_nobody_moved_tells_the_time() -> None:
    """As the live mode's does."""
    assert STILL.time(NOW) == NOW


def test_it_moves_after_its_notice_and_not_before() -> None:
    """Whoever looks within two seconds of the change knows it before it matters."""
    clock = STILL.moved(Advance(by=3 * DAY), NOW)

    assert clock.time(SOON - timedelta(microseconds=1)) < SOON
    assert clock.time(SOON) == SOON + 3 * DAY
    assert clock.time(SOON + DAY) == SOON + 4 * DAY


def test_one_that_is_about_to_move_moves_once_and_further() -> None:
    """Nothing of the first wish is lost, and nobody sees the time between."""
    first = STILL.moved(Advance(by=DAY), NOW)
    second = first.moved(Advance(by=DAY), NOW + timedelta(seconds=1))

    assert second.time(SOON) == SOON
    assert second.time(SOON + timedelta(seconds=1)) == SOON + timedelta(seconds=1) + 2 * DAY


def test_it_goes_on_from_where_it_is() -> None:
    """Until the second move it is by the first one ahead."""
    first = STILL.moved(Advance(by=DAY), NOW)
    second = first.moved(Advance(by=DAY), SOON)

    assert second.time(SOON) == SOON + DAY
    assert second.time(SOON + NOTICE) == SOON + NOTICE + 2 * DAY


def test_to_a_moment_is_never_too_short() -> None:
    """When it has moved, the moment has come, by less than a second."""
    for micros in (0, 1, 249_999, 250_000, 250_001, 999_999):
        wanted = datetime(2027, 1, 15, 8, 0, 0, micros, tzinfo=UTC)
        clock = STILL.moved(Advance(to=wanted), NOW)

        assert timedelta() <= clock.time(clock.moves_at) - wanted < timedelta(seconds=1)


@pytest.mark.parametrize("to", [NOW, NOW - DAY, NOW + 2 * DAY, SOON + 3 * DAY])
def test_it_never_goes_back(to: datetime) -> None:
    """Nor stands still: what it shows has been there already, or is about to be."""
    clock = STILL.moved(Advance(by=3 * DAY), NOW)

    with pytest.raises(InvalidRequest, match="test_clock_not_forward"):
        clock.moved(Advance(to=to), NOW)


@pytest.mark.parametrize(
    "wish", [Advance(by=timedelta(seconds=1)), Advance(to=SOON + FURTHEST + timedelta(seconds=1))]
)
def test_it_is_so_far_ahead_at_most(wish: Advance) -> None:
    """In one move or in many."""
    furthest = STILL.moved(Advance(by=FURTHEST), NOW)
    assert furthest.ahead == FURTHEST

    with pytest.raises(InvalidRequest, match="test_clock_too_far"):
        furthest.moved(wish, NOW)


def test_it_only_ever_tells_later_times() -> None:
    """Whatever is asked for, in whatever order: who reads it twice never sees it go back."""
    clock, at, seen = STILL, NOW, [NOW]
    for number in range(40):
        at += timedelta(milliseconds=700 * (number % 9))
        seen.append(clock.time(at))
        clock = clock.moved(Advance(by=timedelta(seconds=1 + 977 * number)), at)
        seen.append(clock.time(at))

    assert seen == sorted(seen)
    assert isinstance(clock, TestClock)
