"""Everything that may come to create_charge and must not pass: refused by name, and nothing stored.

Each row of the tables is sent in French and in English; all tables of the database are compared
before and after.
"""

import base64
import io
import json
import re
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import pytest

from shared.domain.api_key import ApiKey, KeyKind
from shared.domain.language import title
from shared.runtime import callers
from tests.database import Account, Database, MakeAccount
from tests.functions.door import Door, Reply
from tests.functions.rows import Rows

PATH: Final = "/v1/charges"
KIB: Final = 1024
YES: Final[object] = True
PHONE: Final = "payment_method[phone]"
OPERATOR: Final = "payment_method[operator]"


class Case(NamedTuple):
    """What is sent, and how it is refused."""

    name: str
    body: object
    status: int
    code: str
    param: str | None = None
    headers: Mapping[str, str] = {}


def values(*given: object) -> tuple[object, ...]:
    """Values of whatever types."""
    return given


def order(**changes: Any) -> dict[str, Any]:
    """A good order with some fields changed; `...` leaves a field out."""
    method = {"type": "mobile_money", "phone": "+237670000001"}
    whole = {"amount": 1500, "currency": "xaf", "payment_method": method} | changes
    return {name: value for name, value in whole.items() if value is not ...}


def method(**changes: Any) -> dict[str, Any]:
    """A good order with its payment method changed."""
    whole = {"type": "mobile_money", "phone": "+237670000001"} | changes
    return order(payment_method={n: value for n, value in whole.items() if value is not ...})


def written(amount: str) -> bytes:
    """A good order whose amount stands there as written."""
    return json.dumps(order()).replace("1500", amount).encode()


def with_field(text: str) -> bytes:
    """A good order with one more field as written."""
    return json.dumps(order()).replace("{", "{" + text + ", ", 1).encode()


GOOD: Final = json.dumps(order()).encode()


def _bodies() -> Iterable[Case]:
    texts: list[tuple[str, bytes]] = [
        ("no body", b""),
        ("white space", b" \n"),
        ("half an object", b"{"),
        ("cut off", GOOD[:-1]),
        ("comma at the end", GOOD[:-1] + b",}"),
        ("something after it", GOOD + b"x"),
        ("two objects", GOOD + GOOD),
        ("an array", b"[" + GOOD + b"]"),
        ("a text", b'"charge"'),
        ("null", b"null"),
        ("a number", b"1"),
        ("single quotes", GOOD.replace(b'"', b"'")),
        ("a comment", b"/* pay */" + GOOD),
        ("a form", b"amount=1500&currency=xaf"),
        ("byte order mark", b"\xef\xbb\xbf" + GOOD),
        ("UTF-16", GOOD.decode().encode("utf-16")),
        ("bad UTF-8", with_field('"description": "?"').replace(b"?", b"\xff\xfe")),
        ("overlong UTF-8", with_field('"description": "?"').replace(b"?", b"\xc0\x80")),
        ("surrogates in UTF-8", with_field('"description": "?"').replace(b"?", b"\xed\xa0\x80")),
        ("bad UTF-8 in a name", with_field('"?": 1').replace(b"?", b"\xff")),
        ("a bare NUL", with_field('"description": "\x00"')),
        ("a bare line break", with_field('"description": "a\nb"')),
        ("an unknown escape", with_field(r'"description": "\x41"')),
        ("half an escape", with_field(r'"description": "\u12"')),
        ("leading zero", written("01500")),
        ("leading plus", written("+1500")),
        ("hexadecimal", written("0x5dc")),
        ("underscore", written("1_500")),
        ("point at the end", written("1500.")),
        ("NaN", written("NaN")),
        ("Infinity", written("Infinity")),
        ("-Infinity", written("-Infinity")),
        ("seventeen deep", with_field('"metadata": ' + "[" * 16 + "]" * 16)),
        ("depth bomb", b'{"amount": ' + b"[" * 60_000),
        ("depth bomb of objects", b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
    ]
    yield from (Case(name, body, 400, "json_invalid") for name, body in texts)
    again = "json_duplicate_key"
    yield Case("amount twice", with_field('"amount": 1'), 400, again, "amount")
    yield Case("amount twice, alike", with_field('"amount": 1500'), 400, again, "amount")
    yield Case("amount twice, escaped", with_field(r'"\u0061mount": 1'), 400, again, "amount")
    phones = json.dumps(method()).replace('"phone"', '"phone": "+237670000002", "phone"').encode()
    yield Case("phone twice", phones, 400, again, "phone")
    yield Case("metadata twice", with_field('"metadata": {"a": "1", "a": "2"}'), 400, again, "a")
    yield Case("surrogate twice", with_field(r'"\ud800": 1, "\ud800": 2'), 400, again, "?")
    large = b" " * (64 * KIB + 1 - len(GOOD)) + GOOD
    yield Case("64 KiB and 1", large, 413, "body_too_large")
    yield Case("1 MiB", b" " * (KIB * KIB - len(GOOD)) + GOOD, 413, "body_too_large")
    yield Case("1 MiB and 1", b" " * (KIB * KIB + 1 - len(GOOD)) + GOOD, 413, "body_too_large")


def _content_types() -> Iterable[Case]:
    for kind in (
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded; charset=latin-1",
        "multipart/form-data; boundary=x",
        "application/cbor",
        "application/jsonp",
        "application/json; charset=latin-1",
        "application/json;charset=utf-16",
    ):
        headers = {"Content-Type": kind}
        yield Case(f"type {kind}", GOOD, 415, "content_type_unsupported", headers=headers)


def _amounts() -> Iterable[Case]:
    for name, value in {"missing": ..., "null": None}.items():
        yield Case(f"amount {name}", order(amount=value), 400, "amount_missing", "amount")
    for text in ("0", "-0", "-1", "-1500", "-" + "9" * 30, "-" + "9" * 5000):
        yield Case(f"amount {text[:20]}", written(text), 400, "amount_too_small", "amount")
    for text in (
        *("1.0", "1500.0", "1500.5", "0.1", "1e3", "1E3", "1.5e3", "15e-1", "1e400", "-1.5"),
        *('"1500"', '""', "true", "false", "[1500]", "{}", '{"amount": 1500}'),
    ):
        yield Case(f"amount {text}", written(text), 400, "amount_not_whole", "amount")
    for text in ("500001", str(2**53), str(2**63), str(10**12 + 1), str(10**30), "9" * 5000):
        yield Case(f"amount {text[:20]}", written(text), 400, "amount_too_large", "amount")
    for name, value in {"missing": ..., "null": None}.items():
        case = order(currency=value)
        yield Case(f"currency {name}", case, 400, "parameter_missing", "currency")
    for currency in values("eur", "usd", "xof", "", "xaf ", "franc", 950, YES, ["xaf"], {}):
        case = order(currency=currency)
        yield Case(f"currency {currency}", case, 400, "currency_unsupported", "currency")


def _methods() -> Iterable[Case]:
    name = "payment_method"
    for value in values(..., None):
        yield Case(f"method {value}", order(payment_method=value), 400, f"{name}_missing", name)
    for value in values("mobile_money", 5, YES, [], [{}]):
        yield Case(f"method {value}", order(payment_method=value), 400, "parameter_invalid", name)
    missing = method(type=...)
    yield Case("no type", missing, 400, "parameter_missing", "payment_method[type]")
    for kind in values("card", "", "MOBILE_MONEY", 5, YES, []):
        code = "payment_method_type_unsupported"
        yield Case(f"type {kind}", method(type=kind), 400, code, "payment_method[type]")
    for field in ("pin", "phone_number", "operator_transaction_id", "Phone"):
        param = f"payment_method[{field}]"
        yield Case(f"method[{field}]", method(**{field: "1"}), 400, "parameter_unknown", param)
    unknown = method(phone="660000001")
    yield Case("phone of nobody", unknown, 400, "operator_undetermined", OPERATOR)
    for operator in values("camtel", "MTN", "", 5, YES, [], {}, ["mtn"]):
        case = method(operator=operator)
        yield Case(f"operator {operator}", case, 400, "operator_unknown", OPERATOR)


def _redirects() -> Iterable[Case]:
    def redirect(**changes: Any) -> Any:
        asked = {"type": "mobile_money", "flow": "redirect", **changes}
        return order(payment_method=asked, return_url="https://shop.example/back")

    flow = "payment_method[flow]"
    for value in values("page", "", "Redirect", 5, YES, [], {}):
        yield Case(f"flow {value}", method(flow=value), 400, "parameter_invalid", flow)
    yield Case("a number", redirect(phone="690000001"), 400, "phone_not_taken", PHONE)
    yield Case("no page", redirect(operator="mtn"), 400, "redirect_unsupported", flow)
    for operator in values("camtel", 5, [], {}):
        case = redirect(operator=operator)
        yield Case(f"page of {operator}", case, 400, "operator_unknown", OPERATOR)
    bare = order(payment_method={"type": "mobile_money", "flow": "redirect"}, return_url=...)
    yield Case("no way back", bare, 400, "parameter_missing", "return_url")


def _phones() -> Iterable[Case]:
    for value in values(..., None):
        yield Case(f"phone {value}", method(phone=value), 400, "phone_missing", PHONE)
    for value in values(
        *(670000001, True, [], {}, "", "+", "+237", "six", "67000000", "+23767000000"),
        *("6700000011", "+2376700000011", "237670000001", "00237670000001", "+237 670 000 001"),
        *("670-000-001", "\uff16\uff17\uff10\uff10\uff10\uff10\uff10\uff10\uff11", "670000001\n"),
        *("6" * 5000, "670000001\x00", "\ud800"),
    ):
        yield Case(f"phone {str(value)[:20]!r}", method(phone=value), 400, "phone_invalid", PHONE)
    for phone in ("+33612345678", "+2348012345678", "+14155550100", "+46733123450"):
        yield Case(f"phone {phone}", method(phone=phone), 400, "phone_foreign", PHONE)
    for phone in ("222200000", "+237222200000", "+237233400000", "000000000", "+237880000001"):
        yield Case(f"phone {phone}", method(phone=phone), 400, "phone_not_mobile", PHONE)


def _fields() -> Iterable[Case]:
    owned = (
        *("id", "object", "account", "livemode", "status", "status_detail", "paid", "refunded"),
        *("amount_refunded", "fee", "fees", "application_fee_amount", "net", "created"),
        *("failure_code", "failure_message", "next_action", "payment_method_details"),
        *("balance_transaction", "receipt_url", "receipt_number", "receipt_code", "succeeded_at"),
        *("operator_transaction_id", "operator_account", "submit_before", "lease_until", "resends"),
    )
    for name in (*owned, "colour", "Amount", "amount ", "", "__proto__", "a" * 100):
        yield Case(f"field {name[:30]}", order(**{name: 1}), 400, "parameter_unknown", name)
    yield Case("long name", order(**{"n" * 300: 1}), 400, "parameter_unknown", "n" * 100)
    yield Case("NUL in a name", order(**{"a\x00": 1}), 400, "parameter_unknown", "a\x00")
    yield Case("surrogate name", order(**{"\ud800x": 1}), 400, "parameter_unknown", "?x")
    yield Case("braces in a name", order(**{"{limit}": 1}), 400, "parameter_unknown", "{limit}")
    texts = ("\ud800", "\udfff x", "\x00", "a\x00b", "\x07", "\x1b[2J", "a\nb", "\x7f")
    for value in values(*texts, "", "d" * 501, 5, YES, 1.5, [], {}):
        name = f"description {str(value)[:10]!r}"
        yield Case(name, order(description=value), 400, "parameter_invalid", "description")
    for value in values(*texts, "", "r" * 101, 5, YES, 1.5, [], {}):
        name = f"reference {str(value)[:10]!r}"
        yield Case(name, order(reference=value), 400, "reference_invalid", "reference")
    for value in values(
        *("x", 5, True, [], [["a", "b"]], {str(n): "v" for n in range(51)}),
        *({"k" * 41: "v"}, {"": "v"}, {"a\x00": "v"}, {"\ud800": "v"}),
    ):
        name = f"metadata {str(value)[:20]!r}"
        yield Case(name, order(metadata=value), 400, "metadata_invalid", "metadata")
    for value in values("v" * 501, 5, 1.5, YES, None, [], {}, {"deep": "er"}, "\x00", "\ud800"):
        case = order(metadata={"key": value})
        yield Case(f"metadata[{str(value)[:10]!r}]", case, 400, "metadata_invalid", "metadata[key]")
    for url in values(
        *("shop", "//shop.cm", "javascript:alert(1)", "ftp://shop.cm/", "https://", "https:///x"),
        *("https://user:pass@shop.cm/", "https://[::1", "https://shop.cm/\n", "", 5, [], True),
        *("https://shop.cm/" + "p" * 2000, "data:text/html,x", "file:///etc/passwd"),
        *("https://shop.cm:99999/", " https://shop.cm/", "https://shop.cm/a b"),
        *("https://shop.cm\\@evil.example/", "https://shop.cm/\u2028"),
    ):
        case = order(return_url=url)
        yield Case(f"return_url {str(url)[:30]}", case, 400, "parameter_invalid", "return_url")
    name = "submit_within_seconds"
    for seconds in values(0, -1, 901, 10**30, "60", "", 1.5, 60.0, YES, [], {}):
        case = order(submit_within_seconds=seconds)
        yield Case(f"{name} {str(seconds)[:10]}", case, 400, "parameter_invalid", name)
    for customer in values("cus_" + "2" * 24, "", 5, YES, {}):
        case = order(customer=customer)
        yield Case(f"customer {customer}", case, 400, "resource_missing", "customer")


def _idempotency_keys() -> Iterable[Case]:
    for name, value in {
        "empty": "",
        "blank": "   ",
        "quoted nothing": '""',
        "256": "k" * 256,
        "300": "k" * 300,
        "300 quoted": '"' + "k" * 300 + '"',
        "10 kB": "k" * 10_000,
        "NUL": "key\x00",
        "bell": "key\x07",
        "tab inside": "a\tb",
        "delete": "key\x7f",
        "accent": "cl\u00e9",
        "combining, in bytes": "e\u0301".encode().decode("latin-1"),
        "no-break space": "a\u00a0b",
        "sent twice": "key-1,key-1",
        "quoted and sent twice": '"key-1", "key-1"',
    }.items():
        headers = {"Idempotency-Key": value}
        code = "idempotency_key_invalid"
        yield Case(f"key {name}", order(), 400, code, "Idempotency-Key", headers)


CASES: Final = (
    *_bodies(),
    *_content_types(),
    *_amounts(),
    *_methods(),
    *_redirects(),
    *_phones(),
    *_fields(),
    *_idempotency_keys(),
)


def _refused_alike(send: Callable[[str], Reply], rows: Rows, case: Case) -> Reply:
    """Send in both languages; all tables must stay as they are."""
    before = rows.snapshot()
    replies = {language: send(language) for language in ("en", "fr")}
    assert rows.snapshot() == before
    for language, reply in replies.items():
        assert (reply.status, reply.error["code"]) == (case.status, case.code)
        assert reply.error.get("param") == case.param
        assert reply.headers["Content-Language"] == language
        assert reply.json["title"] == title(case.code, language)
        assert "{" not in reply.error["message"].replace(case.param or "{", "")
        assert "…" not in reply.error["message"]
    assert replies["en"].error["message"] != replies["fr"].error["message"]
    return replies["en"]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_is_wrong_is_named_and_nothing_is_stored(
    create_charge: Door, shop: Account, rows: Rows, case: Case
) -> None:
    """A 4xx in our shape names the field, in the asked language, and no row anywhere changes."""

    def send(language: str) -> Reply:
        headers = {"Accept-Language": language, **case.headers}
        return create_charge.post(PATH, case.body, key=shop.secret_key, headers=headers)

    _refused_alike(send, rows, case)


def test_every_table_is_compared(rows: Rows, shop: Account) -> None:
    """A table made tomorrow cannot change unseen."""
    found = rows.run(
        "SELECT schemaname, tablename FROM pg_catalog.pg_tables"
        " WHERE schemaname = ANY(CAST(:schemas AS text[])) AND tablename <> 'alembic_version'",
        schemas=[shop.test.schema, shop.live.schema, "platform"],
    )

    assert {f"{schema}.{table}" for schema, table in found} == {
        name.replace('"', "") for name in rows.snapshot()
    }


def test_no_body_takes_long_to_refuse(create_charge: Door, shop: Account) -> None:
    """64 KiB of whatever sort cost a fraction of a second."""
    quotes = b'{"a":' + b"[" * 17 + b'"' + b'\\"' * 32_000
    digits = written("9" * 65_000)
    names = ("{" + ",".join(f'"{n:x}":0' for n in range(7_000)) + "}").encode()

    for body in (quotes, digits, names):
        started = time.perf_counter()
        assert create_charge.post(PATH, body, key=shop.secret_key).status == 400
        assert time.perf_counter() - started < 1


# --- who asks ------------------------------------------------------------------------------------


def _checked(unchecked: str) -> str:
    """Write a key with a right checksum over whatever it says."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    number, digits = zlib.crc32(unchecked.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = alphabet[digit] + digits
    return unchecked + digits


def _basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


KEYS: Final[Mapping[str, tuple[Callable[[Account], str | None], int, str]]] = {
    "none": (lambda _: None, 401, "api_key_missing"),
    "empty": (lambda _: "", 401, "api_key_missing"),
    "scheme alone": (lambda _: "Bearer", 401, "api_key_missing"),
    "scheme and blank": (lambda _: "Bearer ", 401, "api_key_missing"),
    "bare": (lambda shop: shop.secret_key, 401, "api_key_missing"),
    "other scheme": (lambda shop: f"Digest {shop.secret_key}", 401, "api_key_missing"),
    "no key at all": (lambda _: "Bearer let-me-in", 401, "api_key_invalid"),
    "cut": (lambda shop: f"Bearer {shop.secret_key[:-1]}", 401, "api_key_invalid"),
    "longer": (lambda shop: f"Bearer {shop.secret_key}0", 401, "api_key_invalid"),
    "10 kB": (lambda _: "Bearer " + "k" * 10_000, 401, "api_key_invalid"),
    "one letter off": (
        lambda shop: "Bearer " + _flipped(shop.secret_key, 30),
        401,
        "api_key_invalid",
    ),
    "wrong secret": (
        lambda shop: "Bearer " + _checked(_flipped(shop.secret_key, 30)[:-6]),
        401,
        "api_key_invalid",
    ),
    "unknown id": (
        lambda _: "Bearer " + ApiKey.generate(KeyKind.SECRET, livemode=False).text,
        401,
        "api_key_invalid",
    ),
    "said to be live": (
        lambda shop: "Bearer " + _checked(shop.secret_key.replace("_test_", "_live_")[:-6]),
        401,
        "api_key_invalid",
    ),
    "publishable said to be secret": (
        lambda shop: "Bearer " + _checked(f"sk{_publishable(shop)[2:-6]}"),
        401,
        "api_key_invalid",
    ),
    "NUL": (lambda shop: f"Bearer {shop.secret_key}\x00", 401, "api_key_invalid"),
    "accents": (lambda _: "Bearer cl\u00e9", 401, "api_key_invalid"),
    "Basic garbled": (lambda _: "Basic !!!", 401, "api_key_invalid"),
    "Basic in UTF-8": (lambda _: _basic("clé:"), 401, "api_key_invalid"),
    "Basic as password": (lambda shop: _basic(f":{shop.secret_key}"), 401, "api_key_invalid"),
    "publishable": (lambda shop: f"Bearer {_publishable(shop)}", 403, "permission_denied"),
}


def _publishable(shop: Account) -> str:
    return shop.provisioned.modes[0].publishable_key


def _flipped(key: str, place: int) -> str:
    return key[:place] + ("A" if key[place] != "A" else "B") + key[place + 1 :]


@pytest.mark.parametrize("name", KEYS)
def test_a_wrong_key_opens_nothing(
    create_charge: Door, shop: Account, rows: Rows, name: str
) -> None:
    """401 for what is no key of ours, 403 for a key that may not; in the language of the header."""
    make, status, code = KEYS[name]
    authorization = make(shop)

    def send(language: str) -> Reply:
        headers = {"Accept-Language": language}
        if authorization is not None:
            headers["Authorization"] = authorization
        return create_charge.post(PATH, order(), headers=headers)

    reply = _refused_alike(send, rows, Case(name, order(), status, code))
    assert ("WWW-Authenticate" in reply.headers) == (status == 401)


def _refuse_for(door: Door, key: str, rows: Rows, case: Case) -> Reply:
    def send(language: str) -> Reply:
        return door.post(PATH, case.body, key=key, headers={"Accept-Language": language})

    return _refused_alike(send, rows, case)


def test_a_revoked_key_is_no_key(create_charge: Door, account: Account, rows: Rows) -> None:
    """A merchant who revokes a key is rid of it."""
    rows.run(
        "UPDATE platform.api_keys SET revoked_at = now() WHERE account_id = :id", id=account.id
    )

    _refuse_for(
        create_charge, account.secret_key, rows, Case("revoked", order(), 401, "api_key_invalid")
    )


@pytest.mark.parametrize("state", ["suspended", "closed"])
def test_a_suspended_account_takes_nothing(
    create_charge: Door, read_payments: Door, account: Account, rows: Rows, state: str
) -> None:
    """It may still read."""
    rows.run(
        "UPDATE platform.accounts SET state = :s, charges_enabled = false WHERE id = :id",
        s=state,
        id=account.id,
    )

    case = Case(state, order(), 403, "account_suspended")
    _refuse_for(create_charge, account.secret_key, rows, case)
    assert read_payments.get(PATH, key=account.secret_key).status == 200


def test_a_suspended_account_still_learns_of_its_charge(
    create_charge: Door, account: Account, rows: Rows
) -> None:
    """A repeat of a key that was answered gets that answer, not today's refusal."""
    headers = {"Idempotency-Key": "order-1"}
    first = create_charge.post(PATH, order(), key=account.secret_key, headers=headers)
    rows.run("UPDATE platform.accounts SET state = 'suspended' WHERE id = :id", id=account.id)
    callers._authenticator.cache_clear()

    again = create_charge.post(PATH, order(), key=account.secret_key, headers=headers)
    changed = create_charge.post(PATH, order(amount=7), key=account.secret_key, headers=headers)

    assert (again.status, again.content) == (200, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (changed.status, changed.json["error"]["type"]) == (400, "idempotency_error")


def test_a_live_key_needs_the_right_to_charge(
    create_charge: Door, account_in_both_modes: Account, rows: Rows
) -> None:
    """An account that is not through its checks takes test payments only."""
    account = account_in_both_modes
    rows.run("UPDATE platform.accounts SET charges_enabled = false WHERE id = :id", id=account.id)
    live = account.live_key

    _refuse_for(create_charge, live, rows, Case("live", order(), 403, "charges_disabled"))
    assert create_charge.post(PATH, order(), key=account.secret_key).status == 200


def test_without_a_contract_nothing_is_taken(
    create_charge: Door, account_in_both_modes: Account, rows: Rows
) -> None:
    """Live mode has no operator account here: a definite refusal, and the key stays free."""
    account = account_in_both_modes
    live = account.live_key
    before = rows.snapshot()

    reply = create_charge.post(PATH, order(), key=live, headers={"Idempotency-Key": "one"})

    assert (reply.status, reply.error["code"]) == (400, "operator_not_served")
    assert reply.error["type"] == "invalid_request_error"
    assert reply.error["param"] == "payment_method[operator]"
    assert reply.headers["Stripe-Should-Retry"] == "false"
    assert "Retry-After" not in reply.headers
    assert rows.snapshot() == before


# --- whose it is ---------------------------------------------------------------------------------


def _told(reply: Reply) -> dict[str, Any]:
    """What a caller learns from an answer, without what differs with every request."""
    problem = reply.json
    return {
        **problem,
        "instance": None,
        "error": {**problem["error"], "request_id": None},
        "headers": sorted({*reply.headers} - {"Date"}),
    }


def test_what_is_not_yours_is_missing(
    create_charge: Door, read_payments: Door, shop: Account, make_account: MakeAccount, rows: Rows
) -> None:
    """Another account's and the other mode's objects answer exactly as ids that never were."""
    other = make_account()
    live = shop.live_key
    charge = create_charge.post(PATH, order(), key=shop.secret_key).json["id"]
    event = rows.of("events", "object_id = :id", id=charge)[0]["id"]
    before = rows.snapshot()

    for key in (other.secret_key, live):
        for kind, real, prefix in (("charges", charge, "ch"), ("events", event, "evt")):
            asked = (real, f"{prefix}_{'7' * 24}", "nonsense", charge[3:], "x" * 300, "%00", "é")
            replies = [read_payments.get(f"/v1/{kind}/{one}", key=key) for one in asked]
            assert {reply.status for reply in replies} == {404}
            assert all(_told(reply) == _told(replies[0]) for reply in replies)
        replies = [
            create_charge.post(f"{PATH}/{one}/cancel", key=key)
            for one in (charge, "ch_" + "7" * 24)
        ]
        assert {reply.status for reply in replies} == {404}
        assert _told(replies[0]) == _told(replies[1])
    assert rows.snapshot() == before
    assert read_payments.get(f"{PATH}/{charge}", key=shop.secret_key).status == 200


# --- what we say of it ---------------------------------------------------------------------------


def test_no_log_line_tells_a_number_or_a_key(
    create_charge: Door, shop: Account, logged: io.StringIO, migrated: Database
) -> None:
    """After all of the above, good and bad: no payer, no key and no secret in what was logged."""
    phone = "670" + datetime.now(UTC).strftime("%f")
    create_charge.post(PATH, method(phone=phone), key=shop.secret_key)
    create_charge.post(PATH, order(**{phone: 1}), key=shop.secret_key)

    lines = logged.getvalue()

    assert lines.count('"event":"request"') > 2
    assert all(json.loads(line)["event"] for line in lines.splitlines())
    assert phone not in lines
    assert not re.search(r"\+?237 ?6\d{8}", lines)
    assert shop.secret_key[:20] not in lines
    assert (migrated.secrets_dir / "database_app").read_text().strip() not in lines
