"""Takes the statements that were dropped in a bucket, each as if it had been uploaded.

Of each drop it is written down that it is read before it is, and the place in the bucket is kept
before that: an object that kills its reader, or cannot be read, is counted and passed by, and holds
up no other. Nothing in the bucket is changed: what became of it stands in our rows.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from shared.domain.audit import Actor, ActorKind, Origin
from shared.domain.errors import InvalidRequest, Unavailable
from shared.domain.ids import new_id
from shared.domain.statement_drop import (
    MOST_TRIES,
    Drop,
    DropEnding,
    DropFault,
    DroppedObject,
    Outcome,
    fault_of,
)
from shared.operations.ports import ObjectMissingError, Reached, StoredDifferentlyError
from shared.operations.statement_store import TakingStore
from shared.operations.upload_statement import Upload, upload_statement

MOST_AT_ONCE: Final = 50
"""Of one run; what is left over is for the next."""

BY: Final = Actor(ActorKind.PLATFORM, "receive_statement")
"""Who took a statement that nobody uploaded."""

_FIRST: Final = ""


class UnreadableError(Exception):
    """The bucket answers, and refuses to give this object out."""


class DropBucket(Protocol):
    """Where statements are dropped: it is listed and read, and nothing else."""

    def page(self, *, after: str) -> Sequence[DroppedObject]:
        """Return what is dropped behind a key, in the order of keys, some hundred at most.

        Nothing means the end. Raises StoreDownError.
        """

    def read(self, dropped: DroppedObject) -> bytes:
        """Return the bytes that were listed.

        Raises ObjectMissingError where others lie there by now, or nothing; UnreadableError,
        StoreDownError.
        """


class DropStore(TakingStore, Protocol):
    """What is known of drops; each call is one transaction."""

    def place(self) -> str:
        """Return the key behind which the next run begins."""

    def keep_place(self, key: str) -> None:
        """Have the next run begin behind this key."""

    def undecided(
        self, dropped: Sequence[DroppedObject], *, at: datetime
    ) -> Collection[DroppedObject]:
        """Return those of a page that have no end yet and do not wait for another try."""

    def begin(self, dropped: DroppedObject, *, drop_id: str, at: datetime) -> Drop | None:
        """Count a try, and put the next one off; None where another run was first."""

    def give_back(self, drop: Drop, *, at: datetime) -> None:
        """Let a try not count, since it failed for no fault of the drop."""

    def end(
        self, drop: Drop, dropped: DroppedObject, ending: DropEnding, *, at: datetime, case_id: str
    ) -> bool:
        """Keep how it ended, and open a case where it was refused; False when it had ended."""

    def stated_name(self, operator_account: str) -> str | None:
        """Return what the operator calls an account of ours; None for none, or one without."""


@dataclass(frozen=True, slots=True)
class Receiving:
    """What a run needs beside its store. `tell` logs a word with fields.

    `has_time` says whether another object may be begun.
    """

    bucket: DropBucket
    upload: Upload
    now: Callable[[], datetime]
    has_time: Callable[[], bool]
    tell: Callable[[str, Mapping[str, str]], None]
    reached: Reached


def receive_statements(store: DropStore, how: Receiving) -> Counter[str]:
    """Look through the bucket once, from where the last run stopped; return how many ended how.

    Raises StoreDownError, and Unavailable where what was read cannot be kept.
    """
    counts: Counter[str] = Counter()
    after = store.place()
    while how.has_time():
        page = how.bucket.page(after=after)
        if not page:
            store.keep_place(_FIRST)
            return counts
        at = how.now()
        rested = [each for each in page if each.has_rested(at) and not each.is_folder]
        for dropped in store.undecided(rested, at=at):
            if counts.total() >= MOST_AT_ONCE or not how.has_time():
                return counts
            store.keep_place(dropped.key)
            counts[_receive(dropped, store, how)] += 1
        after = page[-1].key
        store.keep_place(after)
    return counts


def _receive(dropped: DroppedObject, store: DropStore, how: Receiving) -> str:
    at = how.now()
    drop = store.begin(dropped, drop_id=_id("drop", at), at=at)
    if drop is None:
        return "busy"
    how.reached("receive_statement.after_begin")
    try:
        ending = _read(drop, dropped, store, how)
    except ObjectMissingError:
        return "gone"
    except UnreadableError as error:
        how.tell("statement_drop_unread", {"drop_id": drop.id, "reason": str(error)})
        if drop.tries < MOST_TRIES:
            return "unread"
        ending = DropEnding.of_fault(DropFault.UNREADABLE)
    except Unavailable as failure:
        how.tell("statement_drop_put_off", {"drop_id": drop.id, "reason": failure.code})
        store.give_back(drop, at=how.now())
        raise
    how.reached("receive_statement.before_end")
    at = how.now()
    if store.end(drop, dropped, ending, at=at, case_id=_id("case", at)):
        _tell(drop, ending, how)
    how.reached("receive_statement.after_end")
    return ending.outcome.value


def _read(drop: Drop, dropped: DroppedObject, store: DropStore, how: Receiving) -> DropEnding:
    """Take what was dropped as an upload, if its place is that of the account it is of."""
    account = dropped.operator_account
    name = None if account is None else store.stated_name(account)
    fault = fault_of(dropped, name, drop)
    if fault is not None:
        return DropEnding.of_fault(fault)
    content = how.bucket.read(dropped)
    how.reached("receive_statement.after_read")
    try:
        if how.upload.parser.read_head(content).account != name:
            return DropEnding.of_fault(DropFault.ACCOUNT_DIFFERS)
        statement = upload_statement(content, store, Origin(BY, how.now()), how=how.upload)
    except InvalidRequest as refusal:
        return DropEnding.of_refusal(refusal)
    except StoredDifferentlyError:
        return DropEnding.of_fault(DropFault.KEPT_DIFFERENTLY)
    return DropEnding(Outcome.TAKEN, statement=statement.id)


def _tell(drop: Drop, ending: DropEnding, how: Receiving) -> None:
    fields = {"drop_id": drop.id, "statement_id": ending.statement, "code": ending.code}
    given = {name: value for name, value in fields.items() if value is not None}
    how.tell(f"statement_drop_{ending.outcome.value}", given)


def _id(prefix: str, at: datetime) -> str:
    return new_id(prefix, int(at.timestamp() * 1000))
