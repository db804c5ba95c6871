"""Settling: only an operator's proof moves money, once, and for exactly what was asked."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.domain.charge import AttemptStatus, ChargeStatus
from shared.domain.errors import AskAgain, LedgerRefused
from shared.domain.money import Currency, Money
from shared.domain.phone import PhoneNumber
from shared.operations.ports import PaymentRead, ReadState
from shared.operations.read_pages import MORE_THAN_ONCE
from tests.fakes import START
from tests.unit.settling import NOT_FOUND, Scene

PAID = PaymentRead(
    ReadState.SUCCEEDED,
    "SUCCESSFUL",
    operator_transaction_id="1234567890",
    money=Money(5000),
    payer=PhoneNumber("+237670000001"),
)
PENDING = PaymentRead(ReadState.PENDING, "PENDING")

OPEN = [ChargeStatus.SUBMITTING, ChargeStatus.UNKNOWN, ChargeStatus.AWAITING_PAYER]


@pytest.mark.parametrize("status", OPEN)
def test_a_proof_of_payment_moves_state_and_money(status: ChargeStatus) -> None:
    """From every open state a success posts the gross, promises a receipt, tells the merchant."""
    scene = Scene(status, PAID)

    assert scene.settle() == "confirmed"

    move = scene.store.moves[0]
    assert move.posting is not None
    assert move.posting.by_account()["pending"] == -5000
    assert move.receipt is not None
    assert [message.topic for message in move.messages] == ["payment-final"]
    assert move.event is not None
    assert move.event.type == "charge.succeeded"
    assert scene.store.charge.operator_transaction_id == "1234567890"


@pytest.mark.parametrize("status", OPEN)
@pytest.mark.parametrize(
    ("state", "end", "code"),
    [(ReadState.FAILED, "failed", "payer_declined"), (ReadState.EXPIRED, "expired", "expired")],
)
def test_a_proof_of_failure_ends_the_charge(
    status: ChargeStatus, state: ReadState, end: str, code: str
) -> None:
    """A failure is final and told by its code, keeps the operator's word and posts nothing."""
    scene = Scene(status, PaymentRead(state, "WORD", failure_code="payer_declined"))

    scene.settle()

    move = scene.store.moves[0]
    assert (scene.store.charge.status, scene.store.charge.failure_code) == (end, code)
    assert move.posting is None
    assert move.operator_word == "WORD"
    assert move.next_check_at is None


def test_an_operator_repeats_our_id_or_its_end() -> None:
    """Orange takes twenty letters and digits of it, and gives them back."""
    scene = Scene(ChargeStatus.AWAITING_PAYER)
    scene.operator.reads = [replace(PAID, order=scene.store.charge.id[-20:])]

    assert scene.settle() == "confirmed"


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        (replace(PAID, money=Money(5001)), "amount_or_currency_differs"),
        (replace(PAID, money=Money(50)), "amount_or_currency_differs"),
        (replace(PAID, money=Money(5000, Currency("EUR"))), "amount_or_currency_differs"),
        (replace(PAID, money=None), "amount_or_currency_differs"),
        (replace(PAID, payer=PhoneNumber("+237670000002")), "payer_differs"),
        (replace(PAID, payer=PhoneNumber("+237670000002"), money=Money(50)), "payer_differs"),
        (replace(PAID, order="67abcdefghijklmnopqr"), "order_differs"),
    ],
)
def test_a_success_for_something_else_is_a_case_not_a_payment(
    read: PaymentRead, reason: str
) -> None:
    """Another amount, currency, payer or order opens a case and moves nothing."""
    scene = Scene(ChargeStatus.AWAITING_PAYER, read)

    assert scene.settle() == reason

    assert scene.store.moves == []
    note = scene.store.notes[0]
    assert note.case_reason == reason
    assert note.notice is not None
    assert (note.notice.kind, note.notice.data) == ("case_opened", {"payment": note.charge.id})


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        ("succeeded", AttemptStatus.CLOSED),
        ("canceled", None),
        ("failed", None),
        ("failed", AttemptStatus.NOT_SENT),
    ],
)
def test_a_charge_that_is_paid_or_was_never_sent_is_not_even_read(
    status: str, sent: AttemptStatus | None
) -> None:
    """A late or repeated notice is normal and costs the operator nothing."""
    scene = Scene(ChargeStatus(status))
    if sent is None or scene.store.attempt is None:
        scene.store.attempt = None
    else:
        scene.store.attempt = replace(scene.store.attempt, status=sent)

    assert scene.settle() == "final_already"

    assert scene.operator.read_references == []


@pytest.mark.parametrize("status", [ChargeStatus.FAILED, ChargeStatus.EXPIRED])
def test_a_payment_after_the_end_is_kept_in_suspense(status: ChargeStatus) -> None:
    """What a payer paid of what had failed for us is hers, once; the charge stays as it is."""
    scene = Scene(status, PAID, PAID)

    assert [scene.settle(), scene.settle()] == ["paid_after_the_end"] * 2

    assert (scene.store.moves, scene.store.notes) == ([], [])
    (booking,) = scene.late.bookings
    posted = booking.late.booked().by_account()
    assert sorted(posted.values()) == [-5000, 5000]
    assert posted["suspense"] == -5000
    assert (booking.event.type, booking.case_id) == ("charge.late_payment", None)
    assert booking.late.due_at - booking.late.created_at == timedelta(hours=24)


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        (replace(PAID, money=Money(50)), "amount_or_currency_differs"),
        (replace(PAID, payer=PhoneNumber("+237670000002")), "payer_differs"),
    ],
)
def test_what_comes_late_and_otherwise_is_kept_as_it_came(read: PaymentRead, reason: str) -> None:
    """The amount that the operator names, of the number that it names, and a person looks."""
    scene = Scene(ChargeStatus.FAILED, read)

    assert scene.settle() == reason

    (booking,) = scene.late.bookings
    assert (booking.late.money, booking.late.phone) == (read.money, read.payer)
    assert booking.case_id is not None
    assert booking.notice is not None


@pytest.mark.parametrize("money", [None, Money(5000, Currency("EUR"))])
def test_what_is_no_franc_is_booked_by_nobody(money: Money | None) -> None:
    """An amount that nobody knows, or of another currency, is a case alone."""
    scene = Scene(ChargeStatus.FAILED, replace(PAID, money=money))

    assert scene.settle() == "amount_or_currency_differs"

    assert scene.late.bookings == []
    assert scene.store.notes[0].case_reason == "amount_or_currency_differs"


@pytest.mark.parametrize(
    ("minutes", "read", "word"),
    [
        (11, PaymentRead(ReadState.FAILED, "REVERSED"), "failed_after_success"),
        (11, PAID, "final_already"),
        (11, PaymentRead(ReadState.UNKNOWN, "timeout"), "final_already"),
        (9, None, "final_already"),
    ],
)
def test_a_word_that_is_taken_back_is_a_case(
    minutes: int, read: PaymentRead | None, word: str
) -> None:
    """Long after a success somebody asks: what the operator says then moves nothing by itself."""
    reads = [] if read is None else [read]
    scene = Scene(ChargeStatus.SUCCEEDED, *reads, succeeded_at=START - timedelta(minutes=minutes))

    assert scene.settle() == word

    assert scene.store.moves == []
    assert len(scene.operator.read_references) == len(reads)
    reasons = [note.case_reason for note in scene.store.notes]
    assert reasons == (["failed_after_success"] if word == "failed_after_success" else [])


@pytest.mark.parametrize(
    ("status", "paid_at"),
    [(ChargeStatus.FAILED, None), (ChargeStatus.SUCCEEDED, START - timedelta(minutes=11))],
)
def test_two_payments_after_the_end_are_for_persons(
    status: ChargeStatus, paid_at: datetime | None
) -> None:
    """Each is a transaction of its own, and one of them may be in the books: a sum is of none."""
    twice = replace(PAID, operator_word=MORE_THAN_ONCE, money=Money(10000))
    scene = Scene(status, twice, succeeded_at=paid_at)

    assert scene.settle() == "amount_or_currency_differs"

    assert (scene.store.moves, scene.late.bookings) == ([], [])
    assert [note.case_reason for note in scene.store.notes] == ["amount_or_currency_differs"]


@pytest.mark.parametrize("read", [PENDING, NOT_FOUND, PaymentRead(ReadState.FAILED, "EXPIRED")])
def test_a_failed_charge_stays_failed_without_a_word(read: PaymentRead) -> None:
    """What does not contradict the end changes nothing."""
    scene = Scene(ChargeStatus.FAILED, read)

    assert scene.settle() == "final_already"

    assert (scene.store.moves, scene.store.notes) == ([], [])


def test_a_failed_charge_whose_operator_is_silent_is_asked_about_again() -> None:
    """Whoever woke us may know of a payment, so the message is not let go."""
    scene = Scene(ChargeStatus.FAILED, PaymentRead(ReadState.UNKNOWN, "timeout"))

    with pytest.raises(AskAgain):
        scene.settle()

    # The message comes again; the clock would only add others to it, one a minute.
    assert scene.store.checks_ended_at == START


def test_a_charge_without_an_attempt_is_not_read() -> None:
    """Nothing was sent, so there is nothing to ask for; the check comes back."""
    scene = Scene(ChargeStatus.CREATED)
    scene.store.attempt = None

    assert scene.settle() == "not_sent_yet"

    assert scene.store.notes[0].next_check_at == START + timedelta(seconds=10)


def test_a_charge_never_sent_is_looked_at_when_its_time_is_over() -> None:
    """Not at the next regular check, which may lie ten minutes behind it."""
    over = START + timedelta(minutes=6)
    scene = Scene(ChargeStatus.CREATED, submit_before=over)
    scene.clock.pass_time(minutes=5)

    assert scene.settle() == "not_sent_yet"

    assert scene.store.notes[0].next_check_at == over


def test_a_charge_never_sent_fails_once_its_time_is_over() -> None:
    """An unsent charge may fail by our clock, the only one that may."""
    scene = Scene(ChargeStatus.CREATED)
    scene.store.attempt = None
    scene.clock.pass_time(minutes=2)

    assert scene.settle() == "abandoned"

    assert scene.store.charge.failure_code == "operator_unavailable"


def test_pending_at_the_operator_resolves_the_unknown() -> None:
    """A charge of which we knew nothing now waits for its payer."""
    scene = Scene(ChargeStatus.UNKNOWN, PENDING)

    assert scene.settle() == "waiting"

    assert scene.store.charge.status is ChargeStatus.AWAITING_PAYER


def test_not_found_grants_one_resend_while_there_is_time() -> None:
    """A charge that the operator does not know is posted once more, by a message of its own."""
    scene = Scene(ChargeStatus.UNKNOWN, NOT_FOUND, NOT_FOUND)

    assert scene.settle() == "resend_granted"
    resend = scene.store.notes[0].resend
    assert resend is not None
    assert resend.topic == "charge-created"

    scene.clock.pass_time(seconds=20)
    assert scene.settle() == "undecided"
    assert scene.store.notes[1].resend is None


def test_unknown_stays_unknown_by_time_alone() -> None:
    """After a day without proof a person must look; our clock never fails the charge.

    Whoever woke us may be right: the message comes again until the operator says something.
    """
    scene = Scene(ChargeStatus.UNKNOWN, PaymentRead(ReadState.UNKNOWN, "timeout"))
    scene.clock.pass_time(hours=25)

    with pytest.raises(AskAgain):
        scene.settle()

    assert scene.store.charge.status is ChargeStatus.UNKNOWN
    assert scene.store.notes[0].next_check_at is None
    assert scene.store.notes[0].case_reason == "unresolved_for_a_day"


def test_the_loser_against_another_settler_changes_nothing() -> None:
    """Two settlers read the same success; the second finds it final."""
    scene = Scene(ChargeStatus.UNKNOWN, PAID)

    def first() -> None:
        scene.store.charge = replace(scene.store.charge, status=ChargeStatus.SUCCEEDED)

    scene.store.before_move = first

    assert scene.settle() == "final_already"
    assert scene.store.moves == []


def test_the_loser_against_the_sender_looks_again() -> None:
    """A sender who records between read and move delays nothing; one question is asked."""
    scene = Scene(ChargeStatus.SUBMITTING, PAID)

    def record() -> None:
        scene.store.charge = replace(scene.store.charge, status=ChargeStatus.AWAITING_PAYER)
        scene.store.before_move = lambda: None

    scene.store.before_move = record

    assert scene.settle() == "confirmed"
    assert scene.store.charge.status is ChargeStatus.SUCCEEDED
    assert len(scene.operator.read_references) == 1


def test_a_resend_claimed_during_the_read_wins() -> None:
    """A charge that is being sent again is not failed by a read that began before."""
    scene = Scene(ChargeStatus.SUBMITTING, NOT_FOUND, resends=2)
    assert scene.store.attempt is not None
    scene.clock.pass_time(minutes=10)
    scene.store.attempt = replace(scene.store.attempt, not_found_reads=2, first_not_found_at=START)

    def claim_again() -> None:
        lease = scene.clock.at + timedelta(seconds=25)
        scene.store.charge = replace(scene.store.charge, lease_until=lease)

    scene.store.before_move = claim_again

    assert scene.settle() == "undecided"
    assert scene.store.charge.status is ChargeStatus.SUBMITTING


def test_a_resend_that_fell_silent_during_the_read_wins() -> None:
    """Past its time too, a read that began before the resend does not end the charge."""
    scene = Scene(ChargeStatus.UNKNOWN, NOT_FOUND, resends=1)
    assert scene.store.attempt is not None
    scene.clock.pass_time(minutes=10)
    before = replace(scene.store.attempt, not_found_reads=2, first_not_found_at=START)
    scene.store.attempt = before

    def send_again() -> None:
        scene.store.charge = replace(scene.store.charge, resends=2)
        scene.store.attempt = replace(before, not_found_reads=0, first_not_found_at=None)
        scene.store.before_move = lambda: None

    scene.store.before_move = send_again

    assert scene.settle() == "undecided"
    assert scene.store.charge.status is ChargeStatus.UNKNOWN
    assert scene.store.notes[-1].next_check_at == scene.clock.at + timedelta(minutes=1)


def test_a_ledger_that_refuses_is_a_case() -> None:
    """A success that cannot be posted is not repeated for ever; a person must look."""
    scene = Scene(ChargeStatus.UNKNOWN, PAID)

    def refuse() -> None:
        raise LedgerRefused("charge")

    scene.store.before_move = refuse

    assert scene.settle() == "ledger_refused"
    assert scene.store.notes[0].case_reason == "ledger_refused"
