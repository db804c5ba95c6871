"""Promises of an operator account's rate: who has a turn, and what that costs."""

from shared.domain.breaker import CLOSED, Circuit, Guarded, Standing, Tally
from shared.domain.errors import Unavailable
from shared.domain.phone import Operator
from shared.domain.quota import SendLease
from shared.operations.gate import COPY_SECONDS, TOLD_SECONDS, Gate

REQUESTS = Circuit(Operator.MTN, "mtn.example", Guarded.REQUEST_PAYMENT)
ACCOUNT = "opa_x"


class Server:
    """The rows that all processes share: a second is over when its clock says so."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.seconds = 100.0
        self.taken: dict[int, int] = {}
        self.is_away = False
        self.looks = 0
        self.leases: list[int] = []

    def standing(self, _: Circuit) -> Standing:
        self.looks += 1
        return CLOSED

    def lease_sends(
        self, _: Circuit, account: str, *, needed: int, wished: int
    ) -> tuple[Standing, SendLease]:
        assert account == ACCOUNT
        if self.is_away:
            raise Unavailable("temporarily_unavailable")
        second = int(self.seconds)
        left = self.rate - self.taken.get(second, 0)
        granted = max(0, min(left, max(needed, min(wished, left // 4))))
        self.taken[second] = self.taken.get(second, 0) + granted
        self.leases.append(granted)
        return CLOSED, SendLease(granted, second + 1 - self.seconds)

    def note(self, _: Circuit, __: Tally, *, is_trial: bool) -> Standing:
        raise AssertionError(is_trial)

    def take_trial(self, _: Circuit) -> bool:
        raise AssertionError


def gates(server: Server, count: int, told: list[str] | None = None) -> list[Gate]:
    """So many processes."""
    return [
        Gate(
            server,
            threads=8,
            monotonic=lambda: server.seconds,
            on_change=lambda *_: None,
            on_bound=lambda _, account: None if told is None else told.append(account),
        )
        for _ in range(count)
    ]


def turns(gate: Gate, count: int) -> int:
    """How many of so many that want one have a turn."""
    return sum(gate.takes_turn(REQUESTS, ACCOUNT) for _ in range(count))


def test_all_processes_together_have_so_many_turns_a_second() -> None:
    """Whoever comes first: exactly as many as the rule says, in each second anew."""
    server = Server(rate=40)
    three = gates(server, 3)

    seconds = []
    for _ in range(3):
        seconds.append(sum(turns(gate, 7) for gate in three * 6))
        server.seconds += 1

    assert seconds == [40, 40, 40]


def test_one_that_comes_late_in_a_second_finds_a_turn() -> None:
    """Who was busy in the second before leases what it used then, and a quarter of all at most."""
    server = Server(rate=40)
    busy, late = gates(server, 2)
    turns(busy, 40)
    server.seconds += 1
    busy.takes_turn(REQUESTS, ACCOUNT)

    assert server.leases[-1] == 10
    assert turns(late, 40) == 30


def test_far_from_the_bound_a_second_costs_one_look() -> None:
    """The lease comes with the look at the breaker, which is made once a second anyway."""
    server = Server(rate=1000)
    [gate] = gates(server, 1)
    for _ in range(4):
        turns(gate, 30)
        server.seconds += 1
    server.leases.clear()

    assert turns(gate, 30) == 30
    assert not gate.standing(REQUESTS).is_open

    assert (len(server.leases), server.looks) == (1, 0)


def test_a_burst_out_of_rest_costs_few_looks() -> None:
    """Each lease is as much again as was sent in this second."""
    server = Server(rate=1000)
    [gate] = gates(server, 1)

    assert turns(gate, 60) == 60
    assert server.leases == [1, 2, 4, 8, 16, 32]


def test_who_looks_at_the_breaker_first_has_its_turn_from_there() -> None:
    """Money out asks whether its operator answers before it asks for a turn: one round trip."""
    server = Server(rate=10)
    [gate] = gates(server, 1)

    gate.standing(REQUESTS, sends_by=ACCOUNT)

    assert gate.takes_turn(REQUESTS, ACCOUNT)
    assert (server.leases, server.looks) == ([1], 0)


def test_a_look_takes_nothing_where_little_is_left() -> None:
    """Whoever only looks, and then waits for something else, keeps nobody from the last turns."""
    server = Server(rate=3)
    looking, sending = gates(server, 2)

    looking.standing(REQUESTS, sends_by=ACCOUNT)

    assert turns(sending, 9) == 3
    assert turns(looking, 9) == 0
    server.seconds += 1
    assert turns(looking, 9) == 3


def test_a_second_that_is_used_up_is_asked_about_once() -> None:
    """However many wait; it is told once a minute."""
    told: list[str] = []
    server = Server(rate=3)
    [gate] = gates(server, 1, told)

    assert turns(gate, 100) == 3
    assert (server.leases, told) == ([1, 1, 1, 0], [ACCOUNT])
    server.seconds += 1
    assert turns(gate, 100) == 3
    assert told == [ACCOUNT]
    server.seconds += TOLD_SECONDS
    turns(gate, 100)
    assert told == [ACCOUNT] * 2


def test_what_was_leased_ends_with_its_second() -> None:
    """No turn is saved up for a burst."""
    server = Server(rate=40)
    [gate] = gates(server, 1)
    turns(gate, 8)
    server.seconds += 1
    turns(gate, 1)
    server.seconds += 1

    assert turns(gate, 100) == 40


def test_a_database_that_is_away_holds_nobody_back() -> None:
    """Nothing can be claimed without it anyway; it is not asked each time."""
    server = Server(rate=1)
    server.is_away = True
    [gate] = gates(server, 1)

    assert turns(gate, 5) == 5
    server.is_away = False
    server.seconds += COPY_SECONDS
    assert turns(gate, 5) == 1
