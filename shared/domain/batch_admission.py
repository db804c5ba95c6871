"""What the database must find free before it takes a batch, and counts with it: all lines at once.

Account and key are bounded as by a single payout, for the sum of the lines; each number by what it
may be paid on its day, line after line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.account import Caller
from shared.domain.errors import LineFault, Refusal
from shared.domain.payout import Payout
from shared.domain.phone import PAYEE_PARAM
from shared.domain.rules import NEW_PAYEE, Admission, Rules, payout_admission


@dataclass(frozen=True, slots=True)
class BatchAdmission:
    """One admission for all lines; `number_hmacs` and `number_days` are of each, in their order.

    A number's day is in whole XAF, 0 where nothing bounds it.
    """

    whole: Admission
    number_hmacs: Sequence[str]
    number_days: Sequence[int]

    def refusal(self, word: str) -> Refusal:
        """Return what a caller is told where the whole batch breaks a bound."""
        return self.whole.refusal(word)

    def fault(self, place: int, line: int, word: str) -> LineFault:
        """Return what is wrong with a line at a place, from 0 on, that breaks a bound."""
        if word == "blocked":
            return LineFault(line, PAYEE_PARAM, "phone_blocked")
        new = self.whole.new_payee
        if word == NEW_PAYEE and new is not None:
            return LineFault(line, "amount", "payee_too_new", {"limit": new.most})
        most = self.number_days[place]
        return LineFault(line, "amount", "payee_amount_reached", {"limit": most})


def batch_admission(
    rules: Rules,
    lines: Sequence[Payout],
    *,
    number_key: bytes,
    caller: Caller,
    now: datetime,
    number_days: Sequence[int],
) -> BatchAdmission:
    """Return what must be free for all these lines, of which there is one at least."""
    whole = payout_admission(
        rules,
        payee=lines[0].phone,
        number_key=number_key,
        caller=caller,
        now=now,
        number_day=None,
    )
    keyed = [line.phone.keyed(number_key) for line in lines]
    return BatchAdmission(whole, keyed, list(number_days))
