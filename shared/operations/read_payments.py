"""Reads charges, refunds, payouts, events and the books, with cursors that are ids."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

from shared.domain.adjustment import Reversal
from shared.domain.balance_transaction import TYPE_OF, BalanceTransaction
from shared.domain.charge import PUBLIC_STATUS, Charge
from shared.domain.errors import InvalidRequest
from shared.domain.events import ENDPOINT_TEST, EVENT_TYPES, Event
from shared.domain.late_payment import PREFIX, LatePayment, LateStatus
from shared.domain.outgoing import OutgoingStatus
from shared.domain.payout import PUBLIC_STATUS as PAYOUT_STATUS
from shared.domain.payout import RETURNED, Payout
from shared.domain.refund import PUBLIC_STATUS as REFUND_STATUS
from shared.domain.refund import Refund
from shared.domain.topup import TopUp
from shared.operations import objects
from shared.operations.late_objects import late_payment_object, reversal_object
from shared.operations.lists import Page, PageOf, read_filter, read_whole, refuse_unknown
from shared.operations.reads import Read, page_object
from shared.operations.search_charges import SearchStore, search_charges
from shared.operations.wanted_payments import WantedPayments

_PAID: Final = PAYOUT_STATUS[OutgoingStatus.SUCCEEDED]
OPERATOR_ID: Final = "operator_transaction_id"
Shown = dict[str, Any]


class ReadStore(SearchStore, Protocol):
    """What a tenant may read of its own."""

    def find_charge(self, charge_id: str) -> Charge | None:
        """Return the charge, or None."""

    def list_charges(self, page: Page, wanted: WantedPayments) -> PageOf[Charge]:
        """Return a page of charges."""

    def find_refund(self, refund_id: str) -> Refund | None:
        """Return the refund, or None."""

    def list_refunds(self, page: Page, wanted: WantedPayments) -> PageOf[Refund]:
        """Return a page of refunds."""

    def find_payout(self, payout_id: str) -> Payout | None:
        """Return the payout, or None."""

    def list_payouts(self, page: Page, wanted: WantedPayments) -> PageOf[Payout]:
        """Return a page of payouts."""

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


def read_charge(read: Read, store: ReadStore) -> Shown:
    """Return one charge. Raises NotFound."""
    return _charge(read)(read.one("ch", store.find_charge))


def list_charges(read: Read, store: ReadStore) -> Shown:
    """Return a page of charges, narrowed by what is said of them."""
    words = ("status", "customer", "payment_link", "reference", "phone", OPERATOR_ID)
    page = read.page("ch", *words)
    statuses = statuses_behind(read.query.get("status"), PUBLIC_STATUS)
    found = store.list_charges(page, WantedPayments.read(read.query, statuses))
    return page_object("/v1/charges", found, _charge(read))


def _charge(read: Read) -> Callable[[Charge], Shown]:
    return partial(objects.charge_object, base_url=read.base_url, language=read.language)


def read_refund(read: Read, store: ReadStore) -> Shown:
    """Return one refund. Raises NotFound."""
    return _refund(read)(read.one("rf", store.find_refund))


def list_refunds(read: Read, store: ReadStore) -> Shown:
    """Return a page of refunds, narrowed by what is said of them."""
    page = read.page("rf", "status", "charge", "phone", OPERATOR_ID)
    statuses = statuses_behind(read.query.get("status"), REFUND_STATUS)
    found = store.list_refunds(page, WantedPayments.read(read.query, statuses))
    return page_object("/v1/refunds", found, _refund(read))


def _refund(read: Read) -> Callable[[Refund], Shown]:
    return partial(objects.refund_object, language=read.language, base_url=read.base_url)


def read_payout(read: Read, store: ReadStore) -> Shown:
    """Return one payout. Raises NotFound."""
    return show_payout(read)(read.one("po", store.find_payout))


def list_payouts(read: Read, store: ReadStore) -> Shown:
    """Return a page of payouts, narrowed by what is said of them."""
    page = read.page("po", "status", "reference", "phone", OPERATOR_ID)
    statuses, returned = payouts_behind(read.query.get("status"))
    wanted = WantedPayments.read(read.query, statuses, returned=returned)
    return page_object("/v1/payouts", store.list_payouts(page, wanted), show_payout(read))


def show_payout(read: Read) -> Callable[[Payout], Shown]:
    """Return how payouts are shown."""
    return partial(objects.payout_object, language=read.language, base_url=read.base_url)


def read_late_payment(read: Read, store: ReadStore) -> Shown:
    """Return one late payment. Raises NotFound."""
    return late_payment_object(read.one(PREFIX, store.find_late_payment))


def list_late_payments(read: Read, store: ReadStore) -> Shown:
    """Return a page of late payments; filters `charge` (an id) and `status`."""
    page, status = read.page(PREFIX, "charge", "status"), read.query.get("status")
    if status is not None and status not in set(LateStatus):
        raise InvalidRequest("parameter_invalid", "status")
    charge = read_filter(read.query, "charge")
    found = store.list_late_payments(page, charge=charge, status=status)
    return page_object("/v1/late_payments", found, late_payment_object)


def read_reversal(read: Read, store: ReadStore) -> Shown:
    """Return one reversal or return. Raises NotFound."""
    return reversal_object(read.one("rv", store.find_reversal), livemode=read.livemode)


def list_reversals(read: Read, store: ReadStore) -> Shown:
    """Return a page of reversals and returns; filter `source`, the id of a charge or payout."""
    page = read.page("rv", "source")
    found = store.list_reversals(page, about=read_filter(read.query, "source"))
    show = partial(reversal_object, livemode=read.livemode)
    return page_object("/v1/reversals", found, show)


def read_topup(read: Read, store: ReadStore) -> Shown:
    """Return one top-up. Raises NotFound."""
    return objects.topup_object(read.one("tu", store.find_topup))


def list_topups(read: Read, store: ReadStore) -> Shown:
    """Return a page of top-ups."""
    return page_object("/v1/topups", store.list_topups(read.page("tu")), objects.topup_object)


def read_event(read: Read, store: ReadStore) -> Shown:
    """Return one event. Raises NotFound."""
    return _event(read.one("evt", store.find_event), livemode=read.livemode)


def list_events(read: Read, store: ReadStore) -> Shown:
    """Return a page of events; filters `object` (an id) and `type`, one of those that there are."""
    page = read.page("evt", "object", "type")
    object_id, kind = read_filter(read.query, "object"), read.query.get("type")
    if kind is not None and kind not in EVENT_TYPES and kind != ENDPOINT_TEST:
        raise InvalidRequest("parameter_invalid", "type")
    found = store.list_events(page, object_id=object_id, kind=kind)
    return page_object("/v1/events", found, partial(_event, livemode=read.livemode))


def _event(event: Event, *, livemode: bool) -> Shown:
    return objects.event_object(event, json.loads(event.data), livemode=livemode)


def read_balance(read: Read, store: ReadStore) -> Shown:
    """Return the balance, or that of a time that is over, `at` in whole seconds since 1970."""
    refuse_unknown(read.query, {"at"})
    if "at" not in read.query:
        return objects.balance_object(store.balances(), livemode=read.livemode)
    at = read_whole(read.query["at"], "at", objects.unix_seconds(read.now))
    return objects.balance_object(store.balances_at(at), livemode=read.livemode) | {"at": at}


def read_balance_transaction(read: Read, store: ReadStore) -> Shown:
    """Return one balance transaction. Raises NotFound."""
    found = read.one("txn", store.find_balance_transaction)
    return objects.balance_transaction_object(found, livemode=read.livemode)


def list_balance_transactions(read: Read, store: ReadStore) -> Shown:
    """Return a page of balance transactions; filters `type` and `source` (an id)."""
    found = store.list_balance_transactions(
        read.page("txn", "type", "source"),
        kinds=_kinds(read.query.get("type")),
        source=read_filter(read.query, "source"),
    )
    show = partial(objects.balance_transaction_object, livemode=read.livemode)
    return page_object("/v1/balance_transactions", found, show)


def _kinds(public: str | None) -> Sequence[str]:
    """Return the kinds of ledger transactions behind a public type, all without one."""
    kinds = [kind for kind, word in TYPE_OF.items() if public in {None, word}]
    if not kinds:
        raise InvalidRequest("parameter_invalid", "type")
    return kinds


def payouts_behind(public: str | None) -> tuple[Sequence[str] | None, bool | None]:
    """Return the inner statuses behind a payout's public word, and whether they came back.

    None without a word, and where it does not matter. Raises InvalidRequest.
    """
    word = _PAID if public == RETURNED else public
    return statuses_behind(word, PAYOUT_STATUS), public == RETURNED if word == _PAID else None


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


READS: Final[Mapping[str, Callable[[Read, ReadStore], Shown]]] = {
    "read_charge": read_charge,
    "list_charges": list_charges,
    "search_charges": search_charges,
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
