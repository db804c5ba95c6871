"""What is dropped in a bucket for us: operators' statements, each below its own account's name.

Whoever writes into the bucket is trusted with one thing: to say that a file came from an operator.
Everything else is held against what the file itself says, and against what we know of the account.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.errors import InvalidRequest
from shared.domain.ids import is_id
from shared.domain.operator_statement import LARGEST_BYTES

ROOM: Final = "statements/"
"""Where statements are dropped: `statements/<operator account>/<any name>`."""

REST: Final = timedelta(minutes=1)
"""How long an object lies unchanged before it is read: a broken upload may be written anew."""

MOST_TRIES: Final = 5
FIRST_WAIT: Final = timedelta(minutes=5)
"""Until what could not be read is tried again; each further wait is twice as long."""

CASE_KIND: Final = "statement_drop"
CASE_REASON: Final = "statement_drop_refused"


class DropFault(StrEnum):
    """Why a drop is no statement of ours, beside what an upload is refused for."""

    PATH_UNFIT = "drop_path_unfit"
    ACCOUNT_UNKNOWN = "drop_account_unknown"
    ACCOUNT_DIFFERS = "drop_account_differs"
    TOO_LARGE = "drop_too_large"
    UNREADABLE = "drop_unreadable"
    KEPT_DIFFERENTLY = "drop_kept_differently"


class Outcome(StrEnum):
    """What became of a drop. `known` are bytes that we had taken before."""

    TAKEN = "taken"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class DroppedObject:
    """An object as the bucket lists it: other bytes under one key have another `etag`."""

    key: str
    etag: str
    size: int
    dropped_at: datetime

    @property
    def operator_account(self) -> str | None:
        """The operator account that its place names, None where that is the name of none."""
        account, _, name = self.key.removeprefix(ROOM).partition("/")
        return account if name and is_id(account, "opa") else None

    @property
    def is_folder(self) -> bool:
        """Whether it only marks a folder, as consoles and file servers leave them."""
        return self.key.endswith("/") and self.size == 0

    def has_rested(self, now: datetime) -> bool:
        """Tell whether it has lain unchanged for long enough."""
        return self.dropped_at + REST <= now


@dataclass(frozen=True, slots=True)
class Drop:
    """A drop that somebody has begun to read, for the how-many-th time."""

    id: str
    tries: int


def fault_of(dropped: DroppedObject, name: str | None, drop: Drop) -> DropFault | None:
    """Tell what keeps a drop from being read; `name` is what its operator calls its account.

    A try beyond the last is one whose beginner never came to an end.
    """
    if dropped.operator_account is None:
        return DropFault.PATH_UNFIT
    if name is None:
        return DropFault.ACCOUNT_UNKNOWN
    if dropped.size > LARGEST_BYTES:
        return DropFault.TOO_LARGE
    return DropFault.UNREADABLE if drop.tries > MOST_TRIES else None


@dataclass(frozen=True, slots=True)
class DropEnding:
    """How a drop ended: with which statement, or refused for what and where in the file."""

    outcome: Outcome
    statement: str | None = None
    code: str | None = None
    line: int | None = None
    column: str | None = None

    @classmethod
    def of_fault(cls, fault: DropFault) -> "DropEnding":
        """Return the ending of what is refused before it is parsed."""
        return cls(Outcome.REFUSED, code=fault.value)

    @classmethod
    def of_refusal(cls, refusal: InvalidRequest) -> "DropEnding":
        """Return the ending of what an upload would be refused for; known bytes are no fault."""
        values = refusal.values
        if refusal.code == "statement_known":
            return cls(Outcome.KNOWN, statement=str(values["statement"]))
        line, column = values.get("line"), values.get("column")
        return cls(
            Outcome.REFUSED,
            code=refusal.code,
            line=None if line is None else int(line),
            column=None if column is None else str(column),
        )
