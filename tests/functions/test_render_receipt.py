"""render_receipt at its door: one PDF under lock, recorded once, told to the merchant."""

import hashlib
from collections.abc import Callable

from shared.domain.events import PAYMENT_FINAL
from tests.factories import an_id
from tests.functions.door import Door
from tests.functions.till import Till
from tests.scripted_server import Seen


def test_a_receipt_is_printed_locked_and_told_once(
    till: Till, kept: list[Seen], read_payments: Door
) -> None:
    """The PDF of a paid charge goes under a lock; a repeat prints and tells nothing again."""
    charge_id = till.paid()["charge_id"]
    message = till.message(PAYMENT_FINAL, charge_id)

    first = till.push("render_receipt", message)
    stored = till.rows.snapshot()
    second = till.push("render_receipt", message)

    assert (first.status, second.status) == (204, 204)
    assert till.rows.snapshot() == stored
    (put,) = kept
    assert put.method == "PUT"
    assert put.headers["x-amz-object-lock-mode"] == "COMPLIANCE"
    assert put.headers["if-none-match"] == "*"
    (receipt,) = till.rows.of("receipts")
    assert (receipt["version_id"], receipt["object_key"]) == (
        "v1",
        put.path.removeprefix("/receipts/").partition("?")[0],
    )
    pdf = put.body[put.body.index(b"%PDF") : put.body.rindex(b"%%EOF")]
    assert b"670000001" not in pdf
    assert any(
        hashlib.sha256(put.body[put.body.index(b"%PDF") : end]).hexdigest() == receipt["sha256"]
        for end in range(put.body.rindex(b"%%EOF"), len(put.body) + 1)
    )
    assert [row["type"] for row in till.rows.of("events", "type = 'receipt.available'")] != []
    shown = read_payments.get(f"/v1/charges/{charge_id}", key=till.account.secret_key).json
    assert shown["receipt_url"].endswith(f"/verify/{receipt['code']}.pdf")


def test_a_receipt_is_an_object_of_its_own(
    till: Till, kept: list[Seen], read_payments: Door
) -> None:
    """From the payment on; the address of its PDF is shown once that lies under its lock."""
    charge_id, key = till.paid()["charge_id"], till.account.secret_key
    path = f"/v1/receipts?source={charge_id}"
    (before,) = read_payments.get(path, key=key).json["data"]
    till.push("render_receipt", till.message(PAYMENT_FINAL, charge_id))
    (after,) = read_payments.get(path, key=key).json["data"]
    one = read_payments.get(f"/v1/receipts/{after['id']}", key=key).json
    (row,) = till.rows.of("receipts")

    assert len(kept) == 1
    assert (before["pdf_url"], before["sha256"]) == (None, None)
    assert (
        after
        == one
        == {
            "id": row["id"],
            "object": "receipt",
            "number": row["number"],
            "kind": "charge",
            "source": charge_id,
            "verify_url": f"https://api.example.cm/verify/{row['code']}",
            "pdf_url": f"https://api.example.cm/verify/{row['code']}.pdf",
            "sha256": row["sha256"],
            "created": before["created"],
            "livemode": False,
        }
    )
    assert read_payments.get(f"/v1/receipts?source={an_id('po')}", key=key).json["data"] == []


def test_a_store_that_is_away_is_asked_again(till: Till) -> None:
    """Nothing but what it is printed with is recorded until the bytes are safe, and that once."""
    message = till.message(PAYMENT_FINAL, till.paid()["charge_id"])
    [before] = till.rows.of("receipts")
    events = till.rows.of("events")

    assert till.push("render_receipt", message).status == 503

    [after] = till.rows.of("receipts")
    assert after == before | {"printed": after["printed"]}
    assert after["printed"]["language"] == "fr"
    assert till.rows.of("events") == events
    kept = till.rows.snapshot()
    assert till.push("render_receipt", message).status == 503
    assert till.rows.snapshot() == kept


def test_an_unpaid_charge_has_no_receipt(till: Till, kept: list[Seen]) -> None:
    """Neither has one that never was; both are acknowledged."""
    charge_id = till.create()
    before = till.rows.snapshot()

    for object_id in (charge_id, "ch_" + "7" * 24):
        assert till.push("render_receipt", till.message(PAYMENT_FINAL, object_id)).status == 204
    assert till.rows.snapshot() == before
    assert kept == []


def test_only_a_signed_push_prints(
    door: Callable[[str], Door], till: Till, kept: list[Seen]
) -> None:
    """Without a token nothing is printed."""
    del till

    assert door("render_receipt").post("/", {}).status == 401
    assert kept == []
