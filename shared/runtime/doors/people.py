"""The operations on people and their accounts, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.operations.people_objects import person_object
from shared.runtime import wiring
from shared.runtime.http import Answer, Call, Handler


def read_me(call: Call) -> Answer:
    """GET /v1/me."""
    call.refuse_query()
    person = call.signed_in()
    memberships = wiring.directory().find_memberships(person.id)
    return Answer(body=person_object(person, memberships))


HANDLERS: Final[Mapping[str, Handler]] = {"read_me": read_me}
