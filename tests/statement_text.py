"""Statements as an operator writes them, for tests: lines whose balance adds up by itself."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

COLUMNS: Final = "time,transaction_id,reference,external_id,kind,amount,currency,fee,balance_after"
DAY: Final = date(2026, 11, 3)


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `amount` has its sign."""

    amount: int
    kind: str = "collection"
    transaction_id: str = field(default_factory=lambda: uuid.uuid4().hex[:16])
    reference: str = ""
    external_id: str = ""
    time: str = "T12:00:00.000000Z"
    fee: int = 0


def written(
    lines: Sequence[Line],
    *,
    account: str = "wallet-1",
    first: date = DAY,
    last: date | None = None,
    opening: int = 0,
) -> bytes:
    """Return a statement of these lines; a time without a day is on the first one."""
    last = last or first
    balance = opening
    texts = [f"statement.v1,{account},XAF,{first},{last},{opening}", COLUMNS]
    for line in lines:
        balance += line.amount - line.fee
        time = f"{first}{line.time}" if line.time.startswith("T") else line.time
        texts.append(
            f"{time},{line.transaction_id},{line.reference},{line.external_id},{line.kind},"
            f"{line.amount},XAF,{line.fee},{balance}"
        )
    return "\n".join([*texts, f"end,{len(lines)},{balance}", ""]).encode()
