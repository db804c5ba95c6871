"""How a merchant's own words change: metadata is joined to what there is, as Stripe has it."""

from collections.abc import Mapping
from typing import Final

from shared.domain.errors import InvalidRequest
from shared.operations.create_charge import METADATA_PAIRS, read_metadata

TRIES: Final = 3
"""How often an object is read again because somebody else changed its words meanwhile."""


def read_changes(value: object) -> Mapping[str, str | None] | None:
    """Return texts by name; null or an empty one takes the name away. None takes all away.

    Raises InvalidRequest `metadata_invalid`.
    """
    if not isinstance(value, dict):
        read_metadata(value)
        return None
    texts = {name: "" if text is None else text for name, text in value.items()}
    return {name: text or None for name, text in read_metadata(texts).items()}


def joined(before: Mapping[str, str], changes: Mapping[str, str | None] | None) -> dict[str, str]:
    """Return metadata with its changes. Raises InvalidRequest `metadata_invalid` for too many."""
    whole = {} if changes is None else {**before, **changes}
    kept = {name: text for name, text in whole.items() if text is not None}
    if len(kept) > METADATA_PAIRS:
        raise InvalidRequest("metadata_invalid", "metadata")
    return kept
