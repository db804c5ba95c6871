"""The cross-tenant matrix (E38): which parts of each operation can carry what is another's.

They come from openapi.yaml: parts of the path, cursors and filters of the query, the idempotency
key, words of the body. What the contract does not say stands in ROWS. An operation without a row
fails the build, and so does a part for which nothing is there to steal.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.contracts.operations import OPERATIONS, Operation
from shared.domain.api_key import ALPHABET
from shared.domain.ids import ALPHABET as OF_IDS
from tests.file_samples import MULTIPART, form, pdf
from tests.functions.door import DOCUMENT, resolved
from tests.functions.team import MEMBER_EMAIL

STOLEN: Final = "{stolen}"
_HARMLESS: Final = re.compile(
    r"limit|purpose|status|types?|action|method|operation|error_code|at|created.*|expand.*"
)
# Says who asks, not what is asked for: test_stream_tickets.py.
_IN_PLACE_OF_A_KEY: Final = "ticket"
_PREFIX: Final = re.compile(r"\^([a-z]+)_")


@dataclass(frozen=True, slots=True)
class Row:
    """What an operation needs to get far, and what it answers the suspended account itself.

    A word STOLEN in the body is a carrier of the victim's word of that name, or of its object;
    without it the body is good, unless the contract requires it. `lists` is the kind of objects on
    its pages, `about` the kind that its filters name.
    `of_team` is what no key may touch, and what is of the account in both modes: who is at work in
    the other one is no stranger there.
    What is `for_people` no key may ever do.
    `asks` is the query without which nothing is answered.
    What is `hers` is of whoever asks alone: any member has it, and nobody who is none.
    What only `looks` is a POST that changes nothing but what the asker has in hand to look with.
    `sent` is a good body that is no JSON, behind its media type.
    `needs` are words STOLEN without which the body is not good, whatever the contract requires.
    """

    body: Mapping[str, Any] | None = None
    lists: str = ""
    about: str = "ch"
    when_suspended: int = 200
    of_team: bool = False
    for_people: bool = False
    hers: bool = False
    asks: str = ""
    looks: bool = False
    needs: frozenset[str] = frozenset()
    sent: tuple[str, bytes] | None = None


_ORDER: Final = {
    "amount": 1500,
    "currency": "xaf",
    "payment_method": {"type": "mobile_money", "phone": "+237670000001"},
    "reference": STOLEN,
    "customer": STOLEN,
}

_PAGE: Final = {"amount": 1500, "currency": "xaf", "reference": STOLEN}

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
    "update_charge": Row(body={"description": "as told"}, when_suspended=403),
    "list_charges": Row(lists="ch"),
    "search_charges": Row(asks="query=currency:'xaf'"),
    "read_charge": Row(),
    "create_customer": Row(body={"name": "Awa", "reference": STOLEN}, when_suspended=403),
    "list_customers": Row(lists="cus"),
    "read_customer": Row(),
    "update_customer": Row(body={"name": "mine now"}, when_suspended=403),
    "delete_customer": Row(when_suspended=403),
    "create_checkout": Row(body=_PAGE, when_suspended=403),
    "list_checkouts": Row(lists="cs"),
    "read_checkout": Row(),
    "expire_checkout": Row(body={}, when_suspended=403),
    "create_payment_link": Row(body=_PAGE, when_suspended=403),
    "list_payment_links": Row(lists="plink"),
    "read_payment_link": Row(),
    "update_payment_link": Row(body={"active": False}, when_suspended=403),
    "create_refund": Row(body={"charge": STOLEN, "amount": 100}, when_suspended=403),
    "update_refund": Row(body={"metadata": {"as": "told"}}, when_suspended=403),
    "list_refunds": Row(lists="rf"),
    "read_refund": Row(),
    "list_late_payments": Row(lists="lp"),
    "read_late_payment": Row(),
    "accept_late_payment": Row(body={}, when_suspended=403),
    "refund_late_payment": Row(body={}, when_suspended=403),
    "list_reversals": Row(lists="rv"),
    "read_reversal": Row(),
    "create_payout": Row(body=_PAYOUT, when_suspended=403),
    "update_payout": Row(body={"description": "as told"}, when_suspended=403),
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
    "stream_events": Row(lists="evt"),
    # Whoever may look may ask, suspended or not.
    "create_stream_ticket": Row(body={}, looks=True),
    "read_balance": Row(),
    "list_balance_transactions": Row(lists="txn"),
    "read_balance_transaction": Row(),
    "list_invoices": Row(lists="in"),
    "read_invoice": Row(),
    "list_receipts": Row(lists="rcp"),
    "read_issued_receipt": Row(),
    "create_file": Row(sent=(MULTIPART, form(pdf())), when_suspended=403),
    "list_files": Row(lists="file"),
    "read_file": Row(),
    "read_file_contents": Row(),
    "list_operators": Row(),
    "list_api_keys": Row(lists="key"),
    "read_api_key": Row(),
    "create_api_key": Row(
        body={"kind": "restricted", "scopes": ["charges:read"]}, when_suspended=403
    ),
    "rotate_api_key": Row(body={}, when_suspended=403),
    # Whoever finds a key in the wrong hands ends it, whatever the account may do else.
    "revoke_api_key": Row(body={}),
    "list_webhook_endpoints": Row(lists="we"),
    "read_webhook_endpoint": Row(),
    "create_webhook_endpoint": Row(
        body={"url": "https://shop.example.cm/hooks", "enabled_events": ["charge.*"]},
        when_suspended=403,
    ),
    "update_webhook_endpoint": Row(body={"description": "mine now"}, when_suspended=403),
    "delete_webhook_endpoint": Row(when_suspended=403),
    "rotate_webhook_secret": Row(body={}, when_suspended=403),
    "resend_webhooks": Row(
        body={"event": STOLEN, "starting_after": STOLEN},
        when_suspended=403,
        needs=frozenset({"event"}),
    ),
    "test_webhook_endpoint": Row(body={}, when_suspended=403),
    "list_webhook_deliveries": Row(lists="wd"),
    "read_webhook_delivery": Row(),
    "create_report": Row(
        body={"report_type": "balance", "interval_start": 1700000000, "interval_end": 1700000060},
        when_suspended=403,
    ),
    "list_reports": Row(lists="frr"),
    "read_report": Row(),
    "cancel_report": Row(body={}, when_suspended=403),
    "list_request_logs": Row(lists="req", about="key"),
    "read_request_log": Row(),
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
    # Its language is of both modes.
    "update_own_account": Row(body={"receipt_footer": "Merci"}, when_suspended=403, of_team=True),
    "read_terms": Row(),
    "read_notification_choices": Row(of_team=True, hers=True),
    "choose_notifications": Row(
        body={"case_opened": False}, when_suspended=403, of_team=True, hers=True
    ),
    # Of one mode; but that something of the account was touched is noted without a mode.
    "set_payout_approval": Row(
        body={"keys_from": None, "people_from": None}, when_suspended=403, of_team=True
    ),
    "delete_test_data": Row(body={}, when_suspended=403, for_people=True),
    "read_test_clock": Row(),
    "advance_test_clock": Row(body={"advance_seconds": 60}, when_suspended=403),
}
"""The operations of merchants. The others ask nobody in which account the call is made."""


_NOBODYS: Final = {"phone": "699999999", "email": "nobody@shop.example"}
"""Words that must have a form."""


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
        """The same as nobody has it; an id beside it, for its place in a list."""
        return Loot(
            {kind: _imagined(kind, known) for kind, known in self.objects.items()},
            dict.fromkeys(self.words, "nobody's own word") | _NOBODYS,
            self.canary,
        )


@dataclass(frozen=True, slots=True)
class Asking:
    """One request, and by which part of it something is asked for."""

    carrier: str
    path: str
    body: Mapping[str, Any] | bytes | None = None
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
    event = loot.objects["evt"]
    given = row.body or {}
    stolen = {**loot.words, "charge": loot.objects["ch"], "event": event, "starting_after": event}
    stolen["customer"] = loot.objects["cus"]
    headers = {"Idempotency-Key": "a fresh key"} if _needs_a_key(operation) else {}
    required = _required(operation) | row.needs
    body: dict[str, Any] | bytes | None = None
    if row.sent is not None:
        headers, body = headers | {"Content-Type": row.sent[0]}, row.sent[1]
    if row.body is not None:
        body = {n: v for n, v in given.items() if v != STOLEN}
        body |= {n: stolen[n] for n, v in given.items() if v == STOLEN and n in required}
    carrier = "nothing" if path == operation.path else "id in the path"
    whole = f"{path}?{row.asks}" if row.asks else path
    yield Asking(carrier, whole, body, headers)
    for name, value in given.items():
        if value == STOLEN:
            filled = {**given, name: stolen[name]}
            yield Asking(f"{name} in the body", path, filled, headers)
    yield from _queries(whole, row, loot, sorted(parameters["query"]))
    if "Idempotency-Key" in parameters["header"]:
        used = {**headers, "Idempotency-Key": loot.words["idempotency key"]}
        yield Asking("idempotency key", path, body, used)


def _queries(path: str, row: Row, loot: Loot, names: list[str]) -> Iterator[Asking]:
    """Yield a request for each carrier in a query."""
    for name in names:
        joint = "&" if row.asks else "?"
        if name in {"starting_after", "ending_before", "after"}:
            yield Asking("cursor", f"{path}{joint}{name}={loot.objects[row.lists]}")
        elif name == "page":
            place = base64.urlsafe_b64encode(loot.objects["ch"].encode()).decode()
            yield Asking("cursor", f"{path}{joint}page={place}")
        elif name == "query":
            bare = path.partition("?")[0]
            yield Asking("query", f"{bare}?query=customer:'{loot.objects['cus']}'")
        elif name != _IN_PLACE_OF_A_KEY and not _HARMLESS.fullmatch(name):
            value = loot.words[name] if name in loot.words else loot.objects[row.about]
            yield Asking("filter", f"{path}{joint}{name}={value}")


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
    if kind in {"key", "person"}:  # neither tells of a moment
        return f"{kind}_{ALPHABET[7] * (len(known) - len(kind) - 1)}"
    # What came in the same millisecond stands before both or behind both.
    return known[:-1] + OF_IDS[(OF_IDS.index(known[-1]) + 1) % len(OF_IDS)]
