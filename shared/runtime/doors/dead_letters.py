"""The operations on dead letters, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.operations import manage_dead_letters
from shared.operations.manage_cases import read_close_reason
from shared.operations.manage_dead_letters import (
    PageOfDeadLetters,
    dead_letter_object,
    read_letter_ids,
)
from shared.operations.objects import list_object
from shared.runtime import replays, wiring
from shared.runtime.http import Answer, Call, Handler

_PATH: Final = "/v1/platform/dead_letters"


def show_page(call: Call) -> Answer:
    """GET /v1/platform/dead_letters."""
    page = PageOfDeadLetters.parse(call.query())
    found = replays.store().page(page)
    data = [dead_letter_object(each) for each in found[: page.limit]]
    return Answer(body=list_object(_PATH, data, has_more=len(found) > page.limit))


def read(call: Call) -> Answer:
    """GET /v1/platform/dead_letters/{id}."""
    call.refuse_query()
    found = manage_dead_letters.read_dead_letter(call.path_params["id"], replays.store())
    return Answer(body=dead_letter_object(found))


def replay(call: Call) -> Answer:
    """POST /v1/platform/dead_letters/{id}/replay; the same call again is harmless."""
    call.refuse_fields()
    letter = manage_dead_letters.replay_dead_letter(
        call.path_params["id"], replays.store(), wiring.origin(call)
    )
    return Answer(body=dead_letter_object(letter))


def replay_several(call: Call) -> Answer:
    """POST /v1/platform/dead_letters/replay; the same call again is harmless."""
    ids = read_letter_ids(call.body())
    letters = manage_dead_letters.replay_dead_letters(ids, replays.store(), wiring.origin(call))
    data = [dead_letter_object(each) for each in letters]
    return Answer(body=list_object(_PATH, data, has_more=False))


def discard(call: Call) -> Answer:
    """POST /v1/platform/dead_letters/{id}/discard; the same call again is harmless."""
    reason, origin = read_close_reason(call.body()), wiring.origin(call)
    letter = manage_dead_letters.discard_dead_letter(
        call.path_params["id"], replays.store(), origin, reason=reason
    )
    return Answer(body=dead_letter_object(letter))


HANDLERS: Final[Mapping[str, Handler]] = {
    "list_dead_letters": show_page,
    "read_dead_letter": read,
    "replay_dead_letter": replay,
    "replay_dead_letters": replay_several,
    "discard_dead_letter": discard,
}
