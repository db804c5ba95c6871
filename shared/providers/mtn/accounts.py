"""What MTN says of wallets: what ours holds, and whose another one is. Nothing here can send."""

from typing import Final

from shared.domain.deadline import Deadline
from shared.domain.money import Money
from shared.domain.phone import PhoneNumber
from shared.operations.ports import Holder, Unknown
from shared.providers.mtn import codes
from shared.providers.mtn.line import MtnLine
from shared.providers.mtn.notices import read_active, read_balance, read_code, read_holder_name
from shared.providers.tokens import NoTokenError
from shared.providers.wire import Answer, BrokenOffError, NotSentError

_BALANCE: Final = "/v1_0/account/balance"
_HOLDER: Final = "/v1_0/accountholder/msisdn"
_OK: Final = 200
_NOT_FOUND: Final = 404


class MtnBalanceReader:
    """Reads the balance of one account and product; a BalanceReader."""

    def __init__(self, line: MtnLine) -> None:
        """`line` of either product: each has a balance of its own."""
        self._get, self._tell, self._currency = line.get, line.tell, line.currency

    def read_balance(self, *, deadline: Deadline) -> Money | Unknown:
        """Read once; never raises for what MTN or a network can do.

        A balance that is not whole is Unknown; one in another currency than the account's keeps it.
        """
        since, status = deadline.clock(), 0
        found: Money | Unknown
        try:
            answer = self._get(_BALANCE, deadline=deadline)
            status = answer.status
            money = None
            if status == _OK:
                money = read_balance(answer.body, account_currency=self._currency)
            found = Unknown(_word(answer)) if money is None else money
        except (NoTokenError, NotSentError, BrokenOffError) as error:
            found = Unknown(error.reason)
        outcome = "unknown" if isinstance(found, Unknown) else "read"
        self._tell("read_balance", status, outcome, since=since, deadline=deadline)
        return found


class MtnHolderReader:
    """Reads whose wallet a number is at MTN, and whether it is active; a HolderReader."""

    def __init__(self, line: MtnLine) -> None:
        """`line` of either product: both answer."""
        self._get, self._tell = line.get, line.tell

    def read_holder(self, number: PhoneNumber, *, deadline: Deadline) -> Holder | Unknown:
        """Read name and state; never raises for what MTN or a network can do.

        A name without a state is still an answer; a state without a name is none.
        """
        since = deadline.clock()
        status, found = self._read_name(number, deadline)
        if isinstance(found, Holder) and found.name is not None:
            found = Holder(found.name, self._read_active(number, deadline))
        outcome = "unknown" if isinstance(found, Unknown) else "read"
        self._tell("read_holder", status, outcome, since=since, deadline=deadline)
        return found

    def _read_name(self, number: PhoneNumber, deadline: Deadline) -> tuple[int, Holder | Unknown]:
        try:
            answer = self._get(f"{_HOLDER}/{number.msisdn}/basicuserinfo", deadline=deadline)
        except (NoTokenError, NotSentError, BrokenOffError) as error:
            return 0, Unknown(error.reason)
        if _is_missing(answer):
            return answer.status, Holder(None)
        name = read_holder_name(answer.body) if answer.status == _OK else None
        return answer.status, Unknown(_word(answer)) if name is None else Holder(name)

    def _read_active(self, number: PhoneNumber, deadline: Deadline) -> bool | None:
        try:
            answer = self._get(f"{_HOLDER}/{number.msisdn}/active", deadline=deadline)
        except (NoTokenError, NotSentError, BrokenOffError):
            return None
        if _is_missing(answer):
            return False
        return read_active(answer.body) if answer.status == _OK else None


def _is_missing(answer: Answer) -> bool:
    """Whether MTN itself says that there is no such wallet: only a 404 with its code does."""
    return answer.status == _NOT_FOUND and read_code(answer.body) == codes.NOT_FOUND


def _word(answer: Answer) -> str:
    """Return what may be kept of an answer that tells nothing; never its text."""
    code = read_code(answer.body)
    return f"{'not_json' if code is None else code or 'no_code'}_{answer.status}"
