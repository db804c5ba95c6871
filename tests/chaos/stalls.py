"""Merchants of the fault matrix, each with lines of its own to its operators."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.chaos.contract import own_lines
from tests.chaos.operator_line import OperatorLine
from tests.chaos.oracle.evidence import Login
from tests.chaos.shop import Shop, open_shop
from tests.end_to_end.money import top_up
from tests.system import LocalSystem

# More than any trial pays out of it.
FUNDS: Final = 10_000_000
_OPENED_AT_ONCE: Final = 2
# Whoever asks so much at once as a wave does would be asked to wait.
_UNBOUNDED: Final = """
INSERT INTO platform.dated_rules (id, kind, livemode, account_id, valid_from, data)
VALUES ('requests_of_' || :account, 'requests', false, :account, now() - interval '1 minute', '{}')
ON CONFLICT (id) DO NOTHING"""


@dataclass(frozen=True, slots=True)
class Stall:
    """A merchant and the lines to its operators, by product."""

    shop: Shop
    lines: Mapping[str, OperatorLine]


@contextmanager
def open_stalls(
    system: LocalSystem, login: Login, superuser: Any, names: Sequence[str], *, first: int
) -> Iterator[list[Stall]]:
    """Merchants with lines of their own; the ends of their payers' numbers count from `first`."""
    with ExitStack() as stack:

        def opened(place: int, name: str) -> Shop:
            return stack.enter_context(open_shop(system, login, name, ending=f"{first + place}"))

        # More at once wait for each other until one gives up.
        with ThreadPoolExecutor(_OPENED_AT_ONCE) as threads:
            shops = [*threads.map(opened, range(len(names)), names)]
        stalls = [Stall(shop, stack.enter_context(own_lines(shop))) for shop in shops]
        for stall in stalls:
            superuser.run(_UNBOUNDED, account=stall.shop.merchant.account)
            top_up(system, stall.shop.merchant, FUNDS)
        yield stalls
