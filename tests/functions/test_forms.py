"""A form at the door of a function: the command that JSON is, its refusals and its replay."""

from typing import Any, Final

import pytest

from tests.database import Account
from tests.functions.door import Door
from tests.functions.rows import Rows

PATH: Final = "/v1/charges"
FORM: Final = "application/x-www-form-urlencoded"
GOOD: Final = (
    "amount=1500&currency=xaf&payment_method[type]=mobile_money"
    "&payment_method%5Bphone%5D=%2B237670000001&metadata[order]=7"
)
BODY: Final = {
    "amount": 1500,
    "currency": "xaf",
    "payment_method": {"type": "mobile_money", "phone": "+237670000001"},
    "metadata": {"order": "7"},
}


def _headers(**more: str) -> dict[str, str]:
    return {"Content-Type": FORM, **more}


def test_a_form_and_json_share_one_idempotency_key(create_charge: Door, shop: Account) -> None:
    """Whoever changes the way of writing gets the answer of the first call."""
    key = {"Idempotency-Key": "by form, then by JSON"}
    made = create_charge.post(PATH, GOOD.encode(), key=shop.secret_key, headers=_headers(**key))
    again = create_charge.post(PATH, BODY, key=shop.secret_key, headers=key)
    other = create_charge.post(
        PATH, f"{GOOD}&description=x".encode(), key=shop.secret_key, headers=_headers(**key)
    )

    assert (made.status, made.json["metadata"]) == (200, {"order": "7"})
    assert (again.content, again.headers["Idempotent-Replayed"]) == (made.content, "true")
    assert other.error["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("form", "status", "code", "param"),
    [
        ("", 400, "payment_method_missing", "payment_method"),
        (GOOD.replace("1500", "15.5"), 400, "amount_not_whole", "amount"),
        (GOOD.replace("1500", "%EF%BC%91"), 400, "amount_not_whole", "amount"),
        (GOOD.replace("1500", ""), 400, "amount_missing", "amount"),
        (f"{GOOD}&status=paid", 400, "parameter_unknown", "status"),
        (f"{GOOD}&payment_method[pin]=1", 400, "parameter_unknown", "payment_method[pin]"),
        (f"{GOOD}&metadata[a][b]=c", 400, "metadata_invalid", "metadata[a]"),
        (f"{GOOD}&metadata[]=c", 400, "form_invalid", "metadata[]"),
        (f"{GOOD}&amount=1", 400, "form_duplicate_field", "amount"),
        (f"{GOOD}&description=%FF", 400, "form_invalid", None),
        (f"{GOOD}&description=%00", 400, "parameter_invalid", "description"),
        (GOOD + "x" * 65_536, 413, "body_too_large", None),
    ],
)
def test_a_bad_form_is_refused_by_name_and_stores_nothing(
    create_charge: Door,
    shop: Account,
    rows: Rows,
    *,
    form: str,
    status: int,
    code: str,
    param: str | None,
) -> None:
    """As the JSON of the same meaning is."""
    before = rows.snapshot()
    reply = create_charge.post(PATH, form.encode(), key=shop.secret_key, headers=_headers())

    assert (reply.status, reply.error["code"], reply.error.get("param")) == (status, code, param)
    assert rows.snapshot() == before


def test_a_form_of_a_browser_is_refused(create_charge: Door, shop: Account, rows: Rows) -> None:
    """It may be any page's, sent with a key that the browser remembers."""
    before = rows.snapshot()
    headers = _headers(Origin="https://elsewhere.example")
    reply = create_charge.post(PATH, GOOD.encode(), key=shop.secret_key, headers=headers)

    assert (reply.status, reply.error["code"]) == (415, "content_type_unsupported")
    assert rows.snapshot() == before


def test_a_list_of_a_form_is_a_list(manage_account: Door, shop: Account) -> None:
    """However it is written."""
    made: list[Any] = [
        manage_account.post(
            "/v1/api_keys",
            f"kind=restricted&{scopes}".encode(),
            key=shop.secret_key,
            headers=_headers(),
        ).json["scopes"]
        for scopes in (
            "scopes[]=charges:read&scopes[]=events:read",
            "scopes[0]=charges:read&scopes[1]=events:read",
        )
    ]

    assert made == [["charges:read", "events:read"]] * 2


def test_a_batch_is_taken_as_a_form(create_payout: Door, shop: Account) -> None:
    """Its lines are objects in a list, and their amounts numbers; it is refused for its money."""
    form = "currency=xaf&payouts[0][amount]=1500&payouts[0][destination][type]=mobile_money"
    reply = create_payout.post(
        "/v1/payout_batches",
        f"{form}&payouts[0][destination][phone]=670000001".encode(),
        key=shop.secret_key,
        headers=_headers(**{"Idempotency-Key": "a batch by form"}),
    )

    assert (reply.status, reply.error["code"]) == (400, "balance_insufficient")
