"""Leads a payer to the operator's page and back, and says how it ended; no key is needed."""

from shared.runtime import checkout
from shared.runtime.http import Answer, Call, http_function


def open_page(call: Call) -> Answer:
    """GET /pay/{id}: to the operator's page while the charge waits, else a page of ours."""
    return _answer(
        checkout.enter(
            call.path_params["id"],
            accept_language=call.accept_language,
            asked=call.query().get("language"),
        )
    )


def leave_page(call: Call) -> Answer:
    """GET /pay/{id}/return: back to the merchant, whatever became of the payment."""
    return _answer(checkout.leave(call.path_params["id"], accept_language=call.accept_language))


def _answer(page: checkout.Step) -> Answer:
    return Answer(
        status=page.status,
        body=page.html,
        headers=dict(page.headers),
        content_type="text/html; charset=utf-8",
    )


serve_checkout = http_function(
    "serve_checkout", {"open_checkout": open_page, "leave_checkout": leave_page}
)
