"""Whatever is called by name in CBOR is what is called by path in JSON: object, error, replay."""

import itertools
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from pg8000.native import Connection
from pycddl import ValidationError

from knative.catalogue import ROOT
from shared.runtime import callers
from shared.runtime.doors.methods import BY_PATH_ONLY, HANDLERS
from shared.runtime.routing import _pattern
from tests.database import Account, MakeAccount
from tests.factories import an_id
from tests.functions.both_doors import BY_NAME, Doors, hold_to_cddl
from tests.functions.door import Door
from tests.functions.matrix import ROWS, Asking, Loot, askings
from tests.functions.realm import Realm
from tests.functions.team import Team

FRESH: Final = itertools.count()
PHONES: Final = ("+237670000001", "690000001", "677", "+33612345678", "", "67000000\uff101")
ANY: Final = some.none() | some.booleans() | some.integers(-5, 2**63) | some.text(max_size=4)
METHOD: Final[some.SearchStrategy[dict[str, Any]]] = some.fixed_dictionaries(
    {"type": some.sampled_from(["mobile_money"] * 4 + ["card", None, 7])},
    optional={
        "phone": some.sampled_from([*PHONES[:2]] * 3 + [*PHONES, None, 7, []]),
        "operator": some.sampled_from(["mtn", "orange", "camtel", None, 1]),
        "flow": some.sampled_from(["prompt", "redirect", "other"]),
        "iban": some.just("x"),
    },
)
ORDER: Final = some.fixed_dictionaries(
    {
        "amount": some.integers(1, 1_000_000) | ANY,
        "currency": some.sampled_from(["xaf"] * 4 + ["XAF", "eur", None, 1]),
        "payment_method": METHOD | METHOD | ANY,
    },
    optional={
        "description": some.text(max_size=20) | ANY,
        "metadata": some.dictionaries(some.text(max_size=3), some.text(max_size=3), max_size=3)
        | ANY,
        "return_url": some.sampled_from(["https://shop.example/1042", "ftp://x", " ", 1]),
        "submit_within_seconds": some.integers(-1, 2000) | ANY,
        "customer": some.none() | some.just("cus_1"),
        "id": some.text(max_size=3),
        "colour": ANY,
    },
)
LISTING: Final = some.dictionaries(
    some.sampled_from(
        [
            *("limit", "status", "reference", "starting_after", "ending_before", "created[gte]"),
            *("created[lt]", "created", "colour", "limit "),
        ]
    ),
    some.integers(-1, 2**40) | some.sampled_from(["10", "pending", "", "é", "0x1", " 5"]),
    max_size=3,
)
PRESSED: Final = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)


@pytest.fixture(scope="module")
def doors(shop: Account, door: Callable[[str], Door]) -> Doors:
    """The shop's key at both doors."""
    return Doors(door, {"Authorization": f"Bearer {shop.secret_key}"})


@given(order=ORDER, is_rest_first=some.booleans(), language=some.sampled_from(["fr", "en", None]))
@PRESSED
def test_a_charge_is_one_by_both_doors(
    doors: Doors, order: dict[str, Any], *, is_rest_first: bool, language: str | None
) -> None:
    """Refused in the same words; or taken once, and replayed by the other door."""
    spoken = {} if language is None else {"Accept-Language": language}
    doors = Doors(doors.door, {**doors.headers, **spoken})
    ways = [doors.rest, doors.rpc] if is_rest_first else [doors.rpc, doors.rest]
    key = f"both-{next(FRESH)}"
    first, second = (way("create_charge", order, key) for way in ways)

    assert second.status == first.status
    assert second.shown == first.shown
    replayed = "Idempotent-Replayed"
    if first.status == 200:
        assert (first.headers[replayed], second.headers[replayed]) == (None, "true")
        others = [way("create_charge", {**order, "amount": 7}, key) for way in ways]
        assert others[0] == others[1]
        assert others[0].shown["error"]["code"] == "idempotency_key_reused"
    else:
        assert second == first


@given(asked=LISTING)
@PRESSED
def test_a_page_is_one_by_both_doors(doors: Doors, asked: dict[str, Any]) -> None:
    """What a query says in text a map may say as a whole number; the answers are equal."""
    assert doors.rpc("list_charges", asked) == doors.rest("list_charges", asked)


@pytest.mark.parametrize("version", ["2026-11-01", "2026-11-30", "2025-01-01.acacia", "yesterday"])
@pytest.mark.parametrize("header", ["Pay-Version", "Stripe-Version"])
def test_a_version_is_one_by_both_doors(doors: Doors, header: str, version: str) -> None:
    """What a program was written for it gets in CBOR too, and what nobody knows is refused."""
    doors = Doors(doors.door, {**doors.headers, header: version})
    for method in ("list_topups", "list_charges", "read_balance"):
        assert doors.rpc(method, {}) == doors.rest(method, {})


@pytest.mark.parametrize(
    "paths",
    [
        ["data.balance_transaction"],
        ["data.balance_transaction", "data.refunds"],
        ["data.balance_transaction"] * 11,
        [],
        ["", "a.b.c.d.e"],
        "data.balance_transaction",
    ],
)
def test_expansions_are_the_same_by_both_doors(doors: Doors, paths: list[str] | str) -> None:
    """A list of them, or one."""
    asked = {"limit": 2, "expand[]": paths}
    assert doors.rpc("list_charges", asked) == doors.rest("list_charges", asked)
    assert doors.rpc("list_charges", {"expand[]": [7, []]}).status == 400


@given(key=some.text(max_size=5) | some.sampled_from(['"k"', "k,k", "a" * 255, "a" * 256, " k "]))
@PRESSED
def test_a_key_is_one_by_both_doors(doors: Doors, key: str) -> None:
    """Quoted, bare, too long or empty: what is no key by one door is none by the other."""
    text = key.encode("latin-1", "ignore").decode("latin-1")
    order = {"amount": 100, "currency": "xaf",
             "payment_method": {"type": "mobile_money", "phone": PHONES[0]}}  # fmt: skip
    by_path = doors.rest("create_charge", order, text)
    by_name = doors.rpc("create_charge", order, text)

    assert (by_name.status, by_name.shown) == (by_path.status, by_path.shown)


class _Objects(dict[str, str]):
    """Ids by their prefix; of a kind that is not there, one that nobody has."""

    def __missing__(self, kind: str) -> str:
        return self.setdefault(kind, an_id(kind))


@pytest.fixture(scope="module")
def loot(shop: Account, door: Callable[[str], Door]) -> Loot:
    """A charge, an event and a key of the shop's own; of all else, ids that nobody has."""
    order = {"amount": 100, "currency": "xaf",
             "payment_method": {"type": "mobile_money", "phone": PHONES[0]}}  # fmt: skip
    key = shop.secret_key
    charge = door("create_charge").post("/v1/charges", order, key=key).json
    event = door("read_payments").get("/v1/events", key=key).json["data"][0]
    own = door("manage_account").post("/v1/api_keys", {"kind": "secret"}, key=key).json
    objects = _Objects({"ch": charge["id"], "evt": event["id"], "key": own["id"]})
    words = {"reference": "order-1042", "idempotency key": "a used key"}
    return Loot(objects, words, "")


@pytest.fixture(scope="module")
def other(make_account: MakeAccount) -> Account:
    """An account that has nothing here."""
    return make_account()


@pytest.fixture(scope="module")
def narrow(door: Callable[[str], Door], other: Account) -> str:
    """A key of its that opens one kind of reads."""
    body = {"kind": "restricted", "scopes": ["keys:read"]}
    secret: str = (
        door("manage_account").post("/v1/api_keys", body, key=other.secret_key).json["secret"]
    )
    return secret


@pytest.mark.parametrize("method", sorted(HANDLERS))
def test_every_method_is_its_operation(doors: Doors, loot: Loot, method: str) -> None:
    """Each part of each operation: the same status; the same object, or one of the same fields."""
    operation = BY_NAME[method]
    if method == "list_request_logs":
        # What was asked before is written a moment later: not between these two calls.
        callers.request_log().close()
        callers.request_log.cache_clear()
    for asking in askings(operation, loot):
        params = _params(asking, operation.path)
        # A key for each, so that what is done by one door is not undone or refused by the other.
        key = asking.headers.get("Idempotency-Key", f"each-{next(FRESH)}")
        by_path, by_name = doors.rest(method, params, key), doors.rpc(method, params, key)

        assert by_name.status == by_path.status, asking.carrier
        if by_path.status >= 400 or operation.method == "GET":
            assert by_name == by_path, asking.carrier
        else:
            assert set(by_name.shown) == set(by_path.shown), asking.carrier
        if by_name.status == 200:
            hold_to_cddl(f"{method}-params", params)
            hold_to_cddl(f"{method}-answer", {"result": by_name.shown})
        else:
            hold_to_cddl("refusal", {"id": 1, "error": by_name.shown})


@pytest.mark.parametrize("method", sorted(HANDLERS))
def test_a_person_finds_the_same_at_both_doors(
    door: Callable[[str], Door], people: Mapping[str, Mapping[str, str]], loot: Loot, method: str
) -> None:
    """An owner, one whose sign-in is old, a viewer, a stranger, and one who names no account."""
    asking = next(iter(askings(BY_NAME[method], loot)))
    params = _params(asking, BY_NAME[method].path)
    for name, headers in people.items():
        doors, key = Doors(door, headers), f"each-{next(FRESH)}"
        by_path, by_name = doors.rest(method, params, key), doors.rpc(method, params, key)

        assert by_name.status == by_path.status, name
        if by_path.status >= 400:
            assert by_name == by_path, name


@pytest.fixture(scope="module")
def people(superuser: Connection, realm: Realm, shop: Account) -> Mapping[str, Mapping[str, str]]:
    """What they send."""
    team = Team(superuser)
    owner, viewer = team.join(shop.id, "owner"), team.join(shop.id, "viewer")
    test, live = ({"Pay-Account": shop.id, "Pay-Mode": mode} for mode in ("test", "live"))

    def shown(token: str, where: Mapping[str, str]) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {token}", **where}

    return {
        "owner": shown(realm.token(owner), test),
        "owner in live mode": shown(realm.token(owner), live),
        "owner of an hour ago": shown(realm.token(owner, signed_in_ago=3600), live),
        "viewer": shown(realm.token(viewer), test),
        "stranger": shown(realm.token("nobody-here"), test),
        "nowhere": shown(realm.token(owner), {}),
    }


@pytest.mark.parametrize("method", sorted(HANDLERS))
def test_a_method_opens_to_whom_its_operation_does(
    door: Callable[[str], Door], other: Account, narrow: str, loot: Loot, method: str
) -> None:
    """Another account's key, a key without scope, a wrong key, nobody: the same refusal."""
    asking = next(iter(askings(BY_NAME[method], loot)))
    params = _params(asking, BY_NAME[method].path)
    for headers in (
        {"Authorization": f"Bearer {other.secret_key}"},
        {"Authorization": f"Bearer {narrow}"},
        {"Authorization": f"Bearer {other.secret_key[:-1]}x"},
        {"Authorization": f"Bearer {other.secret_key}", "Pay-Mode": "live"},
        {},
    ):
        doors = Doors(door, headers)
        by_path, by_name = doors.rest(method, params, "k"), doors.rpc(method, params, "k")

        assert by_name.status == by_path.status
        if by_path.status >= 400:
            assert by_name == by_path


def test_every_operation_of_merchants_is_a_method_or_left_out_for_a_reason() -> None:
    """Nobody forgets the other door: a new operation stands in one of the two tables."""
    assert set(HANDLERS) | set(BY_PATH_ONLY) >= set(BY_NAME)
    assert set(HANDLERS).isdisjoint(BY_PATH_ONLY)
    assert set(HANDLERS) <= set(ROWS)
    assert all(BY_PATH_ONLY.values())


@pytest.mark.parametrize(
    ("rule", "good", "wrong"),
    [
        ("create_refund-params", {"charge": an_id("ch"), "amount": 1}, {"charge": 7}),
        ("read_charge-params", {"id": an_id("ch")}, {}),
        ("list_charges-params", {"limit": 1, "created[gte]": 0}, {"limit": 0}),
        ("list_charges-call", {"method": "list_charges", "id": 1}, {"method": "list_charge"}),
        ("create_charge-call", None, {"method": "create_charge", "params": {"amount": 1}}),
        ("batch", None, {"calls": []}),
        (
            "batch-answer",
            {"results": [{"id": "a", "result": {}, "request_id": "req_1", "replayed": True}]},
            {"results": [{"id": "a", "result": {}}]},
        ),
        ("refusal", None, {"error": {"status": 400}}),
    ],
)
def test_rpc_cddl_tells_good_from_wrong(rule: str, good: object, wrong: object) -> None:
    """A description that takes everything describes nothing."""
    if good is not None:
        hold_to_cddl(rule, good)
    with pytest.raises(ValidationError):
        hold_to_cddl(rule, wrong)


def test_the_methods_of_rpc_cddl_are_those_that_are_served() -> None:
    """What the catalogue tells the renderer is what the function joins."""
    text = (ROOT / "shared/contracts/rpc.cddl").read_text("utf-8")

    assert set(re.findall(r"^(\w+)-call = ", text, re.MULTILINE)) == set(HANDLERS)


def test_no_part_of_a_path_is_named_like_a_field() -> None:
    """In one map each name has one meaning."""
    for method in HANDLERS:
        operation = BY_NAME[method]
        in_path = set(re.findall(r"\{(\w+)\}", operation.path))
        body = ROWS[method].body or {}

        assert in_path.isdisjoint(body)
        assert in_path <= {"id", "person"}


def _params(asking: Asking, template: str) -> Mapping[str, Any]:
    """Return what stands in path, query and body of a request, in one map."""
    path, _, query = asking.path.partition("?")
    match = _pattern(template).fullmatch(path)
    assert match is not None
    body = asking.body if isinstance(asking.body, Mapping) else {}
    return {**match.groupdict(), **dict(parse_qsl(query)), **body}
