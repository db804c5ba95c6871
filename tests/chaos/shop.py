"""Merchants whose every success is kept for the oracle, each with a word that is its alone."""

import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import urllib3

from tests.chaos.clients import Verdict, classify
from tests.chaos.oracle.evidence import Login, connected
from tests.end_to_end.merchant import (
    Accepted,
    AnyOrder,
    Merchant,
    Order,
    PageOrder,
    open_merchant,
)
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem

# How the numbers of each operator begin.
MTN: Final = "+23767"
ORANGE: Final = "+23769"
_ANSWER_SECONDS: Final = 60


@dataclass(slots=True)
class Shop:
    """A merchant, the end of its payers' numbers, and a word that stands in all its orders."""

    system: LocalSystem
    merchant: Merchant
    login: Login
    ending: str
    canary: str
    accepted: list[Accepted] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(10_000)))
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def order(self, prefix: str = MTN, *, ending: str | None = None) -> Order:
        """A payer of its own, who pays unless another `ending` says what she does."""
        with self._guard:
            phone = f"{prefix}{next(self._numbers):04d}{ending or self.ending}"
        return Order(phone, description=self.canary)

    def page_order(self, like: Order) -> PageOrder:
        """One on a page, known by the word and by the number that an order would have had."""
        return PageOrder(description=f"{self.canary} {like.phone[-7:-3]}")

    def ask(self, order: AnyOrder, url: str | None = None) -> Verdict:
        """Order once, past the gateway where `url` is given."""
        merchant = self.merchant if url is None else replace(self.merchant, base_url=url)
        try:
            answer = merchant.call("POST", order.path, order.body, order.key)
        except urllib3.exceptions.HTTPError:
            return Verdict.AMBIGUOUS
        verdict = classify(answer)
        if verdict is Verdict.SUCCESS:
            found = Accepted(order, answer.json()["id"], answer.data, time.monotonic())
            self.accepted.append(found)
        return verdict

    def ask_until_success(self, order: AnyOrder, url: str | None = None) -> str:
        """Order with the same key until it is definite; the id of the charge or refund."""
        wait_for(
            "an answer", lambda: self.ask(order, url) is Verdict.SUCCESS, seconds=_ANSWER_SECONDS
        )
        return next(each.id for each in reversed(self.accepted) if each.order is order)

    def charge(self, prefix: str = MTN) -> str:
        """Order through the gateway; the id of the charge."""
        return self.ask_until_success(self.order(prefix))

    def histories(self, charges: Sequence[str]) -> list[list[str]]:
        """What happened to each charge, in order."""
        with connected(self.login) as connection:
            rows = connection.run(
                f"""SELECT ARRAY(SELECT cause FROM "{self.merchant.schema}".state_changes
                             WHERE object_id = asked.id ORDER BY state_changes.id)
                FROM unnest(:charges::text[]) WITH ORDINALITY AS asked (id, place)
                ORDER BY place""",
                charges=charges,
            )
        return [row[0] for row in rows]

    def is_published(self, orders: Sequence[Order]) -> bool:
        """Whether every message about these orders is marked as published."""
        charges = [each.id for each in self.accepted if each.order in orders]
        with connected(self.login) as connection:
            [[waiting]] = connection.run(
                "SELECT count(*) FROM platform.outbox"
                " WHERE object_id = ANY(:charges) AND published_at IS NULL",
                charges=charges,
            )
        return not waiting

    def reference(self, charge: str) -> str:
        """By which reference the operator was asked."""
        with connected(self.login) as connection:
            [[reference]] = connection.run(
                f'SELECT reference FROM "{self.merchant.schema}".provider_attempts'
                " WHERE charge_id = :charge",
                charge=charge,
            )
        return str(reference)

    def words(self) -> Sequence[str]:
        """What nobody but this merchant may ever see."""
        ours = {self.canary, self.merchant.account, self.merchant.secret_key}
        ours |= {each.id for each in self.accepted}
        orders = [each.order for each in self.accepted]
        phones = {order.phone for order in orders if isinstance(order, Order)}
        return sorted(ours | {phone.removeprefix("+") for phone in phones})


@contextmanager
def open_shop(system: LocalSystem, login: Login, name: str, *, ending: str) -> Iterator[Shop]:
    """Open an account on a running system; its payers' numbers end with three digits of its own."""
    canary = f"canary_{secrets.token_hex(8)}"
    with open_merchant(system, f"{name} {canary}") as merchant:
        yield Shop(system, merchant, login, ending, canary)
