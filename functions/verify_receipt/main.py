"""Shows anyone who holds a receipt's code that the receipt is ours, and what its payment is now."""

from shared.domain.errors import NotFound
from shared.runtime import receipts
from shared.runtime.http import Answer, Call, http_function


def verify(call: Call) -> Answer:
    """GET /verify/{code}: a page in French or English."""
    page = receipts.verify_page(
        call.path_params["code"],
        accept_language=call.accept_language,
        asked=call.query().get("language"),
    )
    return Answer(
        status=page.status,
        body=page.html,
        headers=dict(page.headers),
        content_type="text/html; charset=utf-8",
    )


def read_pdf(call: Call) -> Answer:
    """GET /verify/{code}.pdf: the stored bytes, once their hash is found right."""
    found = receipts.stored_receipt(call.path_params["code"])
    if found is None:
        raise NotFound("resource_missing", "code")
    number, stored = found
    return Answer(
        body=receipts.read_stored(stored),
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{number}.pdf"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, max-age=0, no-store",
        },
    )


verify_receipt = http_function(
    "verify_receipt", {"verify_receipt": verify, "read_receipt": read_pdf}
)
