"""The cross-tenant matrix (E38): which parts of each operation can carry what is another's.

They come from openapi.yaml: parts of the path, cursors and filters of the query, the idempotency
key, words of the body. What the contract does not say stands in ROWS. An operation without a row
fails the build, and so does a part for which nothing is there to steal.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.contracts.operations import OPERATIONS, Operation
from shared.domain.api_key import ALPHABET
from shared.domain.ids import ALPHABET as OF_IDS
from tests.functions.door import DOCUMENT, resolved
from tests.functions.team import MEMBER_EMAIL

STOLEN: Final = "{stolen}"
_HARMLESS: Final = re.compile(r"limit|status|type|action|at|created.*")
_PREFIX: Final = re.compile(r"\^([a-z]+)_")
_TIME_LENGTH: Final = 10


@dataclass(frozen=True, slots=True)
class Row:
    """What an operation needs to get far, and what it answers the suspended account itself.

    A word STOLEN in the body is a carrier of the victim's word of that name, or of its object;
    without it the body is good, unless the contract requires it. `lists` is the kind of objects on
    its pages, `about` the kind that its filters name.
    `of_team` is what no key may touch, and what is of the account in both modes: who is at work in
    the other one is no stranger there.
    What is `for_people` no key may ever do.
    """

    body: Mapping[str, Any] | None = None
    lists: str = ""
    about: str = "ch"
    when_suspended: int = 200
    of_team: bool = False
    for_people: bool = False


_ORDER: Final = {
    "amount": 1500,
    "currency": "xaf",
    "payment_method": {"type": "mobile_money", "phone": "+237670000001"},
    "reference": STOLEN,
}

_PAYOUT: Final = {
    "amount": 1500,
    "currency": "xaf",
    "destination": {"type": "mobile_money", "phone": "+237670000001"},
    "reference": STOLEN,
}

_BATCH: Final = {
    "currency": "xaf",
    "payouts": [
        {
            "amount": 1500,
            "destination": {"type": "mobile_money", "phone": "+237670000001"},
        }
    ],
}

ROWS: Final[Mapping[str, Row]] = {
    "create_charge": Row(body=_ORDER, when_suspended=403),
    "cancel_charge": Row(body={}, when_suspended=403),
    "list_charges": Row(lists="ch"),
    "read_charge": Row(),
    "create_refund": Row(body={"charge": STOLEN, "amount": 100}, when_suspended=403),
    "list_refunds": Row(lists="rf"),
    "read_refund": Row(),
    "list_late_payments": Row(lists="lp"),
    "read_late_payment": Row(),
    "accept_late_payment": Row(body={}, when_suspended=403),
    "refund_late_payment": Row(body={}, when_suspended=403),
    "list_reversals": Row(lists="rv"),
    "read_reversal": Row(),
    "create_payout": Row(body=_PAYOUT, when_suspended=403),
    "cancel_payout": Row(body={}, when_suspended=403),
    "list_payouts": Row(lists="po"),
    "read_payout": Row(),
    "approve_payout": Row(body={"content_sha256": "0" * 64}, when_suspended=403, for_people=True),
    "reject_payout": Row(body={"reason": "no"}, when_suspended=403, for_people=True),
    "lookup_holder": Row(body={"phone": "+237670000001"}, when_suspended=403),
    "approve_payout_batch": Row(
        body={"content_sha256": "0" * 64}, when_suspended=403, for_people=True
    ),
    "reject_payout_batch": Row(body={"reason": "no"}, when_suspended=403, for_people=True),
    "create_payout_batch": Row(body=_BATCH, when_suspended=403),
    "cancel_payout_batch": Row(body={}, when_suspended=403),
    "list_payout_batches": Row(lists="pb"),
    "read_payout_batch": Row(),
    "list_payout_batch_payouts": Row(lists="po"),
    "read_payout_batch_results": Row(),
    "list_topups": Row(lists="tu"),
    "read_topup": Row(),
    "list_events": Row(lists="evt"),
    "read_event": Row(),
    "read_balance": Row(),
    "list_balance_transactions": Row(lists="txn"),
    "read_balance_transaction": Row(),
    "list_invoices": Row(lists="in"),
    "read_invoice": Row(),
    "list_operators": Row(),
    "list_api_keys": Row(lists="key"),
    "read_api_key": Row(),
    "create_api_key": Row(
        body={"kind": "restricted", "scopes": ["charges:read"]}, when_suspended=403
    ),
    "rotate_api_key": Row(body={}, when_suspended=403),
    # Whoever finds a key in the wrong hands ends it, whatever the account may do else.
    "revoke_api_key": Row(body={}),
    "list_audit_entries": Row(lists="aud", about="key"),
    "export_audit_entries": Row(lists="aud"),
    "read_audit_entry": Row(),
    "list_team": Row(of_team=True),
    "change_duty": Row(body={"duty": "developer"}, when_suspended=403, of_team=True),
    "remove_member": Row(body={}, of_team=True),
    "list_invitations": Row(of_team=True),
    # The address of a member, so that whoever may invite is refused the second time as the first.
    "invite_person": Row(
        body={"email": MEMBER_EMAIL, "duty": "viewer"}, when_suspended=403, of_team=True
    ),
    "revoke_invitation": Row(body={}, of_team=True),
    # Of those that are looked at the victim alone has one.
    "read_settlement": Row(when_suspended=404),
    "set_settlement": Row(
        body={
            "destination": {"type": "mobile_money", "phone": "+237670000001"},
            "every": "daily",
            "hour": 18,
        },
        when_suspended=403,
        for_people=True,
    ),
    "end_settlement": Row(body={}, when_suspended=403, for_people=True),
    "read_own_account": Row(),
    # Of one mode; but that something of the account was touched is noted without a mode.
    "set_payout_approval": Row(
        body={"keys_from": None, "people_from": None}, when_suspended=403, of_team=True
    ),
    "delete_test_data": Row(body={}, when_suspended=403, for_people=True),
}
"""The operations of merchants. The others ask nobody in which account the call is made."""


@dataclass(frozen=True, slots=True)
class Loot:
    """What somebody has: objects by the prefix of their ids, and words by their names.

    `canary` stands in the victim's rows and in no question.
    """

    objects: Mapping[str, str]
    words: Mapping[str, str]
    canary: str

    @property
    def canaries(self) -> tuple[str, ...]:
        """Texts that must be in no answer to anybody else."""
        return (*self.objects.values(), self.canary)

    def imagined(self) -> "Loot":
        """The same as nobody has it; an id of the same moment, for its place in a list."""
        return Loot(
            {kind: _imagined(kind, known) for kind, known in self.objects.items()},
            dict.fromkeys(self.words, "nobody's own word"),
            self.canary,
        )


@dataclass(frozen=True, slots=True)
class Asking:
    """One request, and by which part of it something is asked for."""

    carrier: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def merchant_operations() -> tuple[Operation, ...]:
    """The operations inside an account."""
    return tuple(operation for operation in OPERATIONS if operation.auth == "merchant")


def askings(operation: Operation, loot: Loot) -> Iterator[Asking]:
    """Yield a request for each carrier of an operation, filled with what is to be had."""
    row, parameters = ROWS[operation.operation_id], _parameters(operation)
    path = operation.path
    for name, schema in parameters["path"].items():
        kind = _PREFIX.search(schema.get("pattern", ""))
        path = path.replace(f"{{{name}}}", loot.objects[kind[1] if kind else name])
    given, stolen = row.body or {}, {**loot.words, "charge": loot.objects["ch"]}
    headers = {"Idempotency-Key": "a fresh key"} if _needs_a_key(operation) else {}
    required = _required(operation)
    body = None
    if row.body is not None:
        body = {n: v for n, v in given.items() if v != STOLEN}
        body |= {n: stolen[n] for n, v in given.items() if v == STOLEN and n in required}
    yield Asking("nothing" if path == operation.path else "id in the path", path, body, headers)
    for name, value in given.items():
        if value == STOLEN:
            filled = {**given, name: stolen[name]}
            yield Asking(f"{name} in the body", path, filled, headers)
    for name in sorted(parameters["query"]):
        if name in {"starting_after", "ending_before"}:
            yield Asking("cursor", f"{path}?{name}={loot.objects[row.lists]}")
        elif not _HARMLESS.fullmatch(name):
            value = loot.words[name] if name in loot.words else loot.objects[row.about]
            yield Asking("filter", f"{path}?{name}={value}")
    if "Idempotency-Key" in parameters["header"]:
        used = {"Idempotency-Key": loot.words["idempotency key"]}
        yield Asking("idempotency key", path, body, used)


def ids_in_the_body(operation: Operation) -> set[str]:
    """The fields of an operation's body that name objects by id."""
    return {
        name
        for body in _bodies(operation)
        for name, schema in body.get("properties", {}).items()
        if _PREFIX.match(str(resolved(schema).get("pattern", "")))
    }


def operation_node(operation: Operation) -> Mapping[str, Any]:
    """What openapi.yaml says of an operation."""
    found: Mapping[str, Any] = DOCUMENT["paths"][operation.path][operation.method.lower()]
    return found


def _bodies(operation: Operation) -> list[Mapping[str, Any]]:
    contents = operation_node(operation).get("requestBody", {}).get("content", {})
    return [resolved(content["schema"]) for content in contents.values()]


def _required(operation: Operation) -> set[str]:
    """The fields without which no body of an operation is good."""
    return {name for body in _bodies(operation) for name in body.get("required", ())}


def _needs_a_key(operation: Operation) -> bool:
    """Whether nothing is answered without an idempotency key."""
    parameters = map(resolved, operation_node(operation).get("parameters", ()))
    return any(each["name"] == "Idempotency-Key" and each["required"] for each in parameters)


def _parameters(operation: Operation) -> dict[str, dict[str, Mapping[str, Any]]]:
    found: dict[str, dict[str, Mapping[str, Any]]] = {"path": {}, "query": {}, "header": {}}
    shared = DOCUMENT["paths"][operation.path].get("parameters", ())
    for node in (*shared, *operation_node(operation).get("parameters", ())):
        parameter = resolved(node)
        found[parameter["in"]][parameter["name"]] = resolved(parameter["schema"])
    return found


def _imagined(kind: str, known: str) -> str:
    letters = ALPHABET if kind == "key" else OF_IDS
    kept = known.partition("_")[2][: 0 if kind == "key" else _TIME_LENGTH]
    length = len(known) - len(kind) - 1 - len(kept)
    return f"{kind}_{kept}{letters[7] * length}"
