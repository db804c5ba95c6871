"""The operations on wallets and moves between them, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.operations import move_float as moving
from shared.operations.account_orders import read_seen
from shared.operations.float_objects import float_move_object, float_object
from shared.operations.manage_cases import read_close_reason
from shared.operations.move_float import MoveOrder, PageOfMoves
from shared.operations.objects import list_object
from shared.runtime import float_moves, wiring
from shared.runtime.http import Answer, Call, Handler

FLOATS: Final = "/v1/platform/floats"
MOVES: Final = "/v1/platform/float_moves"


def show_floats(call: Call) -> Answer:
    """GET /v1/platform/floats."""
    page = PageOfMoves.parse(call.query(), "opa")
    found = float_moves.store().wallets(limit=page.limit + 1, after=page.after)
    data = [float_object(wallet) for wallet in found[: page.limit]]
    return Answer(body=list_object(FLOATS, data, has_more=len(found) > page.limit))


def show_moves(call: Call) -> Answer:
    """GET /v1/platform/float_moves."""
    page, now = PageOfMoves.parse(call.query(), "fm"), wiring.now()
    found = float_moves.store().page(limit=page.limit + 1, after=page.after)
    data = [float_move_object(move, now=now) for move in found[: page.limit]]
    return Answer(body=list_object(MOVES, data, has_more=len(found) > page.limit))


def read(call: Call) -> Answer:
    """GET /v1/platform/float_moves/{id}."""
    call.refuse_query()
    move = moving.read_move(call.path_params["id"], float_moves.store())
    return Answer(body=float_move_object(move, now=wiring.now()))


def propose(call: Call) -> Answer:
    """POST /v1/platform/float_moves."""
    order, origin = MoveOrder.parse(call.body()), wiring.origin(call)
    move = moving.propose_move(order, float_moves.store(), origin)
    return Answer(body=float_move_object(move, now=origin.at))


def approve(call: Call) -> Answer:
    """POST /v1/platform/float_moves/{id}/approve."""
    seen, origin = read_seen(call.body()), wiring.origin(call)
    move = moving.approve_move(
        call.path_params["id"],
        float_moves.store(),
        origin,
        seen_sha256=seen,
        time_of=wiring.time_of,
    )
    return Answer(body=float_move_object(move, now=origin.at))


def reject(call: Call) -> Answer:
    """POST /v1/platform/float_moves/{id}/reject."""
    reason, origin = read_close_reason(call.body()), wiring.origin(call)
    move = moving.reject_move(call.path_params["id"], float_moves.store(), origin, reason=reason)
    return Answer(body=float_move_object(move, now=origin.at))


HANDLERS: Final[Mapping[str, Handler]] = {
    "list_floats": show_floats,
    "list_float_moves": show_moves,
    "read_float_move": read,
    "propose_float_move": propose,
    "approve_float_move": approve,
    "reject_float_move": reject,
}
