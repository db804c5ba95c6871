"""The doors at which an order can be made: a key is one for all of them, and so is the answer."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import cbor2
import urllib3

from tests.end_to_end.merchant import (
    AnyOrder,
    BatchOrder,
    Merchant,
    Order,
    PayoutOrder,
    RefundOrder,
)

CBOR: Final = "application/cbor"
METHODS: Final[Mapping[str, str]] = {
    Order.path: "create_charge",
    RefundOrder.path: "create_refund",
    PayoutOrder.path: "create_payout",
    BatchOrder.path: "create_payout_batch",
}


class Door(StrEnum):
    """By its path and in JSON, by its name in CBOR, or by its name among others."""

    REST = "REST"
    RPC = "/rpc"
    BATCH = "/rpc.batch"


_WEIGHTS: Final = {Door.REST: 5, Door.RPC: 3, Door.BATCH: 2}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as REST would have given it: its status, and the object or the error as JSON."""

    status: int
    data: bytes


def door_of(order: AnyOrder, asked: int) -> Door:
    """Draw a door from an order's key and from how often it was asked before.

    So a seed repeats it, and what was left open at one door is asked again at any.
    """
    chance = random.Random(f"{order.key}/{asked}")  # noqa: S311 - seeded, to be replayed
    return chance.choices([*_WEIGHTS], [*_WEIGHTS.values()])[0]


def ask(merchant: Merchant, order: AnyOrder, door: Door) -> Reply:
    """Make an order at a door. Raises urllib3's HTTPError."""
    match door:
        case Door.REST:
            answer = merchant.call("POST", order.path, order.body, order.key)
            return Reply(answer.status, answer.data)
        case Door.RPC:
            answer = _post(merchant, door, _call(order))
            return (
                _told(answer.status, cbor2.loads(answer.data)) if _is_ours(answer) else _raw(answer)
            )
        case Door.BATCH:
            return ask_together(merchant, [order])[0]


def ask_together(merchant: Merchant, orders: Sequence[AnyOrder]) -> list[Reply]:
    """Make several in one batch. Raises urllib3's HTTPError."""
    answer = _post(merchant, Door.BATCH, {"calls": [_call(order) for order in orders]})
    if not _is_ours(answer) or answer.status != 200:
        return [_raw(answer)] * len(orders)
    results = cbor2.loads(answer.data)["results"]
    return [_told(200, result) for result in results]


def _call(order: AnyOrder) -> dict[str, Any]:
    params = json.loads(order.body)
    return {"method": METHODS[order.path], "params": params, "idempotency_key": order.key}


def _post(merchant: Merchant, door: Door, envelope: Mapping[str, Any]) -> urllib3.BaseHTTPResponse:
    headers = {"Authorization": f"Bearer {merchant.secret_key}", "Content-Type": CBOR}
    return merchant.http.request(
        "POST", merchant.base_url + door, body=cbor2.dumps(envelope), headers=headers
    )


def _is_ours(answer: urllib3.BaseHTTPResponse) -> bool:
    """Tell an answer of the function from one of whoever stands before it."""
    return answer.headers.get("Content-Type") == CBOR


def _raw(answer: urllib3.BaseHTTPResponse) -> Reply:
    return Reply(answer.status, answer.data)


def _told(status: int, outcome: Mapping[str, Any]) -> Reply:
    """Write an outcome as JSON; in a batch an error alone says which status it has."""
    shown = outcome["result"] if "result" in outcome else outcome["error"]
    content = json.dumps(shown, separators=(",", ":"), ensure_ascii=False).encode()
    return Reply(status if "result" in outcome else shown["status"], content)
