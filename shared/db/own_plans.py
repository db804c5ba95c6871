"""What one connection has planned for each tenant that is led to it."""

from collections import OrderedDict
from typing import Final

from shared.db.statement import Prepared, Statement, Unannounced

# Of the largest statement a plan takes 330 kB of the server's memory.
MOST_PLANS: Final = 512


class OwnPlans:
    """Statements of one connection, each prepared once for each tenant; the least used go.

    PostgreSQL plans a statement anew where the search_path is another than last time. Under a name
    for each tenant it is always the same.
    """

    __slots__ = ("_known", "before")

    def __init__(self) -> None:
        """Nothing is planned yet; `before` holds messages for the next call."""
        self._known: OrderedDict[tuple[Statement, str], Unannounced] = OrderedDict()
        self.before = b""

    def of(self, shared: Prepared, schema: str) -> Unannounced:
        """Return a statement as it is prepared for a tenant, or as it will be."""
        return self._known.get((shared.statement, schema)) or shared.again(f" {schema}")

    def keep(self, plan: Unannounced, schema: str) -> None:
        """Keep what a call has succeeded with, and what was to be forgotten is forgotten."""
        self.before = b""
        plan.is_known = True
        key = plan.statement, schema
        self._known[key] = plan
        self._known.move_to_end(key)
        if len(self._known) > MOST_PLANS:
            _, oldest = self._known.popitem(last=False)
            self.before = oldest.closing
