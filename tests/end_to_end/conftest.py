"""Two accounts for Stripe's SDKs, which each cost a second to make."""

from collections.abc import Iterator
from typing import Final

import pytest

from knative.local.postgres import connect
from tests.end_to_end.merchant import Merchant, open_merchant
from tests.end_to_end.money import top_up
from tests.system import LocalSystem

_FUNDS: Final = 50_000
_FEW_REQUESTS: Final = """
INSERT INTO platform.dated_rules (id, kind, livemode, account_id, valid_from, data)
VALUES (:account, 'requests', false, :account, '2020-01-01Z',
  '{"account": 2, "key": 2, "seconds": 600}')"""


@pytest.fixture(scope="session")
def sdk_merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """An account with something to pay out."""
    with open_merchant(local_system, "Boutique des SDK") as merchant:
        top_up(local_system, merchant, _FUNDS)
        yield merchant


@pytest.fixture(scope="session")
def hurried_merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """An account that may ask twice in ten minutes; whoever asks a third time is refused."""
    password = (local_system.data_dir / "postgres_superuser").read_text(encoding="utf-8").strip()
    port = local_system.ports["postgres"]
    with open_merchant(local_system, "Boutique Pressée") as merchant:
        with connect(port=port, password=password, database="pay") as connection:
            connection.run(_FEW_REQUESTS, account=merchant.account)
        yield merchant
