"""A merchant, its people and the platform's administrators, whose wishes lead to the rare ways."""

import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import urllib3

from tests.chaos.judge import oracle_login, superuser
from tests.chaos.oracle.evidence import Login, connected
from tests.end_to_end.merchant import FINAL, Accepted, AnyOrder, Merchant, open_merchant
from tests.end_to_end.money import top_up
from tests.end_to_end.waiting import wait_for
from tests.functions.realm import Realm
from tests.functions.team import Team
from tests.system import HOST, LocalSystem

FUNDS: Final = 50_000
_OK: Final = 200
_ASK_SECONDS: Final = 60
_ORDER_SECONDS: Final = 120
_END_SECONDS: Final = 240
# For what is asked again four times a second, a second person for what a key pays out.
_RULES: Final = """
INSERT INTO platform.dated_rules (id, kind, livemode, account_id, valid_from, data) VALUES
 ('requests_of_' || :account, 'requests', false, :account, now() - interval '1 minute', '{}'),
 ('approval_of_' || :account, 'approval', false, :account, now() - interval '1 minute',
  '{"keys_from": 0}')"""
# Nothing is invoiced before a way says so.
_NO_INVOICES: Final = """
INSERT INTO platform.invoice_series (account_id, livemode, month) VALUES (:account, false, :month)
ON CONFLICT (account_id, livemode) DO UPDATE SET month = :month"""


@dataclass(slots=True)
class Town:
    """One account of a running system, what it was promised, and `realm`, where people sign in.

    `too_late` are charges whose time was over before the machine came to them.
    """

    system: LocalSystem
    merchant: Merchant
    login: Login
    realm: Realm | None
    accepted: list[Accepted] = field(default_factory=list)
    too_late: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def phone(self, prefix: str = "+23767") -> str:
        """A number that was not used before; whoever has it pays and is paid."""
        with self._guard:
            return f"{prefix}{next(self._numbers):04d}104"

    def ask(
        self, method: str, path: str, body: object = None, *, token: str | None = None, **more: str
    ) -> tuple[int, Any]:
        """Ask through the gateway, by the merchant's key or a person's token.

        Status and JSON; status 0 where nobody answered, as when the process that should was killed.
        """
        bearer = self.merchant.secret_key if token is None else token
        headers = {"Authorization": f"Bearer {bearer}"}
        headers |= {name.replace("_", "-"): word for name, word in more.items()}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        try:
            answer = urllib3.request(
                method,
                self.merchant.base_url + path,
                body=None if body is None else content,
                headers=headers,
                timeout=_ASK_SECONDS,
                retries=False,
            )
            return answer.status, answer.json()
        except (urllib3.exceptions.HTTPError, ValueError):
            return 0, {}

    def as_person(
        self, person: str, method: str, path: str, body: object = None
    ) -> tuple[int, Any]:
        """Ask as a member of the account who signed in just now, at work in its test mode."""
        where = {"Pay_Account": self.merchant.account, "Pay_Mode": "test"}
        return self.ask(method, path, body, token=self.token(person), **where)

    def token(self, person: str, *roles: str) -> str:
        """The access token of somebody who signed in just now."""
        assert self.realm is not None
        return self.realm.token(person, *roles)

    def order(self, order: AnyOrder) -> Accepted:
        """Ask by the same key until it is granted, and keep for the oracle what was answered."""

        def granted() -> Accepted | None:
            try:
                answer = self.merchant.call("POST", order.path, order.body, order.key)
            except urllib3.exceptions.HTTPError:
                return None
            if answer.status != _OK:
                return None
            return Accepted(order, answer.json()["id"], answer.data, 0.0)

        found = wait_for(f"{order} granted", granted, seconds=_ORDER_SECONDS)
        with self._guard:
            self.accepted.append(found)
        return found

    def shown(self, path: str) -> Mapping[str, Any]:
        """What the merchant reads there; nothing where that is not answered now."""
        status, found = self.ask("GET", path)
        return found if status == _OK else {}

    def ended(self, charge: str) -> Mapping[str, Any]:
        """A charge once its end is known, however long nobody answers meanwhile."""

        def look() -> Mapping[str, Any] | None:
            found = self.shown(f"/v1/charges/{charge}")
            return found if found.get("status") in FINAL else None

        return wait_for(f"{charge} final", look, seconds=_END_SECONDS)

    def join(self, duty: str) -> str:
        """Make somebody a member; who it is."""
        with superuser(self.system) as connection:
            return Team(connection).join(self.merchant.account, duty)

    def rows(self, statement: str, **values: Any) -> list[list[Any]]:
        """Look as the oracle does; `{schema}` is where the account's tables are."""
        with connected(self.login) as connection:
            found: list[list[Any]] = connection.run(self._in_schema(statement), **values)
        return found

    def change(self, statement: str, **values: Any) -> None:
        """Let time have passed, which is all that a way may change past the doors."""
        with superuser(self.system) as connection:
            connection.run(self._in_schema(statement), **values)

    def _in_schema(self, statement: str) -> str:
        return statement.replace("{schema}", f'"{self.merchant.schema}"')

    def take_fee(self, at: datetime) -> None:
        """Book one franc as a fee of long ago."""
        top_up(self.system, self.merchant, -1, at=at)

    def tick(self, function: str) -> bool:
        """Call what runs by the clock, as the clock will; whether its run came to its end."""
        try:
            url = f"http://{HOST}:{self.system.ports[function]}/"
            answer = urllib3.request("POST", url, timeout=_ASK_SECONDS, retries=False)
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status == _OK


def months_ago(count: int) -> date:
    """The first day of a month that is over."""
    month = datetime.now(UTC).date().replace(day=1)
    for _ in range(count):
        month = (month - timedelta(days=1)).replace(day=1)
    return month


@contextmanager
def open_town(system: LocalSystem, realm: Realm | None) -> Iterator[Town]:
    """Open an account with something to pay out, and a fee in each of the last two months."""
    name = f"Comptoir des Chemins Rares {uuid.uuid4().hex[:6]}"
    with open_merchant(system, name) as merchant:
        town = Town(system, merchant, oracle_login(system), realm)
        town.change(_RULES, account=merchant.account)
        town.change(_NO_INVOICES, account=merchant.account, month=months_ago(0))
        for count in (2, 1):
            noon = datetime.combine(months_ago(count), datetime.min.time(), UTC)
            town.take_fee(noon + timedelta(days=2, hours=12))
        top_up(system, merchant, FUNDS)
        yield town
