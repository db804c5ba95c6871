"""Verifies an audit chain from its first entry to its newest, against heads that were kept too.

A chain whose newest entries were cut off is whole in itself: only a head that somebody kept outside
the database shows that it once went on.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from shared.domain.audit import GENESIS, Break, Head, Link, walk

BATCH: Final = 1000


class ChainStore(Protocol):
    """All audit chains, as a verifier sees them."""

    def chains(self) -> Sequence[str]:
        """Return the names of all chains, the platform's first."""

    def links(self, chain: str, *, after: int, limit: int) -> Iterator[Link]:
        """Yield up to so many links behind a position, in the order of their positions.

        Raises ValueError or TypeError at what is no entry.
        """


def verify_chain(chain: str, store: ChainStore, kept: Mapping[int, bytes]) -> Head | Break:
    """Return where a chain ends, or its first break. `kept` are hashes kept outside, by position.

    Memory holds one batch at a time, however long the chain is.
    """
    head = Head(chain, 0, GENESIS)
    while True:
        before = head
        try:
            for step in walk(head, store.links(chain, after=head.position, limit=BATCH)):
                if isinstance(step, Break):
                    return step
                head = step
                if kept.get(head.position, head.hash) != head.hash:
                    return Break(chain, head.position, "is not what was kept outside")
        except (TypeError, ValueError):
            return Break(chain, head.position + 1, "cannot be read")
        if head == before:
            break
    lost = [position for position in kept if position > head.position]
    return Break(chain, head.position + 1, "is missing") if lost else head
