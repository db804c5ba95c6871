"""Changes what a merchant alone says of a refund or a payout: no money moves, no event tells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from shared.domain.account import Caller
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted, Unavailable
from shared.domain.ids import is_id
from shared.domain.payout import Payout
from shared.domain.refund import Refund
from shared.operations.changed_words import TRIES, joined, read_changes
from shared.operations.create_charge import DESCRIPTION_LENGTH, fingerprint, read_text
from shared.operations.lists import refuse_unknown
from shared.operations.objects import outgoing_object, to_json
from shared.operations.ports import IdempotencyUse, Replayed, Stored

UPDATE_REFUND: Final = "update_refund"
UPDATE_PAYOUT: Final = "update_payout"
_OF_REFUND: Final = frozenset({"metadata"})
_OF_PAYOUT: Final = frozenset({"description", "metadata"})

T = TypeVar("T", Refund, Payout)


class DescribedOutgoing(Protocol[T]):
    """The refunds or the payouts of a tenant, and their words."""

    def find(self, object_id: str) -> T | None:
        """Return it, or None."""

    def describe(
        self, outgoing: T, before: T, *, idempotency: IdempotencyUse | None, response: str
    ) -> Stored | Replayed | None:
        """Store words in the place of those before; None where those are there no more.

        Raises KeyReused, InProgress.
        """


@dataclass(frozen=True, slots=True)
class NewWords:
    """Well-formed new words, as of a charge; a refund has no description."""

    given: frozenset[str]
    description: str | None
    metadata: Mapping[str, str | None] | None
    fingerprint: str

    @classmethod
    def of_refund(cls, body: Mapping[str, Any], refund_id: str) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        return cls._read(body, refund_id, _OF_REFUND)

    @classmethod
    def of_payout(cls, body: Mapping[str, Any], payout_id: str) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        return cls._read(body, payout_id, _OF_PAYOUT)

    @classmethod
    def _read(cls, body: Mapping[str, Any], object_id: str, known: frozenset[str]) -> Self:
        refuse_unknown(body, known)
        return cls(
            frozenset(body),
            read_text(body, "description", DESCRIPTION_LENGTH),
            read_changes(body.get("metadata")),
            fingerprint({**body, "id": object_id}),
        )

    def metadata_of(self, before: Mapping[str, str]) -> Mapping[str, str]:
        """Return metadata as it shall be. Raises InvalidRequest `metadata_invalid`."""
        return joined(before, self.metadata) if "metadata" in self.given else before


@dataclass(frozen=True, slots=True)
class WordsHand(Generic[T]):
    """Who changes words, where they are kept, and how the answer is written."""

    caller: Caller
    store: DescribedOutgoing[T]
    idempotency_key: str | None
    base_url: str
    language: str

    def use(self, operation: str, words: NewWords) -> IdempotencyUse | None:
        """Return how its key is used, None without one."""
        key = self.idempotency_key
        return None if key is None else IdempotencyUse(operation, key, words.fingerprint)


def update_refund(refund_id: str, words: NewWords, hand: WordsHand[Refund]) -> Stored | Replayed:
    """Store new metadata of a refund, whatever has become of it.

    A key that was answered before gets that answer. Raises NotPermitted for a suspended account,
    NotFound, InvalidRequest, KeyReused, InProgress, and Unavailable where others change it as fast.
    """

    def changed(refund: Refund) -> Refund:
        return replace(refund, metadata=words.metadata_of(refund.metadata))

    use = hand.use(UPDATE_REFUND, words)
    return _update(refund_id, "rf", hand, use=use, changed=changed)


def update_payout(payout_id: str, words: NewWords, hand: WordsHand[Payout]) -> Stored | Replayed:
    """Store new words of a payout, whatever has become of it, unless they were to be approved.

    An approval binds them, a batch's those of its lines: even when it is over it says what was
    approved. Raises as `update_refund`, and InvalidRequest `payout_words_bound`.
    """

    def changed(payout: Payout) -> Payout:
        if payout.approval is not None or payout.batch is not None:
            raise InvalidRequest("payout_words_bound", "id")
        description = words.description if "description" in words.given else payout.description
        metadata = words.metadata_of(payout.metadata)
        return replace(payout, description=description, metadata=metadata)

    use = hand.use(UPDATE_PAYOUT, words)
    return _update(payout_id, "po", hand, use=use, changed=changed)


def _update(
    object_id: str,
    prefix: str,
    hand: WordsHand[T],
    *,
    use: IdempotencyUse | None,
    changed: Callable[[T], T],
) -> Stored | Replayed:
    if hand.caller.suspended:
        raise NotPermitted("account_suspended")
    for _ in range(TRIES):
        before = hand.store.find(object_id) if is_id(object_id, prefix) else None
        if before is None:
            raise NotFound("resource_missing", "id")
        after = changed(before)
        shown = outgoing_object(after, language=hand.language, base_url=hand.base_url)
        stored = hand.store.describe(after, before, idempotency=use, response=to_json(shown))
        if stored is not None:
            return stored
    raise Unavailable("temporarily_unavailable")
