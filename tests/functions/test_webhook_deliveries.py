"""What reaches a merchant's servers as its endpoints want it, is logged, and is sent anew."""

import base64
import json
import threading
import time
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from shared.operations.webhook_deliveries import delivery_id
from tests.functions.webhooks import SPAN, Merchant
from tests.scripted_server import answer
from tests.simulator_process import wait_until


def test_an_endpoint_gets_what_it_asks_for(merchant: Merchant) -> None:
    """By type, by family, and everything; what it did not ask for is no delivery of it."""
    every, family, other = (
        merchant.make(name, enabled_events=[events])
        for name, events in (("every", "*"), ("family", "charge.*"), ("other", "payout.paid"))
    )
    charge = merchant.till.create()
    for endpoint in (every, family, other):
        merchant.dispatch(endpoint["id"])

    for name in ("every", "family"):
        (seen,) = merchant.seen(name)
        assert json.loads(seen.body)["data"]["id"] == charge
    assert merchant.seen("other") == []
    assert {each["endpoint"] for each in merchant.look()["data"]} == {every["id"], family["id"]}


def test_a_family_has_the_types_that_came_later(merchant: Merchant) -> None:
    """Whoever asked for it before a type was there hears of it, and gets it anew as the rest."""
    made = merchant.make(enabled_events=["charge.*", "customer.*"])
    deaf = merchant.make("deaf", enabled_events=["payout.*"])
    merchant.till.rows.run(
        f'UPDATE "{merchant.till.account.test.schema}".webhook_endpoints'
        " SET enabled_events = ARRAY(SELECT unnest(enabled_events) INTERSECT"
        " SELECT unnest('{charge.*,customer.*,payout.*}'::text[]))"
    )
    charge = merchant.till.create()
    merchant.cancel(charge)
    customer = merchant.customer()
    for endpoint in (made, deaf):
        merchant.dispatch(endpoint["id"])
    told = merchant.told()
    again = merchant.post(f"/{made['id']}/resend", SPAN)
    nothing = merchant.post(f"/{deaf['id']}/resend", SPAN)

    assert sorted(told) == [
        (charge, "charge.canceled"), (charge, "charge.pending"), (customer, "customer.created"),
    ]  # fmt: skip
    assert (again["count"], nothing["count"], merchant.seen("deaf")) == (3, 0, [])


def test_a_thin_payload_is_an_id(merchant: Merchant) -> None:
    """The receiver asks us for the rest, so nothing of the payment leaves by this way."""
    made = merchant.make(payload="thin")
    charge = merchant.till.create()
    merchant.dispatch(made["id"])

    (seen,) = merchant.seen()
    read = Webhook(made["secret"]).verify(seen.body, seen.headers)
    assert (read["type"], read["data"]) == ("charge.pending", {"id": charge, "object": "charge"})


def test_a_pair_of_keys_signs(merchant: Merchant) -> None:
    """The public half that the endpoint shows verifies; there is no secret to lose."""
    made = merchant.make(signing="ed25519")
    merchant.till.create()
    merchant.dispatch(made["id"])

    (seen,) = merchant.seen()
    version, _, signature = seen.headers["webhook-signature"].partition(",")
    signed = f"{seen.headers['webhook-id']}.{seen.headers['webhook-timestamp']}.".encode()
    public = base64.b64decode(made["public_key"].removeprefix("whpk_"))
    assert (version, made["secret"]) == ("v1a", None)
    Ed25519PublicKey.from_public_bytes(public).verify(
        base64.b64decode(signature), signed + seen.body
    )


def test_both_secrets_sign_until_the_overlap_ends(merchant: Merchant) -> None:
    """The newest first; with an overlap of nothing the former one is worth nothing at once."""
    made = merchant.make()
    rotated = merchant.post(f"/{made['id']}/rotate_secret", {"overlap_seconds": 60})
    merchant.till.create()
    merchant.dispatch(made["id"])
    ended = merchant.post(f"/{made['id']}/rotate_secret", {"overlap_seconds": 0})
    merchant.till.create()
    merchant.dispatch(made["id"])

    during, after = merchant.seen()
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(during.body, during.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(after.body, after.headers)
    newest = during.headers | {
        "webhook-signature": during.headers["webhook-signature"].split(" ")[0]
    }
    Webhook(rotated["secret"]).verify(during.body, newest)
    Webhook(ended["secret"]).verify(after.body, after.headers)
    assert rotated["overlap_until"] == pytest.approx(time.time() + 60, abs=10)
    assert ended["overlap_until"] is None


def test_only_so_many_secrets_overlap(merchant: Merchant) -> None:
    """A fourth former secret is refused; ending all of them is always possible."""
    path = f"/{merchant.make()['id']}/rotate_secret"
    for _ in range(3):
        merchant.post(path)

    assert merchant.refused(path, {}) == (400, "too_many_webhook_secrets")
    assert merchant.refused(path, {"overlap_seconds": 604801}) == (400, "parameter_invalid")
    assert merchant.post(path, {"overlap_seconds": 0})["overlap_until"] is None


def test_a_pair_is_rotated_as_a_secret_is(merchant: Merchant) -> None:
    """Either public key verifies while they overlap."""
    made = merchant.make(signing="ed25519")
    rotated = merchant.post(f"/{made['id']}/rotate_secret")
    merchant.till.create()
    merchant.dispatch(made["id"])

    (seen,) = merchant.seen()
    signatures = seen.headers["webhook-signature"].split(" ")
    signed = f"{seen.headers['webhook-id']}.{seen.headers['webhook-timestamp']}.".encode()
    for endpoint, signature in zip((rotated, made), signatures, strict=True):
        public = base64.b64decode(endpoint["public_key"].removeprefix("whpk_"))
        Ed25519PublicKey.from_public_bytes(public).verify(
            base64.b64decode(signature.removeprefix("v1a,")), signed + seen.body
        )


def test_every_attempt_can_be_read(merchant: Merchant) -> None:
    """Time, status, duration and the start of the answer, without secrets and phone numbers."""
    answers = [answer(500, "no: +237670000001 whsec_abcdefghijk " + "é" * 2000), answer(200)]
    merchant.server.script = lambda _: answers.pop(0)
    made = merchant.make()
    merchant.till.create()
    merchant.dispatch(made["id"])
    (failed,) = merchant.look(f"?endpoint={made['id']}&status=pending")["data"]
    merchant.post(f"/{made['id']}/resend", {"event": failed["event"]})
    merchant.dispatch(made["id"])

    shown = merchant.look(at=f"/{failed['id']}")
    first, second = shown["attempt_log"]
    assert failed["id"] == delivery_id(failed["event"], made["id"])
    assert (failed["last_status"], failed["next_attempt_at"] is None) == (500, False)
    assert (shown["status"], shown["attempts"], shown["event_type"]) == (
        "succeeded", 1, "charge.pending",
    )  # fmt: skip
    assert (first["status"], second["status"], second["answer"]) == (500, 200, "")
    assert first["answer"].startswith("no: ")
    assert len(first["answer"].encode()) <= 1024
    assert not [word for word in ("670000001", "abcdefghijk") if word in first["answer"]]


def test_deliveries_are_listed_as_everything_else(merchant: Merchant) -> None:
    """Newest event first, with cursors and filters, and nothing of others."""
    made, other = merchant.make(), merchant.make("other")
    for _ in range(2):
        merchant.till.create()
    events = sorted({each["event"] for each in merchant.look()["data"]}, reverse=True)
    ids = [delivery_id(event, made["id"]) for event in events]

    def page(query: str) -> list[str]:
        return [each["id"] for each in merchant.look(query)["data"]]

    assert len(page("")) == 4
    assert page(f"?endpoint={made['id']}") == ids
    assert page(f"?endpoint={made['id']}&limit=1&starting_after={ids[0]}") == ids[1:]
    assert page(f"?endpoint={made['id']}&ending_before={ids[1]}") == ids[:1]
    assert page(f"?event={events[0]}&endpoint={other['id']}") == [
        delivery_id(events[0], other["id"])
    ]
    assert page("?status=exhausted") == page("?endpoint=we_x") == []
    assert merchant.look("?status=lost")["error"]["param"] == "status"


def test_one_event_is_sent_anew(merchant: Merchant) -> None:
    """Also to an endpoint that never asked for it; twice asked for it is one delivery."""
    made = merchant.make(enabled_events=["payout.paid"])
    merchant.till.create()
    (event,) = merchant.till.rows.of("events")
    for _ in range(2):
        resent = merchant.post(f"/{made['id']}/resend", {"event": event["id"]})
    merchant.dispatch(made["id"])
    merchant.dispatch(made["id"])

    (seen,) = merchant.seen()
    assert seen.headers["webhook-id"] == event["id"]
    assert resent == {
        "object": "webhook_resend", "endpoint": made["id"], "count": 1, "has_more": False,
        "last_event": event["id"],
    }  # fmt: skip
    told = merchant.till.rows.of("audit_entries", "action = 'webhook_endpoint.resent'")
    assert len(told) == 2


def test_a_range_is_sent_anew(merchant: Merchant) -> None:
    """What happened before an endpoint was made reaches it: of what it asks for, each once."""
    for _ in range(3):
        merchant.till.create()
    events = sorted(row["id"] for row in merchant.till.rows.of("events"))
    made = merchant.make(enabled_events=["charge.*"])
    deaf = merchant.make("deaf", enabled_events=["payout.paid"])

    resent, _ = (merchant.post(f"/{made['id']}/resend", SPAN) for _ in range(2))
    behind = merchant.post(f"/{made['id']}/resend", {**SPAN, "starting_after": events[0]})
    nothing = merchant.post(f"/{deaf['id']}/resend", SPAN)
    merchant.dispatch(made["id"])

    assert (resent["count"], resent["last_event"]) == (3, events[-1])
    assert (behind["count"], nothing["count"], nothing["last_event"]) == (2, 0, None)
    assert sorted(seen.headers["webhook-id"] for seen in merchant.seen()) == events


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "parameter_missing"),
        ({"event": "evt_x"}, "parameter_invalid"),
        ({"event": "evt_" + "2" * 24, **SPAN}, "parameter_invalid"),
        ({"created": {"gte": 1}}, "parameter_missing"),
        ({"created": {"gte": 1, "lt": True}}, "parameter_invalid"),
        ({"created": {"gte": 1, "lt": 2, "lte": 2}}, "parameter_unknown"),
        ({"created": 5}, "parameter_invalid"),
        ({**SPAN, "starting_after": "ch_x"}, "parameter_invalid"),
    ],
)
def test_a_bad_wish_sends_nothing(merchant: Merchant, body: object, code: str) -> None:
    """Each is refused by name."""
    made = merchant.make()
    before = merchant.till.rows.snapshot()

    assert merchant.refused(f"/{made['id']}/resend", body) == (400, code)
    assert merchant.till.rows.snapshot() == before


def test_an_unknown_event_is_not_found(merchant: Merchant) -> None:
    """And leaves neither delivery nor entry."""
    made = merchant.make()
    before = merchant.till.rows.snapshot()
    wish = {"event": "evt_" + "2" * 24}

    assert merchant.refused(f"/{made['id']}/resend", wish) == (404, "resource_missing")
    assert merchant.till.rows.snapshot() == before


def test_an_endpoint_is_tried_alone(merchant: Merchant) -> None:
    """Only it hears of the test, whatever it and others ask for; no range sends it anew."""
    made = merchant.make(enabled_events=["payout.paid"])
    other = merchant.make("other")
    event = merchant.post(f"/{made['id']}/test")
    assert merchant.post(f"/{other['id']}/resend", SPAN)["count"] == 0
    for endpoint in (made, other):
        merchant.dispatch(endpoint["id"])

    (seen,) = merchant.server.seen
    read = Webhook(made["secret"]).verify(seen.body, seen.headers)
    assert (event["type"], event["data"]["object"]["id"]) == ("webhook_endpoint.test", made["id"])
    assert read["data"] == {"id": made["id"], "object": "webhook_endpoint"}
    assert [each["event"] for each in merchant.look()["data"]] == [event["id"]]


def test_a_disabled_endpoint_waits_and_is_woken(merchant: Merchant) -> None:
    """A 410 disables; enabled again it gets what is pending at once, and counts no old failures."""
    answers = [answer(410)]
    merchant.server.script = lambda _: answers.pop(0) if answers else answer(200)
    made = merchant.make()
    merchant.till.create()
    merchant.dispatch(made["id"])
    gone = merchant.look(f"?endpoint={made['id']}")["data"][0]
    merchant.till.create()  # nobody is told of it
    refused = [
        merchant.refused(f"/{made['id']}/{what}", body)
        for what, body in (("test", {}), ("resend", {"event": gone["event"]}))
    ]
    enabled = merchant.post(f"/{made['id']}", {"disabled": False})
    (due,) = merchant.till.rows.platform("due_work", "object_id = :id", id=made["id"])
    merchant.post(f"/{made['id']}/resend", {"event": gone["event"]})
    merchant.dispatch(made["id"])

    assert gone["status"] == "dropped"
    assert refused == [(400, "webhook_endpoint_disabled")] * 2
    assert (enabled["status"], enabled["disabled_reason"]) == ("enabled", None)
    assert str(due["due_at"]) != "infinity"
    assert [seen.headers["webhook-id"] for seen in merchant.seen()] == [gone["event"]] * 2


def test_what_waited_while_an_endpoint_was_off_is_sent_at_once(merchant: Merchant) -> None:
    """Switched off nothing is sent; switched on no wait of before counts any more."""
    answers = [answer(500)]
    merchant.server.script = lambda _: answers.pop(0) if answers else answer(200)
    made = merchant.make()
    merchant.till.create()
    merchant.dispatch(made["id"])
    off = merchant.post(f"/{made['id']}", {"disabled": True})
    merchant.dispatch(made["id"])
    while_off = len(merchant.seen())
    on = merchant.post(f"/{made['id']}", {"disabled": False})
    merchant.dispatch(made["id"])

    assert (off["status"], off["disabled_reason"]) == ("disabled", "merchant")
    assert (on["failing_since"], while_off, len(merchant.seen())) == (None, 1, 2)


def test_a_deleted_endpoint_gets_no_further_attempt(merchant: Merchant) -> None:
    """What was pending is dropped, and its log is there to be read."""
    merchant.server.script = lambda _: answer(500)
    made = merchant.make()
    merchant.till.create()
    merchant.dispatch(made["id"])
    merchant.delete(made["id"])
    merchant.till.create()
    merchant.dispatch(made["id"])

    (logged,) = merchant.look(f"?endpoint={made['id']}")["data"]
    assert len(merchant.seen()) == 1
    assert (logged["status"], logged["attempts"]) == ("dropped", 1)
    assert len(merchant.look(at=f"/{logged['id']}")["attempt_log"]) == 1


def test_of_one_object_events_come_in_order(merchant: Merchant) -> None:
    """While the first is refused the next waits, and other objects' do not; then both come."""
    answers = [answer(500)]
    merchant.server.script = lambda _: answers.pop(0) if answers else answer(200)
    made = merchant.make(order="object")
    first = merchant.till.create()
    merchant.dispatch(made["id"])
    merchant.cancel(first)
    other = merchant.till.create()
    for _ in range(2):
        merchant.dispatch(made["id"])
    before = merchant.told()
    (waiting,) = merchant.look("?status=pending&limit=1")["data"]
    (refused,) = merchant.look("?status=pending&limit=1&starting_after=" + waiting["id"])["data"]
    merchant.post(f"/{made['id']}/resend", {"event": refused["event"]})
    merchant.dispatch(made["id"])

    assert before == [(first, "charge.pending"), (other, "charge.pending")]
    assert merchant.told()[2:] == [(first, "charge.pending"), (first, "charge.canceled")]


def test_a_receiver_that_hangs_holds_up_no_push(merchant: Merchant) -> None:
    """The push is acknowledged once its work is leased; how it ends is recorded all the same."""
    let_go = threading.Event()
    hanging = replace(answer(200), until=let_go)
    merchant.server.script = lambda _: hanging
    made = merchant.make()
    merchant.till.create()
    began = time.monotonic()
    merchant.dispatch(made["id"])
    took = time.monotonic() - began
    (held,) = merchant.look()["data"]
    let_go.set()

    def is_done() -> bool:
        return bool(merchant.look()["data"][0]["attempts"])

    wait_until(is_done, what="the attempt to be recorded")
    assert took < 10
    assert (held["status"], held["attempts"]) == ("pending", 0)
