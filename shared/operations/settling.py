"""The mould of settling: look, read once, apply what is proven; silence proves nothing.

A charge and money that goes out differ in what a read means and in what it moves. How one is looked
for, and what becomes of what proves nothing, is the same for both.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final, Generic, Protocol, TypeVar

from shared.domain import receipt
from shared.domain.charge import Attempt
from shared.domain.errors import AskAgain
from shared.domain.events import Message
from shared.domain.ids import new_id
from shared.operations.ports import NewReceipt, PaymentRead

LOST_RACE: Final = "lost_race"
FINAL_ALREADY: Final = "final_already"
FAILED_AFTER_SUCCESS: Final = "failed_after_success"
UNDECIDED: Final = "undecided"
TRIES: Final = 3
ECHO: Final = timedelta(minutes=10)
"""For how long after a success notices of it come again, and cost the operator nothing."""


class Payment(Protocol):
    """What is settled, in or out."""

    @property
    def is_final(self) -> bool:
        """Whether nothing moves it any more."""


class Note(Protocol):
    """What is kept of a read that moves nothing; without a next check a person must look."""

    @property
    def operator_word(self) -> str:
        """What the operator said."""

    @property
    def next_check_at(self) -> datetime | None:
        """When to read next."""


P = TypeVar("P", bound=Payment)
N = TypeVar("N", bound=Note)
P_co = TypeVar("P_co", bound=Payment, covariant=True)
N_contra = TypeVar("N_contra", bound=Note, contravariant=True)


class SettledStore(Protocol[P_co, N_contra]):
    """Where it lies; each call is one transaction."""

    def find_with_attempt(self, object_id: str, /) -> tuple[P_co, Attempt | None] | None:
        """Return it and its newest attempt, or None."""

    def note(self, note: N_contra) -> None:
        """Keep what was seen, and move the due row."""


@dataclass(frozen=True, slots=True)
class Settling(ABC, Generic[P, N]):
    """One message about a payment; each method returns a word for the log."""

    unknown: ClassVar[str]
    """The word for what is not there."""

    message: Message
    store: SettledStore[P, N]

    def settle(self) -> str:
        """Read once and apply what it proves.

        The sender's own record may come between: whoever loses that race looks again, since what
        the operator said stays true.
        """
        read: PaymentRead | None = None
        for _ in range(TRIES):
            found = self.store.find_with_attempt(self.message.object_id)
            if found is None:
                return self.unknown
            payment, attempt = found
            if payment.is_final:
                return self._look_back(payment, attempt)
            if attempt is None or self._is_unsent(payment, attempt):
                return self._unsent(payment, attempt)
            read = read or self._read(payment, attempt)
            outcome = self._apply(payment, attempt, read)
            if outcome != LOST_RACE:
                return outcome
        raise AskAgain(LOST_RACE)

    @abstractmethod
    def _look_back(self, payment: P, attempt: Attempt | None) -> str:
        """Close the checks of one that has ended, and ask once more where it may be otherwise."""

    @abstractmethod
    def _is_unsent(self, payment: P, attempt: Attempt) -> bool:
        """Tell whether it is proven that nothing of it left us."""

    @abstractmethod
    def _unsent(self, payment: P, attempt: Attempt | None) -> str:
        """Do what is to be done where there is nothing to read."""

    @abstractmethod
    def _read(self, payment: P, attempt: Attempt) -> PaymentRead:
        """Ask the operator, once."""

    @abstractmethod
    def _apply(self, payment: P, attempt: Attempt, read: PaymentRead) -> str:
        """Move what the read proves; LOST_RACE where another was first."""

    @abstractmethod
    def _for_a_person(self, note: N, reason: str) -> N:
        """Return the note with a case, and nobody reads it on a schedule any more."""

    def _keep(self, note: N, word: str = UNDECIDED) -> str:
        """Leave the state as it is; after a day of reads a person must look."""
        if note.next_check_at is None:
            return self._case(note, "unresolved_for_a_day")
        self.store.note(note)
        return word

    def _keep_unread(self, note: N) -> str:
        """Keep what proves nothing. Raises AskAgain where no further check is due.

        Whoever woke us after a day, a callback or a person, may be right.
        """
        outcome = self._keep(note)
        if note.next_check_at is None:
            raise AskAgain(note.operator_word)
        return outcome

    def _case(self, note: N, reason: str) -> str:
        self.store.note(self._for_a_person(note, reason))
        return reason


def is_long_ago(paid_at: datetime | None, now: datetime) -> bool:
    """Tell whether whoever wakes us about what was paid is no echo of its success."""
    return paid_at is not None and now - paid_at > ECHO


def new_receipt(object_id: str, at: datetime) -> NewReceipt:
    """Return the receipt that a success promises."""
    number = receipt.receipt_number(object_id, at)
    return NewReceipt(new_id("rcp", int(at.timestamp() * 1000)), number, receipt.new_receipt_code())
