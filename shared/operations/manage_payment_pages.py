"""Makes, shows, changes and ends a merchant's checkouts and payment links."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from shared.domain.account import Caller
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted
from shared.domain.ids import is_id
from shared.domain.payment_page import PageKind, PageStatus, PaymentPage, prefix_of
from shared.operations import objects
from shared.operations.close_checkout import closed
from shared.operations.lists import Page, PageOf
from shared.operations.payment_page_objects import payment_page_object
from shared.operations.payment_page_orders import Bounds, CreatePage, UpdateLink
from shared.operations.payment_page_store import Changed, PaymentPageStore
from shared.operations.ports import IdempotencyUse, Replayed, Stored

OPERATIONS: Final = {
    PageKind.CHECKOUT: "create_checkout",
    PageKind.LINK: "create_payment_link",
}


def create_payment_page(
    command: CreatePage,
    caller: Caller,
    *,
    store: PaymentPageStore,
    bounds: Bounds,
    now: datetime,
    base_url: str,
    idempotency_key: str | None,
) -> Stored | Replayed:
    """Store a page that can be paid at once. A key that was answered before gets that answer.

    Raises NotPermitted for an account that may not charge, InvalidRequest, KeyReused, InProgress.
    """
    _refuse_suspended(caller)
    if caller.tenant.livemode and not caller.charges_enabled:
        raise NotPermitted("charges_disabled")
    key, operation = idempotency_key, OPERATIONS[command.kind]
    use = None if key is None else IdempotencyUse(operation, key, command.fingerprint)
    tenant = caller.tenant
    try:
        page = command.page(tenant.account, livemode=tenant.livemode, bounds=bounds, now=now)
    except InvalidRequest:
        earlier = None if use is None else store.replay(use)
        if earlier is None:
            raise
        return earlier
    shown = payment_page_object(page, base_url=base_url, now=now)
    return store.add(page, idempotency=use, response=objects.to_json(shown))


def read_payment_page(
    page_id: str, kind: PageKind, caller: Caller, store: PaymentPageStore
) -> PaymentPage:
    """Return a page of this account and mode. Raises NotFound."""
    found = store.find(page_id) if _is_id(page_id, kind, caller) else None
    if found is None:
        raise NotFound("resource_missing", "id")
    return found


def list_payment_pages(kind: PageKind, page: Page, store: PaymentPageStore) -> PageOf[PaymentPage]:
    """Return a page of checkouts or payment links, newest first."""
    return store.page(kind, page)


def update_payment_link(
    link_id: str, command: UpdateLink, caller: Caller, store: PaymentPageStore, *, now: datetime
) -> PaymentPage:
    """Change a link; what is under way on it ends as it would.

    Raises NotPermitted `account_suspended`, NotFound, InvalidRequest `metadata_invalid`.
    """
    _refuse_suspended(caller)
    known = _is_id(link_id, PageKind.LINK, caller)
    changed = (
        store.change(link_id, lambda page: Changed(command.applied(page)), at=now)
        if known
        else None
    )
    if changed is None:
        raise NotFound("resource_missing", "id")
    return changed


def expire_checkout(
    checkout_id: str, caller: Caller, store: PaymentPageStore, *, now: datetime, base_url: str
) -> PaymentPage:
    """End a checkout: no payment is begun on it any more; the same call again changes nothing.

    Where one is under way it stays open until that has ended, and is complete if it was paid.
    Raises NotPermitted `account_suspended`, NotFound, and InvalidRequest `checkout_complete`.
    """
    _refuse_suspended(caller)

    def decide(page: PaymentPage) -> Changed:
        if page.shown_status(now) is PageStatus.COMPLETE:
            raise InvalidRequest("checkout_complete", "id")
        if page.status is not PageStatus.OPEN or page.is_over(now):
            return closed(page, now=now, base_url=base_url)
        return closed(replace(page, expires_at=now), now=now, base_url=base_url)

    known = _is_id(checkout_id, PageKind.CHECKOUT, caller)
    changed = store.change(checkout_id, decide, at=now) if known else None
    if changed is None:
        raise NotFound("resource_missing", "id")
    return changed


def _is_id(page_id: str, kind: PageKind, caller: Caller) -> bool:
    return is_id(page_id, prefix_of(kind, livemode=caller.tenant.livemode))


def _refuse_suspended(caller: Caller) -> None:
    if caller.suspended:
        raise NotPermitted("account_suspended")
