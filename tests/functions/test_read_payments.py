"""What merchants read: lists with cursors both ways, single objects, the balance, the contract."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from shared.contracts import OPENAPI_FILES
from tests.database import Account, MakeAccount
from tests.functions.door import DOCUMENT, Door, Reply
from tests.functions.rows import Rows

COUNT: Final = 23
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
DAY: Final = 1_790_000_000

Get = Callable[..., Reply]


def order(**changes: Any) -> dict[str, Any]:
    """A good order."""
    method = {"type": "mobile_money", "phone": "+237670000001"}
    return {"amount": 1500, "currency": "xaf", "payment_method": method} | changes


@pytest.fixture(scope="module")
def made(create_charge: Door, shop: Account, rows: Rows) -> list[str]:
    """The ids of the shop's charges, newest first; `each is 100 s younger than the next."""
    ids = []
    for number in range(COUNT):
        body = order(amount=100 + number, reference=f"order-{number}")
        reply = create_charge.post("/v1/charges", body, key=shop.secret_key)
        ids.append(reply.json["id"])
        at = time.time_ns() // 1_000_000
        while time.time_ns() // 1_000_000 == at:
            pass  # ids of one millisecond have no order
    for table, id_column in (("charges", "id"), ("events", "object_id")):
        rows.run(
            f'UPDATE "{shop.test.schema}".{table} r SET created_at = to_timestamp(:day + 100 * o.n)'
            " FROM unnest(CAST(:ids AS text[])) WITH ORDINALITY AS o(id, n)"
            f" WHERE r.{id_column} = o.id",
            ids=ids,
            day=DAY,
        )
    return ids[::-1]


@pytest.fixture
def get(read_payments: Door, shop: Account, made: list[str]) -> Get:
    """GET as the shop, after its charges were made."""
    del made
    return lambda path, **how: read_payments.get(path, key=shop.secret_key, **how)


def ids(reply: Reply) -> list[str]:
    """The ids of a page."""
    assert reply.status == 200
    return [one["id"] for one in reply.json["data"]]


def test_a_page_holds_the_ten_newest(get: Get, made: list[str]) -> None:
    """Newest first, ten unless asked otherwise, and told that there is more."""
    reply = get("/v1/charges")

    assert ids(reply) == made[:10]
    assert reply.json["has_more"] is True
    assert (reply.json["object"], reply.json["url"]) == ("list", "/v1/charges")


def test_pages_forward_show_everything_once(get: Get, made: list[str]) -> None:
    """Following starting_after to the end leaves nothing out and shows nothing twice."""
    seen: list[str] = []
    path = "/v1/charges?limit=7"
    while True:
        reply = get(path)
        seen += ids(reply)
        if not reply.json["has_more"]:
            break
        path = f"/v1/charges?limit=7&starting_after={seen[-1]}"

    assert seen == made


def test_pages_backward_show_everything_once(get: Get, made: list[str]) -> None:
    """Following ending_before to the start does so as well, each page still newest first."""
    seen: list[str] = []
    path = f"/v1/charges?limit=7&ending_before={made[-1]}"
    while True:
        reply = get(path)
        seen = ids(reply) + seen
        if not reply.json["has_more"]:
            break
        path = f"/v1/charges?limit=7&ending_before={seen[0]}"

    assert seen == made[:-1]


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (22, 22), (23, 23), (24, 23), (100, 23)])
def test_limits_are_kept(get: Get, made: list[str], limit: int, count: int) -> None:
    """A page that ends exactly at the end says that there is no more."""
    reply = get(f"/v1/charges?limit={limit}")

    assert ids(reply) == made[:count]
    assert reply.json["has_more"] is (limit < COUNT)


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        (f"created[gte]={DAY + 1000}", 10, 23),
        (f"created[gt]={DAY + 1000}", 11, 23),
        (f"created[lt]={DAY + 1000}", 1, 9),
        (f"created[lte]={DAY + 1000}", 1, 10),
        (f"created%5Bgte%5D={DAY + 500}&created%5Blt%5D={DAY + 800}", 5, 7),
        (f"created[gt]={DAY + 500}&created[lte]={DAY + 800}", 6, 8),
        (f"created[gt]={DAY + 9000}", 1, 0),
        ("created[gte]=0", 1, 23),
        ("created[lte]=253402300799", 1, 23),
    ],
)
@pytest.mark.parametrize("kind", ["charges", "events"])
def test_created_bounds_a_list(get: Get, kind: str, query: str, first: int, last: int) -> None:
    """Whole seconds, with and without the bound itself."""
    reply = get(f"/v1/{kind}?limit=100&{query}")

    expected = [DAY + 100 * number for number in range(last, first - 1, -1)]
    assert [one["created"] for one in reply.json["data"]] == expected


def test_filters_find_by_reference_and_status(get: Get, made: list[str]) -> None:
    """A merchant finds a charge by its own number, or all of one public status."""
    assert ids(get("/v1/charges?reference=order-22")) == [made[0]]
    assert ids(get("/v1/charges?reference=order")) == []
    assert ids(get("/v1/charges?status=pending&limit=100")) == made
    assert ids(get("/v1/charges?status=failed")) == []
    assert ids(get(f"/v1/charges?status=pending&limit=2&starting_after={made[3]}")) == made[4:6]


def test_events_are_found_by_object_and_type(get: Get, made: list[str]) -> None:
    """Each charge has told of itself once, with the charge as it was."""
    reply = get(f"/v1/events?object={made[5]}")

    (event,) = reply.json["data"]
    assert (event["type"], event["data"]["object"]["id"]) == ("charge.pending", made[5])
    assert event["request"]["id"].startswith("req_")
    assert get(f"/v1/events/{event['id']}").json == event
    assert len(ids(get("/v1/events?type=charge.pending&limit=100"))) == COUNT
    assert ids(get("/v1/events?type=charge.failed")) == []


def test_one_charge_is_read(get: Get, made: list[str]) -> None:
    """The same object alone and in a list."""
    alone = get(f"/v1/charges/{made[2]}").json

    assert alone == get(f"/v1/charges?limit=1&starting_after={made[1]}").json["data"][0]


def test_a_new_account_has_nothing(get: Get) -> None:
    """Zero is written out, in whole francs."""
    nothing = [{"amount": 0, "currency": "xaf"}]

    assert get("/v1/balance").json == {
        "object": "balance",
        "livemode": False,
        "available": nothing,
        "pending": nothing,
        "held": nothing,
    }


def test_the_balance_is_the_ledgers(
    read_payments: Door, make_account: MakeAccount, rows: Rows
) -> None:
    """What the ledger owes a merchant is what the merchant reads, of its own mode."""
    other = make_account(live=True)
    rows.run(
        f"UPDATE \"{other.test.schema}\".ledger_accounts SET balance = -70 WHERE code = 'pending'"
    )
    live = other.live_key

    assert read_payments.get("/v1/balance", key=other.secret_key).json["pending"] == [
        {"amount": 70, "currency": "xaf"}
    ]
    assert read_payments.get("/v1/balance", key=live).json["pending"] == [
        {"amount": 0, "currency": "xaf"}
    ]


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ("limit=0", "limit_invalid", "limit"),
        ("limit=101", "limit_invalid", "limit"),
        ("limit=-1", "limit_invalid", "limit"),
        ("limit=ten", "limit_invalid", "limit"),
        ("limit=", "limit_invalid", "limit"),
        ("limit=1.0", "limit_invalid", "limit"),
        ("limit=%D9%A1", "limit_invalid", "limit"),
        ("limit=" + "9" * 5000, "limit_invalid", "limit"),
        ("limit=1&limit=2", "parameter_invalid", "limit"),
        ("colour=red", "parameter_unknown", "colour"),
        ("Limit=1", "parameter_unknown", "Limit"),
        ("created=5", "parameter_unknown", "created"),
        ("created[eq]=5", "parameter_unknown", "created[eq]"),
        ("created[gte]=yesterday", "parameter_invalid", "created[gte]"),
        ("created[gte]=-1", "parameter_invalid", "created[gte]"),
        ("created[lt]=1e9", "parameter_invalid", "created[lt]"),
        ("created[lte]=253402300800", "parameter_invalid", "created[lte]"),
        ("created[gt]=" + "9" * 400, "parameter_invalid", "created[gt]"),
        ("starting_after=", "cursor_invalid", "starting_after"),
        ("starting_after=nonsense", "cursor_invalid", "starting_after"),
        ("starting_after=%00", "cursor_invalid", "starting_after"),
        ("ending_before=' OR 1=1 --", "cursor_invalid", "ending_before"),
        ("a=%FF", "parameter_invalid", "query"),
        ("&".join(f"p{n}=1" for n in range(101)), "parameter_invalid", "query"),
        ("x=" + "y" * 9000, "parameter_invalid", "query"),
    ],
)
@pytest.mark.parametrize("kind", ["charges", "events"])
def test_a_wrong_query_names_its_parameter(
    get: Get, kind: str, query: str, code: str, param: str
) -> None:
    """Nothing is ignored: a list that is not the one asked for would be worse than none."""
    reply = get(f"/v1/{kind}?{query}", headers={"Accept-Language": "fr"})

    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param)
    assert reply.headers["Content-Language"] == "fr"


@pytest.mark.parametrize("path", ["/v1/charges/ch_x", "/v1/events/evt_x", "/v1/balance"])
def test_a_read_of_one_takes_no_query(get: Get, path: str) -> None:
    """Whoever asks for what we do not know is told so, where there is only one answer too."""
    reply = get(f"{path}?expand[]=colour")

    assert (reply.status, reply.error["param"]) == (400, "expand[]")


@pytest.mark.parametrize(
    ("path", "param"),
    [
        ("/v1/charges?status=created", "status"),
        ("/v1/charges?status=", "status"),
        ("/v1/charges?reference=", "reference"),
        ("/v1/charges?reference=%00", "reference"),
        ("/v1/charges?reference=" + "r" * 101, "reference"),
        ("/v1/events?type=%00", "type"),
        ("/v1/events?type=charge.paid", "type"),
        ("/v1/events?object=a%00b", "object"),
    ],
)
def test_a_filter_that_can_match_nothing_is_refused(get: Get, path: str, param: str) -> None:
    """Also what the database could not even compare."""
    reply = get(path)

    assert (reply.status, reply.error["code"]) == (400, "parameter_invalid")
    assert reply.error["param"] == param


def test_two_cursors_exclude_each_other(get: Get, made: list[str]) -> None:
    """A list has one direction."""
    reply = get(f"/v1/charges?starting_after={made[0]}&ending_before={made[1]}")

    assert (reply.status, reply.error["code"]) == (400, "cursor_invalid")


def test_a_foreign_cursor_shows_only_ones_own(
    get: Get, made: list[str], read_payments: Door, make_account: MakeAccount
) -> None:
    """A cursor is a place in time: with another's id a merchant still sees its own alone."""
    other = make_account()

    for query in (f"starting_after={made[3]}", f"ending_before={made[3]}"):
        assert ids(read_payments.get(f"/v1/charges?{query}", key=other.secret_key)) == []
    assert get(f"/v1/charges?starting_after=evt_{made[0][3:]}").error["code"] == "cursor_invalid"


def test_lists_of_the_other_mode_are_empty(read_payments: Door, shop: Account, get: Get) -> None:
    """A live key sees no test charge."""
    del get
    live = shop.live_key

    assert ids(read_payments.get("/v1/charges", key=live)) == []
    assert ids(read_payments.get("/v1/events", key=live)) == []


@pytest.mark.parametrize("path", ["/v1/charges", "/v1/events", "/v1/balance", "/v1/charges/ch_x"])
def test_reading_needs_a_key(read_payments: Door, shop: Account, path: str) -> None:
    """A secret key, not a publishable one, and before anything else is said."""
    publishable = shop.provisioned.modes[0].publishable_key

    assert read_payments.get(path).error["code"] == "api_key_missing"
    assert read_payments.get(path, key=publishable).error["code"] == "permission_denied"


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_contract_is_served_as_it_was_made(read_payments: Door, language: str) -> None:
    """Anyone gets the generated file, byte for byte, in the language that is asked for."""
    by_query = read_payments.get(f"/openapi.json?lang={language}")
    by_header = read_payments.get("/openapi.json", headers={"Accept-Language": language})

    assert by_query.content == by_header.content == OPENAPI_FILES[language].read_bytes()
    assert by_query.headers["Content-Type"] == "application/json"
    assert by_query.headers["Content-Language"] == language


@pytest.mark.parametrize(
    "path", ["/openapi.json", "/v1/charges", "/v1/balance", "/v1/charges/ch_x"]
)
def test_head_is_get_without_a_body(
    get: Get, read_payments: Door, shop: Account, path: str
) -> None:
    """The same status and headers, no content."""
    shown = get(path)

    head = read_payments.call("HEAD", path, key=shop.secret_key)

    assert (head.status, head.content) == (shown.status, b"")
    own = {"Request-Id", "Date", "RateLimit"}
    assert {n: v for n, v in head.headers.items() if n not in own} == {
        n: v for n, v in shown.headers.items() if n not in own
    }


# --- paths and methods ---------------------------------------------------------------------------


def _paths() -> Mapping[str, set[str]]:
    """Each path of the contract, filled in, with the methods that it has anywhere."""
    fill = {"{id}": "ch_" + "7" * 24, "{provider}": "mtn", "{token}": "t", "{code}": "7" * 26}
    paths = {}
    for path, item in DOCUMENT["paths"].items():
        methods = {method.upper() for method in item if method.upper() in METHODS}
        whole = path
        for name, value in fill.items():
            whole = whole.replace(name, value)
        paths[whole] = methods | {"HEAD"} if "GET" in methods else methods
    return paths


@pytest.mark.parametrize("path", _paths())
@pytest.mark.parametrize("function", ["read_payments", "create_charge", "receive_callback"])
def test_another_method_is_told_all_that_there_are(
    door: Callable[[str], Door], function: str, path: str
) -> None:
    """The gateway may send it anywhere: the methods of all functions on this path are named."""
    allowed = _paths()[path]

    for method in set(METHODS) - allowed:
        reply = door(function).call(method, path)
        assert reply.status == 405
        assert set(reply.headers["Allow"].split(", ")) == allowed
        if method != "HEAD":
            assert reply.error["code"] == "method_not_allowed"


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "get", "G" * 100])
def test_a_method_that_nobody_has_is_refused(read_payments: Door, method: str) -> None:
    """Also those that HTTP knows and we never answer."""
    reply = read_payments.call(method, "/v1/charges")

    assert reply.status == 405
    assert "GET" in reply.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/v1", "/v1/", "/v1/charges/", "//v1/charges", "/v1//charges", "/v1/Charges"),
        *("/v1/charges/ch_x/refund", "/v1/charges/ch_x/cancel/", "/v1/payouts/", "/v2/charges"),
        *(
            "/robots.txt",
            "/favicon.ico",
            "/.env",
            "/v1/charges/../balance",
            "/docs/x/y",
            "/metrics",
        ),
        *("/verify", "/callbacks/mtn", "/v1/charges\x00", "/" + "a" * 5000, "/openapi.yaml"),
    ],
)
def test_an_unknown_path_is_404_in_our_shape(read_payments: Door, path: str) -> None:
    """Whatever the framework would answer by itself, callers see one shape, in their language."""
    for method in ("GET", "POST", "DELETE"):
        reply = read_payments.call(method, path, headers={"Accept-Language": "fr"})
        assert (reply.status, reply.error["code"]) == (404, "route_unknown")
        assert reply.headers["Content-Language"] == "fr"


def test_an_operation_of_another_function_is_not_served(
    read_payments: Door, create_charge: Door, shop: Account, rows: Rows
) -> None:
    """A misled request finds nothing and does nothing."""
    before = rows.snapshot()

    for door, method, path in (
        (read_payments, "POST", "/v1/charges"),
        (create_charge, "GET", "/v1/charges"),
        (create_charge, "GET", "/openapi.json"),
    ):
        assert door.call(method, path, key=shop.secret_key).status == 404
    assert rows.snapshot() == before
