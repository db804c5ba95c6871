"""Serves merchants' pages to payers, who need no key: the form, and what is begun by it."""

from secrets import randbits
from time import sleep
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from shared.db import page_tries
from shared.domain.account import PAGING, Caller, Seller, Tenant
from shared.domain.customer import address_hmac
from shared.domain.errors import (
    InProgress,
    InvalidRequest,
    LostRace,
    NotFound,
    Refusal,
    TooManyRequests,
)
from shared.domain.ids import ALPHABET, encode, is_id
from shared.domain.money import XAF, Money
from shared.domain.payment_page import PageKind, PageStatus, PaymentPage, prefix_of
from shared.domain.receipt import Language
from shared.operations.pay_on_page import FIELDS, TOKEN_LENGTH, PayOrder, pay_on_page
from shared.operations.payment_page_objects import page_address
from shared.runtime import charging, payer_words, payment_pages, problem, wiring
from shared.runtime.crash import reached
from shared.runtime.http import Call
from shared.runtime.payer_documents import (
    NOTHING,
    AskView,
    Fault,
    Typed,
    draw_code,
    render_ask_page,
)
from shared.runtime.payer_status import page_language
from shared.runtime.payer_step import Step
from shared.runtime.settings import settings

LARGEST_FORM_BYTES: Final = 4096
_FORM: Final = "application/x-www-form-urlencoded"
_SEE_OTHER: Final = 303
# While the same token is at work: its outcome is known in a moment.
_TRIES: Final = 5
_PAUSE_SECONDS: Final = 0.3
_SHOWN_LETTERS: Final = 40
_KINDS: Final = tuple((kind, livemode) for kind in PageKind for livemode in (True, False))


def show(page_id: str, *, accept_language: str | None, asked: str | None) -> Step:
    """GET /pay/{id} of a checkout or a payment link.

    A checkout that somebody pays or has paid leads to how that goes; whatever takes no payment any
    more looks as if it had never been.
    """
    found = find(page_id)
    language = page_language(None if found is None else found[1], accept_language, asked)
    if found is None:
        return Step.unknown(language)
    tenant, page = found
    if page.is_checkout and (page.is_under_way or page.is_paid):
        return Step.to(f"/pay/{page.charge_id}?language={language}")
    if not page.takes_payment(wiring.time_of(tenant)):
        return Step.unknown(language)
    return _form(tenant, page, language)


def pay(call: Call) -> Step:
    """POST /pay/{id}: begin a payment, and lead to how it goes."""
    found = find(call.path_params["id"])
    asked = _asked_language(call)
    language = page_language(None if found is None else found[1], call.accept_language, asked)
    if found is None:
        return Step.unknown(language)
    tenant, page = found
    form = _read_form(call)
    try:
        _refuse_foreign(call)
        order = PayOrder.parse(form)
        charge_id = _begun(call, tenant, page, order)
    except LostRace:
        begun = page.charge_id if page.is_checkout else None
        return Step.to(f"/pay/{begun or page.id}?language={language}", _SEE_OTHER)
    except Refusal as refusal:
        return _refused(tenant, page, language, form, refusal)
    return Step.to(f"/pay/{charge_id}?language={language}", _SEE_OTHER)


def code(page_id: str) -> str:
    """GET /pay/{id}/qr.svg. Raises NotFound for whatever takes no payment now."""
    found = find(page_id)
    if found is None:
        raise NotFound("resource_missing", "id")
    tenant, page = found
    if page.shown_status(wiring.time_of(tenant)) is not PageStatus.OPEN:
        raise NotFound("resource_missing", "id")
    return draw_code(page_address(page.id, base_url=settings().public_base_url))


def find(page_id: str) -> tuple[Tenant, PaymentPage] | None:
    """Return whose page this is, and how it is, or None."""
    if not any(is_id(page_id, prefix_of(kind, livemode=mode)) for kind, mode in _KINDS):
        return None
    known = wiring.directory().find_public_code(page_id)
    if known is None:
        return None
    page = payment_pages.store(known[0]).find(page_id)
    return None if page is None else (known[0], page)


def _begun(call: Call, tenant: Tenant, page: PaymentPage, order: PayOrder) -> str:
    """Return the id of the charge of this token. Raises Refusal, LostRace."""
    if not page.takes_payment(wiring.time_of(tenant)):
        raise LostRace(page.id)
    address = address_hmac(call.remote_address, wiring.kept_key("number_key"))
    database = wiring.app_database()
    if not page_tries.admits(database, page.id, address, page.bound, now=wiring.now()):
        wait = int(page.bound.span.total_seconds())
        raise TooManyRequests("rate_limited", retry_after_seconds=wait)
    seller = wiring.directory().find_seller(tenant.account)
    if seller is None:
        raise LostRace(page.id)
    for rest in reversed(range(_TRIES)):
        try:
            return pay_on_page(
                order,
                page,
                _caller(tenant, page, seller),
                terms=charging.terms(order.operator, tenant, on_page=order.phone is None),
                store=payment_pages.charges(tenant, page.id),
                now=wiring.time_of(tenant),
                base_url=settings().public_base_url,
                request_id=call.request_id,
                traceparent=call.traceparent,
                reached=reached,
            )
        except InProgress:
            if not rest:
                raise
            sleep(_PAUSE_SECONDS)
    raise LostRace(page.id)


def _caller(tenant: Tenant, page: PaymentPage, seller: Seller) -> Caller:
    """Return who charges: the page, which has the bounds of a key that was made with it."""
    return Caller(
        tenant=tenant,
        key_id=page.id,
        kind="page",
        scopes=frozenset(),
        language=seller.language,
        charges_enabled=seller.charges_enabled,
        suspended=seller.suspended,
        key_since=page.created_at,
    )


def _refuse_foreign(call: Call) -> None:
    """Take a form from our own page alone; who sends neither header is no browser of today.

    Raises InvalidRequest.
    """
    if call.fetch_site is not None:
        is_ours = call.fetch_site == "same-origin"
    else:
        ours = urlsplit(settings().public_base_url)
        is_ours = call.origin in (None, f"{ours.scheme}://{ours.netloc}")
    if not is_ours:
        raise InvalidRequest("parameter_invalid", "token")


def _read_form(call: Call) -> dict[str, str]:
    """Return the fields of a form, none where it cannot be read or has one of them twice."""
    media_type = (call.content_type or "").partition(";")[0].strip().lower()
    if media_type != _FORM or len(call.content) > LARGEST_FORM_BYTES:
        return {}
    try:
        pairs = parse_qsl(
            call.content.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=len(FIELDS),
        )
    except ValueError:
        return {}
    form = dict(pairs)
    return form if len(form) == len(pairs) else {}


def _asked_language(call: Call) -> str | None:
    try:
        return call.query().get("language")
    except InvalidRequest:
        return None


def _refused(
    tenant: Tenant, page: PaymentPage, language: Language, form: dict[str, str], refusal: Refusal
) -> Step:
    """Show the form again, with what was typed and what is wrong; nothing was begun."""
    status = next(
        problem.KINDS[cls] for cls in type(refusal).__mro__ if cls in problem.KINDS
    ).status
    typed = Typed(
        *(form.get(name, "")[:_SHOWN_LETTERS] for name in ("phone", "operator", "amount"))
    )
    fault = Fault(payer_words.refusal_text(refusal, language), payer_words.field_of(refusal))
    step = _form(tenant, page, language, typed=typed, fault=fault, token=form.get("token", ""))
    waits = refusal.values.get("retry_after_seconds")
    more = () if waits is None else (("Retry-After", str(waits)),)
    return Step(status, step.html, (*step.headers, *more))


def _form(
    tenant: Tenant,
    page: PaymentPage,
    language: Language,
    *,
    typed: Typed = NOTHING,
    fault: Fault | None = None,
    token: str = "",
) -> Step:
    amounts = (page.asked.amount, page.asked.least, page.asked.most)
    money, least, most = (None if each is None else Money(each, XAF) for each in amounts)
    is_token = len(token) == TOKEN_LENGTH and all(letter in ALPHABET for letter in token)
    view = AskView(
        merchant=wiring.profile(tenant.account).name,
        money=money,
        least=least,
        most=most,
        description=page.description,
        livemode=page.livemode,
        cancel_url=page.cancel_url,
        action=f"/pay/{page.id}?language={language}",
        token=token if is_token else _new_token(),
        takes_redirects=_takes_redirects(tenant),
        typed=typed,
        fault=fault,
    )
    return Step.of(render_ask_page(view, language))


def _takes_redirects(tenant: Tenant) -> bool:
    """Tell whether payers may pay on an operator's own page."""
    terms = (charging.terms(operator, tenant, on_page=True) for operator in PAGING)
    return any(each.operator_account is not None for each in terms)


def _new_token() -> str:
    """Return 120 random bits: what makes one payment of however many clicks."""
    return encode(randbits(5 * TOKEN_LENGTH), TOKEN_LENGTH)
