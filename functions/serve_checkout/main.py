"""Serves payers, who need no key: merchants' pages, the way to operators' pages, and back."""

from shared.runtime import checkout, payer_pages
from shared.runtime.http import Answer, Call, http_function
from shared.runtime.payer_step import Step


def open_page(call: Call) -> Answer:
    """GET /pay/{id}: a merchant's page, or how a payment goes and where it goes on."""
    return _answer(
        checkout.enter(
            call.path_params["id"],
            accept_language=call.accept_language,
            asked=call.query().get("language"),
        )
    )


def pay(call: Call) -> Answer:
    """POST /pay/{id}: begin a payment on a merchant's page."""
    return _answer(payer_pages.pay(call))


def leave_page(call: Call) -> Answer:
    """GET /pay/{id}/return: back to the merchant, whatever became of the payment."""
    return _answer(checkout.leave(call.path_params["id"], accept_language=call.accept_language))


def show_code(call: Call) -> Answer:
    """GET /pay/{id}/qr.svg: a page's address, to be scanned."""
    return Answer(
        body=payer_pages.code(call.path_params["id"]),
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'",
            "X-Content-Type-Options": "nosniff",
        },
        content_type="image/svg+xml",
    )


def _answer(step: Step) -> Answer:
    return Answer(
        status=step.status,
        body=step.html,
        headers=dict(step.headers),
        content_type="text/html; charset=utf-8",
    )


serve_checkout = http_function(
    "serve_checkout",
    {
        "open_checkout": open_page,
        "pay_checkout": pay,
        "leave_checkout": leave_page,
        "read_payment_qr": show_code,
    },
)
