"""The public form of receipts, and their reads: one of each payment that was made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol

from shared.domain.receipt import Paper
from shared.operations.lists import Page, PageOf, read_filter
from shared.operations.objects import unix_seconds
from shared.operations.reads import Read, page_object

PREFIX: Final = "rcp"
LIST_URL: Final = "/v1/receipts"
_PAPERS: Final = {"ch": Paper.CHARGE, "rf": Paper.REFUND, "po": Paper.PAYOUT}


@dataclass(frozen=True, slots=True)
class IssuedReceipt:
    """A receipt as its row has it; `sha256` in hex, None until its PDF is stored."""

    id: str
    object_id: str
    number: str
    code: str
    sha256: str | None
    created_at: datetime


class ReceiptReads(Protocol):
    """What one tenant may read of its receipts."""

    def find_receipt(self, receipt_id: str) -> IssuedReceipt | None:
        """Return the receipt, or None."""

    def list_receipts(self, page: Page, *, about: str | None) -> PageOf[IssuedReceipt]:
        """Return a page of receipts, newest first; of any payment where none is named."""


def receipt_object(receipt: IssuedReceipt, *, base_url: str, livemode: bool) -> dict[str, Any]:
    """Return a receipt as OpenAPI describes it; times in Unix seconds."""
    page = f"{base_url}/verify/{receipt.code}"
    return {
        "id": receipt.id,
        "object": "receipt",
        "number": receipt.number,
        "kind": _PAPERS[receipt.object_id.partition("_")[0]].value,
        "source": receipt.object_id,
        "verify_url": page,
        "pdf_url": None if receipt.sha256 is None else f"{page}.pdf",
        "sha256": receipt.sha256,
        "created": unix_seconds(receipt.created_at),
        "livemode": livemode,
    }


def _show(read: Read) -> Callable[[IssuedReceipt], dict[str, Any]]:
    return partial(receipt_object, base_url=read.base_url, livemode=read.livemode)


def read_issued_receipt(read: Read, store: ReceiptReads) -> dict[str, Any]:
    """Return one receipt. Raises NotFound."""
    return _show(read)(read.one(PREFIX, store.find_receipt))


def list_receipts(read: Read, store: ReceiptReads) -> dict[str, Any]:
    """Return a page of receipts, of one payment where `source` names it."""
    page = read.page(PREFIX, "source")
    found = store.list_receipts(page, about=read_filter(read.query, "source"))
    return page_object(LIST_URL, found, _show(read))


RECEIPT_READS: Final[Mapping[str, Callable[[Read, ReceiptReads], dict[str, Any]]]] = {
    "read_issued_receipt": read_issued_receipt,
    "list_receipts": list_receipts,
}
