"""How often payments are begun on pages by strangers, counted beside the tries of customers."""

from datetime import datetime
from typing import Final

from shared.db.customers import counted
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.customer import Bound
from shared.domain.payment_page import BEGUN_BY_AN_ADDRESS, BEGUN_ON_A_CHECKOUT, BEGUN_ON_A_LINK

_ONE: Final = "(SELECT 1) AS one"


def _count(bound: Bound) -> Statement:
    """Return what counts one of an address, and of a page where the address may have one more."""
    return Statement(f"""
WITH admitted AS MATERIALIZED ({counted("'paying:' || :address::text", _ONE, BEGUN_BY_AN_ADDRESS)}),
begun AS (
{counted("'page:' || :page::text", "admitted", bound)}
)
SELECT (SELECT count(*) FROM admitted), (SELECT count(*) FROM begun)
""")


_COUNTS: Final = {bound: _count(bound) for bound in (BEGUN_ON_A_CHECKOUT, BEGUN_ON_A_LINK)}


def admits(database: Database, page_id: str, address: str, bound: Bound, *, now: datetime) -> bool:
    """Count one more payment of an address, by its HMAC, and of a page; False where it is too many.

    `bound` is the page's own.
    """
    counts = database.once(None, _COUNTS[bound], page=page_id, address=address, now=now)
    [[admitted, begun]] = counts.rows
    return bool(admitted and begun)
