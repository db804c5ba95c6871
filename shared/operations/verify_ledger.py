"""Verifies the seals of a ledger from the first to the newest, against heads that were kept too."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.domain.ledger_seal import UNSEALED, Booked, Seal, fault


class SealStore(Protocol):
    """All ledgers, as a verifier sees them."""

    def chains(self) -> Sequence[str]:
        """Return the name of each account's ledger in each mode."""

    def seals(self, chain: str) -> Iterator[Seal]:
        """Yield the seals of a ledger in the order of their positions."""

    def booked(self, chain: str, *, after: str, until: str) -> Sequence[Booked]:
        """Return the transactions behind one id up to another, in the order of ids."""

    def unsealed(self, chain: str, *, after: str) -> int:
        """Return how many transactions stand behind an id."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where the seals of a ledger end, what stands unsealed behind them, and the first fault."""

    newest: Seal
    unsealed: int
    fault: str | None = None


def verify_ledger(chain: str, store: SealStore, kept: Mapping[int, bytes]) -> Verdict:
    """Return how a ledger stands. `kept` are hashes kept outside the database, by position.

    Memory holds what one seal holds, however long the ledger is.
    """
    before = UNSEALED
    for seal in store.seals(chain):
        booked = store.booked(chain, after=before.until_id, until=seal.until_id)
        wrong = fault(chain, before, seal, booked)
        if wrong is None and kept.get(seal.position, seal.hash) != seal.hash:
            wrong = "is not what was kept outside"
        if wrong is not None:
            return Verdict(before, 0, f"seal {seal.position} {wrong}")
        before = seal
    lost = [position for position in kept if position > before.position]
    wrong = f"seal {min(lost)} is missing" if lost else None
    return Verdict(before, store.unsealed(chain, after=before.until_id), wrong)
