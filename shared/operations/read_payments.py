"""Reads charges, refunds, payouts, events and the books, with cursors that are ids."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from shared.domain.adjustment import Reversal
from shared.domain.balance_transaction import TYPE_OF, BalanceTransaction
from shared.domain.charge import PUBLIC_STATUS, Charge
from shared.domain.errors import InvalidRequest, NotFound
from shared.domain.events import Event
from shared.domain.ids import is_id
from shared.domain.late_payment import PREFIX, LatePayment, LateStatus
from shared.domain.outgoing import OutgoingStatus
from shared.domain.payout import PUBLIC_STATUS as PAYOUT_STATUS
from shared.domain.payout import RETURNED, Payout
from shared.domain.refund import PUBLIC_STATUS as REFUND_STATUS
from shared.domain.refund import Refund
from shared.domain.topup import TopUp
from shared.operations import objects
from shared.operations.late_objects import late_payment_object, reversal_object
from shared.operations.lists import (
    PAGE_PARAMS,
    Page,
    PageOf,
    read_filter,
    read_whole,
    refuse_unknown,
)

PAID: Final = PAYOUT_STATUS[OutgoingStatus.SUCCEEDED]


class ReadStore(Protocol):
    """What a tenant may read of its own."""

    def find_charge(self, charge_id: str) -> Charge | None:
        """Return the charge, or None."""

    def list_charges(
        self, page: Page, *, reference: str | None, statuses: Sequence[str] | None
    ) -> PageOf[Charge]:
        """Return a page of charges."""

    def find_refund(self, refund_id: str) -> Refund | None:
        """Return the refund, or None."""

    def list_refunds(
        self, page: Page, *, charge: str | None, statuses: Sequence[str] | None
    ) -> PageOf[Refund]:
        """Return a page of refunds."""

    def find_payout(self, payout_id: str) -> Payout | None:
        """Return the payout, or None."""

    def list_payouts(
        self,
        page: Page,
        *,
        reference: str | None,
        statuses: Sequence[str] | None,
        returned: bool | None = None,
    ) -> PageOf[Payout]:
        """Return a page of payouts; `returned` tells those that came back from the others."""

    def find_late_payment(self, late_id: str) -> LatePayment | None:
        """Return the late payment, or None."""

    def list_late_payments(
        self, page: Page, *, charge: str | None, status: str | None
    ) -> PageOf[LatePayment]:
        """Return a page of late payments."""

    def find_reversal(self, reversal_id: str) -> Reversal | None:
        """Return the reversal or return, or None."""

    def list_reversals(self, page: Page, *, about: str | None) -> PageOf[Reversal]:
        """Return a page of reversals and returns."""

    def find_topup(self, topup_id: str) -> TopUp | None:
        """Return the top-up, or None."""

    def list_topups(self, page: Page) -> PageOf[TopUp]:
        """Return a page of top-ups, newest first."""

    def list_events(self, page: Page, *, object_id: str | None, kind: str | None) -> PageOf[Event]:
        """Return a page of events."""

    def find_event(self, event_id: str) -> Event | None:
        """Return the event, or None."""

    def balances(self) -> Mapping[str, int]:
        """Return each ledger account's balance on its normal side, in whole XAF."""

    def balances_at(self, second: int) -> Mapping[str, int]:
        """Return the same as it was at the end of a second since 1970."""

    def list_balance_transactions(
        self, page: Page, *, kinds: Sequence[str], source: str | None
    ) -> PageOf[BalanceTransaction]:
        """Return a page of balance transactions of these kinds of ledger transactions."""

    def find_balance_transaction(self, transaction_id: str) -> BalanceTransaction | None:
        """Return the balance transaction, or None."""


@dataclass(frozen=True, slots=True)
class Read:
    """One read: what the path and query say, and how to show what is found."""

    path_params: Mapping[str, str]
    query: Mapping[str, str]
    base_url: str
    language: str
    livemode: bool
    now: datetime


def read_charge(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return one charge. Raises NotFound."""
    refuse_unknown(read.query)
    charge_id = read.path_params["id"]
    charge = store.find_charge(charge_id) if is_id(charge_id, "ch") else None
    if charge is None:
        raise NotFound("resource_missing", "id")
    return objects.charge_object(charge, base_url=read.base_url, language=read.language)


def list_charges(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return a page of charges; filters `reference` and `status` (the public word)."""
    query = read.query
    refuse_unknown(query, PAGE_PARAMS | {"reference", "status"})
    found = store.list_charges(
        Page.parse(query, "ch"),
        reference=read_filter(query, "reference"),
        statuses=statuses_behind(query.get("status"), PUBLIC_STATUS),
    )
    data = [
        objects.charge_object(charge, base_url=read.base_url, language=read.language)
        for charge in found.items
    ]
    return objects.list_object("/v1/charges", data, has_more=found.has_more)


def read_refund(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return one refund. Raises NotFound."""
    refuse_unknown(read.query)
    refund_id = read.path_params["id"]
    refund = store.find_refund(refund_id) if is_id(refund_id, "rf") else None
    if refund is None:
        raise NotFound("resource_missing", "id")
    return objects.refund_object(refund, language=read.language, base_url=read.base_url)


def list_refunds(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return a page of refunds; filters `charge` (an id) and `status` (the public word)."""
    query = read.query
    refuse_unknown(query, PAGE_PARAMS | {"charge", "status"})
    found = store.list_refunds(
        Page.parse(query, "rf"),
        charge=read_filter(query, "charge"),
        statuses=statuses_behind(query.get("status"), REFUND_STATUS),
    )
    data = [
        objects.refund_object(refund, language=read.language, base_url=read.base_url)
        for refund in found.items
    ]
    return objects.list_object("/v1/refunds", data, has_more=found.has_more)


def read_payout(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return one payout. Raises NotFound."""
    refuse_unknown(read.query)
    payout_id = read.path_params["id"]
    payout = store.find_payout(payout_id) if is_id(payout_id, "po") else None
    if payout is None:
        raise NotFound("resource_missing", "id")
    return objects.payout_object(payout, language=read.language, base_url=read.base_url)


def list_payouts(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return a page of payouts; filters `reference` and `status` (the public word)."""
    query = read.query
    refuse_unknown(query, PAGE_PARAMS | {"reference", "status"})
    status = query.get("status")
    word = PAID if status == RETURNED else status
    found = store.list_payouts(
        Page.parse(query, "po"),
        reference=read_filter(query, "reference"),
        statuses=statuses_behind(word, PAYOUT_STATUS),
        returned=status == RETURNED if word == PAID else None,
    )
    data = [
        objects.payout_object(payout, language=read.language, base_url=read.base_url)
        for payout in found.items
    ]
    return objects.list_object("/v1/payouts", data, has_more=found.has_more)


def read_late_payment(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return one late payment. Raises NotFound."""
    refuse_unknown(read.query)
    late_id = read.path_params["id"]
    late = store.find_late_payment(late_id) if is_id(late_id, PREFIX) else None
    if late is None:
        raise NotFound("resource_missing", "id")
    return late_payment_object(late)


def list_late_payments(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return a page of late payments; filters `charge` (an id) and `status`."""
    query = read.query
    refuse_unknown(query, PAGE_PARAMS | {"charge", "status"})
    status = query.get("status")
    if status is not None and status not in set(LateStatus):
        raise InvalidRequest("parameter_invalid", "status")
    found = store.list_late_payments(
        Page.parse(query, PREFIX), charge=read_filter(query, "charge"), status=status
    )
    data = [late_payment_object(late) for late in found.items]
    return objects.list_object("/v1/late_payments", data, has_more=found.has_more)


def read_reversal(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return one reversal or return. Raises NotFound."""
    refuse_unknown(read.query)
    asked = read.path_params["id"]
    found = store.find_reversal(asked) if is_id(asked, "rv") else None
    if found is None:
        raise NotFound("resource_missing", "id")
    return reversal_object(found, livemode=read.livemode)


def list_reversals(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return a page of reversals and returns; filter `source`, the id of a charge or payout."""
    query = read.query
    refuse_unknown(query, PAGE_PARAMS | {"source"})
    page = Page.parse(query, "rv")
    found = store.list_reversals(page, about=read_filter(query, "source"))
    data = [reversal_object(each, livemode=read.livemode) for each in found.items]
    return objects.list_object("/v1/reversals", data, has_more=found.has_more)


def read_topup(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return one top-up. Raises NotFound."""
    refuse_unknown(read.query)
    topup_id = read.path_params["id"]
    topup = store.find_topup(topup_id) if is_id(topup_id, "tu") else None
    if topup is None:
        raise NotFound("resource_missing", "id")
    return objects.topup_object(topup)


def list_topups(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return a page of top-ups."""
    refuse_unknown(read.query, PAGE_PARAMS)
    found = store.list_topups(Page.parse(read.query, "tu"))
    data = [objects.topup_object(topup) for topup in found.items]
    return objects.list_object("/v1/topups", data, has_more=found.has_more)


def list_events(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return a page of events; filters `object` (an id) and `type`."""
    query = read.query
    refuse_unknown(query, PAGE_PARAMS | {"object", "type"})
    page = Page.parse(query, "evt")
    object_id, kind = read_filter(query, "object"), read_filter(query, "type")
    found = store.list_events(page, object_id=object_id, kind=kind)
    data = [_event(event, livemode=read.livemode) for event in found.items]
    return objects.list_object("/v1/events", data, has_more=found.has_more)


def read_event(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return one event. Raises NotFound."""
    refuse_unknown(read.query)
    event_id = read.path_params["id"]
    event = store.find_event(event_id) if is_id(event_id, "evt") else None
    if event is None:
        raise NotFound("resource_missing", "id")
    return _event(event, livemode=read.livemode)


def read_balance(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return the balance, or that of a time that is over, `at` in whole seconds since 1970."""
    refuse_unknown(read.query, {"at"})
    if "at" not in read.query:
        return objects.balance_object(store.balances(), livemode=read.livemode)
    at = read_whole(read.query["at"], "at", objects.unix_seconds(read.now))
    return objects.balance_object(store.balances_at(at), livemode=read.livemode) | {"at": at}


def list_balance_transactions(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return a page of balance transactions; filters `type` and `source` (an id)."""
    query = read.query
    refuse_unknown(query, PAGE_PARAMS | {"type", "source"})
    found = store.list_balance_transactions(
        Page.parse(query, "txn"),
        kinds=_kinds(query.get("type")),
        source=read_filter(query, "source"),
    )
    data = [
        objects.balance_transaction_object(each, livemode=read.livemode) for each in found.items
    ]
    return objects.list_object("/v1/balance_transactions", data, has_more=found.has_more)


def read_balance_transaction(read: Read, store: ReadStore) -> dict[str, Any]:
    """Return one balance transaction. Raises NotFound."""
    refuse_unknown(read.query)
    asked = read.path_params["id"]
    found = store.find_balance_transaction(asked) if is_id(asked, "txn") else None
    if found is None:
        raise NotFound("resource_missing", "id")
    return objects.balance_transaction_object(found, livemode=read.livemode)


READS: Final[Mapping[str, Callable[[Read, ReadStore], dict[str, Any]]]] = {
    "read_charge": read_charge,
    "list_charges": list_charges,
    "read_refund": read_refund,
    "list_refunds": list_refunds,
    "read_payout": read_payout,
    "list_payouts": list_payouts,
    "read_late_payment": read_late_payment,
    "list_late_payments": list_late_payments,
    "read_reversal": read_reversal,
    "list_reversals": list_reversals,
    "read_topup": read_topup,
    "list_topups": list_topups,
    "list_events": list_events,
    "read_event": read_event,
    "read_balance": read_balance,
    "list_balance_transactions": list_balance_transactions,
    "read_balance_transaction": read_balance_transaction,
}


def _event(event: Event, *, livemode: bool) -> dict[str, Any]:
    return objects.event_object(event, json.loads(event.data), livemode=livemode)


def _kinds(public: str | None) -> Sequence[str]:
    """Return the kinds of ledger transactions behind a public type, all without one."""
    kinds = [kind for kind, word in TYPE_OF.items() if public in {None, word}]
    if not kinds:
        raise InvalidRequest("parameter_invalid", "type")
    return kinds


def statuses_behind(public: str | None, words: Mapping[Any, str]) -> Sequence[str] | None:
    """Return the inner statuses behind a public word, None without one.

    `words` is the public word of each. Raises InvalidRequest `parameter_invalid`.
    """
    if public is None:
        return None
    inner = [status.value for status, word in words.items() if word == public]
    if not inner:
        raise InvalidRequest("parameter_invalid", "status")
    return inner
