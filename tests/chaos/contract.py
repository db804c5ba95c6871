"""A merchant with contracts of its own, each behind a line that can fail.

What fails there fails for this merchant alone, and so do the breakers of its lines: they belong to
a host and its port.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from tests.chaos import judge
from tests.chaos.operator_line import OperatorLine
from tests.chaos.shop import Shop

PRODUCTS = {"collection": "mtn", "disbursement": "mtn", "core": "orange", "web": "orange"}
_PLATFORMS = """
SELECT base_url FROM platform.operator_accounts
WHERE owner = 'platform' AND NOT livemode AND product = :product AND operator = :operator"""
# The same wallet as the platform's, reached by another way.
_CONTRACT = """
INSERT INTO platform.operator_accounts (id, owner, operator, product, livemode, base_url,
                                        target_environment, currency, credentials)
SELECT :id, :owner, operator, product, false, :url, target_environment, currency, credentials
FROM platform.operator_accounts
WHERE owner = 'platform' AND NOT livemode AND product = :product AND operator = :operator"""
_FLOAT = """
INSERT INTO "{schema}".ledger_accounts (code, account_id, normal, floor, currency)
SELECT 'float:' || :id, account_id, normal, floor, currency FROM "{schema}".ledger_accounts
WHERE code LIKE 'float:%' LIMIT 1"""


@contextmanager
def own_lines(shop: Shop) -> Iterator[Mapping[str, OperatorLine]]:
    """Give a merchant that has not traded yet its own contracts; their lines by product."""
    with ExitStack() as stack, judge.superuser(shop.system) as connection:
        lines = {}
        for product, operator in PRODUCTS.items():
            which = {"product": product, "operator": operator}
            [[url]] = connection.run(_PLATFORMS, **which)
            parts = urlsplit(url)
            assert parts.port is not None
            line = stack.enter_context(OperatorLine(parts.port))
            name = f"opa_{shop.ending}{product}{shop.merchant.account.removeprefix('acct_')}"
            there = parts._replace(netloc=f"{parts.hostname}:{line.port}").geturl()
            connection.run(_CONTRACT, id=name, owner=shop.merchant.account, url=there, **which)
            connection.run(_FLOAT.format(schema=shop.merchant.schema), id=name)
            lines[product] = line
        yield lines
