"""Changes what a merchant alone says of a charge, its description and metadata: nothing moves."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from shared.domain.account import Caller
from shared.domain.charge import Charge
from shared.domain.errors import NotFound, NotPermitted, Unavailable
from shared.domain.ids import is_id
from shared.operations import objects
from shared.operations.changed_words import TRIES, joined, read_changes
from shared.operations.create_charge import DESCRIPTION_LENGTH, fingerprint, read_text
from shared.operations.lists import refuse_unknown
from shared.operations.ports import IdempotencyUse, Replayed, Stored

OPERATION: Final = "update_charge"
_FIELDS: Final = frozenset({"description", "metadata"})


class DescribedCharges(Protocol):
    """The charges of a tenant, and their words."""

    def find(self, charge_id: str) -> Charge | None:
        """Return the charge, or None."""

    def describe(
        self, charge: Charge, before: Charge, *, idempotency: IdempotencyUse | None, response: str
    ) -> Stored | Replayed | None:
        """Store words in the place of those before; None where those are there no more.

        Raises KeyReused, InProgress.
        """


@dataclass(frozen=True, slots=True)
class UpdateCharge:
    """Well-formed new words. Metadata is joined to what there is: None takes a name away.

    Without `metadata` all of it goes, where it is given at all.
    """

    given: frozenset[str]
    description: str | None
    metadata: Mapping[str, str | None] | None
    fingerprint: str

    @classmethod
    def parse(cls, body: Mapping[str, Any], charge_id: str) -> "UpdateCharge":
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, _FIELDS)
        return cls(
            given=frozenset(body),
            description=read_text(body, "description", DESCRIPTION_LENGTH),
            metadata=read_changes(body.get("metadata")),
            fingerprint=fingerprint({**body, "id": charge_id}),
        )

    def applied_to(self, charge: Charge) -> Charge:
        """Return the charge with its new words. Raises InvalidRequest `metadata_invalid`."""
        if "description" in self.given:
            charge = replace(charge, description=self.description)
        if "metadata" not in self.given:
            return charge
        return replace(charge, metadata=joined(charge.metadata, self.metadata))


def update_charge(
    charge_id: str,
    command: UpdateCharge,
    caller: Caller,
    *,
    store: DescribedCharges,
    idempotency_key: str | None,
    base_url: str,
    language: str,
) -> Stored | Replayed:
    """Store new words of a charge, whatever has become of it; no event tells of them.

    A key that was answered before gets that answer. Raises NotPermitted for a suspended account,
    NotFound, InvalidRequest, KeyReused, InProgress, and Unavailable where others change it as fast.
    """
    if caller.suspended:
        raise NotPermitted("account_suspended")
    key = idempotency_key
    use = None if key is None else IdempotencyUse(OPERATION, key, command.fingerprint)
    for _ in range(TRIES):
        before = store.find(charge_id) if is_id(charge_id, "ch") else None
        if before is None:
            raise NotFound("resource_missing", "id")
        charge = command.applied_to(before)
        shown = objects.charge_object(charge, base_url=base_url, language=language)
        response = objects.to_json(shown)
        stored = store.describe(charge, before, idempotency=use, response=response)
        if stored is not None:
            return stored
    raise Unavailable("temporarily_unavailable")
