"""The operations on API keys, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.operations import manage_keys, people_objects
from shared.operations.manage_keys import CreateKey, RotateKey
from shared.operations.objects import list_object
from shared.runtime import wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import read_key

_NOT_KEPT: Final = {"Cache-Control": "no-store"}


def create(call: Call) -> Answer:
    """POST /v1/api_keys. No answer is kept for a second try: it would keep the secret."""
    read_key(call.idempotency_key)
    command = CreateKey.parse(call.body(), now=wiring.now())
    made = manage_keys.create_api_key(command, wiring.key_maker(call))
    return Answer(body=people_objects.made_key_object(made, now=wiring.now()), headers=_NOT_KEPT)


def rotate(call: Call) -> Answer:
    """POST /v1/api_keys/{id}/rotate."""
    read_key(call.idempotency_key)
    command = RotateKey.parse(call.body_or_nothing(), now=wiring.now())
    maker = wiring.key_maker(call)
    made = manage_keys.rotate_api_key(call.path_params["id"], command, maker)
    return Answer(body=people_objects.made_key_object(made, now=wiring.now()), headers=_NOT_KEPT)


def revoke(call: Call) -> Answer:
    """POST /v1/api_keys/{id}/revoke; the same call again is harmless, with or without a key."""
    call.refuse_fields()
    read_key(call.idempotency_key)
    store, origin = wiring.keys(call.authenticated().tenant), wiring.origin(call)
    key = manage_keys.revoke_api_key(call.path_params["id"], store, origin)
    return Answer(body=people_objects.api_key_object(key, now=origin.at))


def read(call: Call) -> Answer:
    """GET /v1/api_keys/{id}."""
    call.refuse_query()
    store = wiring.keys(call.authenticated().tenant)
    key = manage_keys.read_api_key(call.path_params["id"], store)
    return Answer(body=people_objects.api_key_object(key, now=wiring.now()))


def show_page(call: Call) -> Answer:
    """GET /v1/api_keys."""
    store = wiring.keys(call.authenticated().tenant)
    keys, has_more = manage_keys.list_api_keys(call.query(), store)
    data = [people_objects.api_key_object(key, now=wiring.now()) for key in keys]
    return Answer(body=list_object("/v1/api_keys", data, has_more=has_more))


HANDLERS: Final[Mapping[str, Handler]] = {
    "create_api_key": create,
    "list_api_keys": show_page,
    "read_api_key": read,
    "rotate_api_key": rotate,
    "revoke_api_key": revoke,
}
