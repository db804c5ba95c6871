"""Stripe's own Python SDK, with another base address and nothing else changed, on the whole system.

It sends forms, dates and headers of its own and believes only its own object and error classes.
"""

import io
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
import stripe

from tests.chaos.fault_proxy import FaultProxy, Way
from tests.end_to_end.merchant import Merchant
from tests.end_to_end.waiting import wait_for
from tests.file_samples import pdf
from tests.system import HOST, LocalSystem

AMOUNT: Final = 2_500
PATIENCE_SECONDS: Final = 45.0
METHOD: Final = {"type": "mobile_money", "phone": "+237675000001"}


@contextmanager
def speaking(key: str, base_url: str) -> Iterator[stripe.StripeClient]:
    """The SDK's client of a key; its connections are ended on leaving."""
    http = stripe.RequestsClient(timeout=20)
    addresses: Any = {"api": base_url, "files": base_url}
    try:
        yield stripe.StripeClient(
            key, base_addresses=addresses, max_network_retries=2, http_client=http
        )
    finally:
        http.close()  # type: ignore[no-untyped-call]  # theirs has no types


@pytest.fixture(scope="module", autouse=True)
def _no_telemetry() -> Iterator[None]:
    """It would keep an id in the home folder and send how long each request took."""
    stripe.enable_telemetry = False
    yield
    stripe.enable_telemetry = True


@pytest.fixture(scope="module")
def client(sdk_merchant: Merchant) -> Iterator[stripe.StripeClient]:
    """The merchant's client."""
    with speaking(sdk_merchant.secret_key, sdk_merchant.base_url) as client:
        yield client


@pytest.fixture(scope="module")
def paid(client: stripe.StripeClient) -> Any:
    """A charge once it is paid."""
    made: Any = client.v1.charges.create(_order(reference="sdk-paid", metadata={"order": "7"}))
    assert isinstance(made, stripe.Charge)
    assert (made.amount, made.currency, made.status) == (AMOUNT, "xaf", "pending")
    return _final(lambda: client.v1.charges.retrieve(made.id))


def _order(**fields: Any) -> Any:
    return {"amount": AMOUNT, "currency": "xaf", "payment_method": METHOD, **fields}


def _final(look: Any) -> Any:
    def ended() -> Any:
        found = look()
        return None if found.status == "pending" else found

    return wait_for("its end", ended, seconds=PATIENCE_SECONDS)


def test_a_charge_is_made_and_read(client: stripe.StripeClient, paid: Any) -> None:
    """An object of its own class, with fields of ours by their names; found by its reference."""
    ours: Any = {"reference": "sdk-paid"}
    found = client.v1.charges.list(ours).data

    assert (paid.status, paid.paid, paid.metadata["order"]) == ("succeeded", True, "7")
    assert paid.payment_method_details.mobile_money.operator == "mtn"
    assert [each.id for each in found] == [paid.id]


def test_a_list_pages_by_itself_to_its_end(client: stripe.StripeClient) -> None:
    """Each charge once, newest first, whatever the page's size; filters go along."""
    made = [client.v1.charges.create(_order(description=f"page {at}")).id for at in range(5)]

    pages = client.v1.charges.list({"limit": 2, "created": {"gt": 1}})
    listed = [each.id for each in pages.auto_paging_iter()]
    back = client.v1.charges.list({"limit": 2, "ending_before": made[0]})

    assert listed[:5] == made[::-1]
    assert len(listed) == len(set(listed))
    assert [each.id for each in back.auto_paging_iter()] == made[1:]


def test_a_refund_is_made_and_read(client: stripe.StripeClient, paid: Any) -> None:
    """In part, until the operator has paid it back."""
    made: Any = client.v1.refunds.create({"charge": paid.id, "amount": 500})
    ended = _final(lambda: client.v1.refunds.retrieve(made.id))
    listed = client.v1.refunds.list({"charge": paid.id})

    assert isinstance(ended, stripe.Refund)
    assert (ended.status, ended.amount, ended.charge) == ("succeeded", 500, paid.id)
    assert [each.id for each in listed] == [made.id]
    assert client.v1.charges.retrieve(paid.id).amount_refunded == 500


def test_a_payout_is_made_read_and_taken_back(client: stripe.StripeClient) -> None:
    """One goes out; another, which is for later, comes back."""
    order: Any = {"amount": 700, "currency": "xaf", "destination": METHOD}
    later: Any = {**order, "scheduled_at": int(time.time()) + 86_400}
    held = client.v1.payouts.create(later)
    canceled = client.v1.payouts.cancel(held.id)
    made = client.v1.payouts.create(order)
    ended = _payout_end(client, made.id)

    assert isinstance(ended, stripe.Payout)
    assert (canceled.status, ended.status, ended.amount) == ("canceled", "paid", 700)
    assert made.id in [each.id for each in client.v1.payouts.list({"status": "paid"})]


def test_a_file_is_handed_in_read_and_listed(client: stripe.StripeClient) -> None:
    """As a form of the SDK's, by a base address of its own; kept once it was looked at."""
    content = io.BytesIO(pdf())
    made: Any = client.v1.files.create({"purpose": "dispute_evidence", "file": content})
    kept = wait_for(
        "its scan",
        lambda: _unless(client.v1.files.retrieve(made.id), "quarantined"),
        seconds=PATIENCE_SECONDS,
    )
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.files.create({"purpose": "dispute_evidence", "file": io.BytesIO(b"MZ")})

    assert isinstance(made, stripe.File)
    assert (made.type, made.size, made.filename) == ("pdf", len(pdf()), "blob.pdf")
    assert kept.status == "available"
    assert made.id in [each.id for each in client.v1.files.list({"purpose": "dispute_evidence"})]
    assert (refused.value.code, refused.value.param) == ("file_type_unsupported", "file")


def _unless(found: Any, status: str) -> Any:
    return None if found.status == status else found


def test_balance_and_books_are_read(client: stripe.StripeClient, paid: Any) -> None:
    """What there is, and the line by which it changed."""
    balance = client.v1.balance.retrieve()
    line: Any = client.v1.balance_transactions.retrieve(paid.balance_transaction)
    lines = client.v1.balance_transactions.list({"source": paid.id})

    assert balance.available[0].currency == "xaf"
    assert isinstance(line, stripe.BalanceTransaction)
    assert (line.type, line.net, line.source) == ("charge", AMOUNT, paid.id)
    assert [each.id for each in lines] == [line.id]


def test_words_are_changed_and_objects_brought_along(
    client: stripe.StripeClient, paid: Any
) -> None:
    """Metadata as the SDK empties it, and whole objects in the place of their ids."""
    client.v1.charges.update(paid.id, {"metadata": {"order": "", "paid by": "Awa"}})
    found: Any = client.v1.charges.retrieve(paid.id, {"expand": ["balance_transaction.source"]})
    lines: Any = client.v1.balance_transactions.list({"expand": ["data.source"], "limit": 100})

    assert found.metadata.to_dict() == {"paid by": "Awa"}
    assert isinstance(found.balance_transaction, stripe.BalanceTransaction)
    assert isinstance(found.balance_transaction.source, stripe.Charge)
    assert paid.id in [each.source.id for each in lines.auto_paging_iter()]


def test_customers_are_kept_named_and_forgotten(client: stripe.StripeClient) -> None:
    """Made, changed, found, paged to their end, charged by their number, and deleted."""
    customers, mine = client.v1.customers, f"{uuid.uuid4().hex[:12]}@shop.example"
    made = [
        customers.create(
            {"name": f"Awa {at}", "email": mine, "phone": METHOD["phone"], "metadata": {"n": "1"}}
        )
        for at in range(3)
    ]
    changed: Any = customers.update(made[0].id, {"name": "Marie", "metadata": {"n": "", "m": "2"}})
    listed = [each.id for each in customers.list({"email": mine, "limit": 2}).auto_paging_iter()]
    order: Any = _order(payment_method={"type": "mobile_money"}, customer=made[0].id)
    charge = client.v1.charges.create(order)
    found: Any = client.v1.charges.retrieve(charge.id, {"expand": ["customer"]})
    of_hers = client.v1.charges.list({"customer": made[0].id}).data
    gone = customers.delete(made[0].id)
    after: Any = customers.retrieve(made[0].id)

    assert changed.metadata.to_dict() == {"m": "2"}
    assert (changed.name, changed.email) == ("Marie", mine)
    assert isinstance(changed, stripe.Customer)
    assert listed == [each.id for each in made[::-1]]
    assert isinstance(found.customer, stripe.Customer)
    assert (found.customer.name, charge.customer) == ("Marie", made[0].id)
    assert [each.id for each in of_hers] == [charge.id]
    assert gone.deleted
    assert after.deleted
    assert client.v1.charges.retrieve(charge.id).customer == made[0].id
    told = client.v1.events.list({"type": "customer.deleted", "limit": 1}).data[0]
    assert isinstance(told.data.object, stripe.Customer)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.charges.create(order)
    assert (refused.value.code, refused.value.param) == ("resource_missing", "customer")


def test_refunds_and_payouts_are_changed(client: stripe.StripeClient, paid: Any) -> None:
    """Their metadata, as the SDK empties it."""
    refund = client.v1.refunds.create({"charge": paid.id, "amount": 100, "metadata": {"a": "1"}})
    order: Any = {"amount": 300, "currency": "xaf", "destination": METHOD, "metadata": {"a": "1"}}
    payout = client.v1.payouts.create(order)
    words: Any = {"metadata": {"a": "", "b": "2"}}
    changed: list[Any] = [
        client.v1.refunds.update(refund.id, words),
        client.v1.payouts.update(payout.id, words),
    ]

    assert [each.metadata.to_dict() for each in changed] == [{"b": "2"}, {"b": "2"}]


def test_charges_are_searched_to_the_end(client: stripe.StripeClient) -> None:
    """By a query, page by page, each once."""
    word = uuid.uuid4().hex
    made = [client.v1.charges.create(_order(metadata={"word": word})).id for _ in range(3)]
    query: Any = {"query": f"metadata['word']:'{word}' AND amount>=1", "limit": 2}
    result = client.v1.charges.search(query)

    assert isinstance(result, stripe.SearchResultObject)
    assert [each.id for each in result.auto_paging_iter()] == made[::-1]


def test_events_are_read(client: stripe.StripeClient, paid: Any) -> None:
    """With the object as it was, in the SDK's own class."""
    found: Any = client.v1.events.list({"type": "charge.succeeded", "limit": 100}).data
    event = next(each for each in found if each.data.object.id == paid.id)
    again = client.v1.events.retrieve(event.id)

    assert isinstance(again, stripe.Event)
    assert isinstance(event.data.object, stripe.Charge)
    assert event.data.object.status == "succeeded"


def test_the_classes_of_the_module_work_as_well(sdk_merchant: Merchant) -> None:
    """Those that take key and address from globals, as most programs of merchants do."""
    base, http = stripe.api_base, stripe.RequestsClient()
    stripe.api_base, stripe.default_http_client = sdk_merchant.base_url, http
    try:
        page = stripe.Charge.list(api_key=sdk_merchant.secret_key, limit=1)
    finally:
        stripe.api_base, stripe.default_http_client = base, None
        http.close()  # type: ignore[no-untyped-call]  # theirs has no types

    assert page.url == "/v1/charges"


def test_a_lost_answer_is_asked_for_again_and_charges_once(
    local_system: LocalSystem, sdk_merchant: Merchant
) -> None:
    """The SDK's own key goes along, so that its second try gets the first one's answer."""
    reference = str(uuid.uuid4())
    with (
        FaultProxy(int(local_system.base_url.rpartition(":")[2])) as line,
        speaking(sdk_merchant.secret_key, f"http://{HOST}:{line.port}") as client,
    ):
        line.arm(Way.ANSWERED, 1)
        made = client.v1.charges.create(_order(reference=reference))

    found = sdk_merchant.read(f"/v1/charges?reference={reference}")["data"]
    assert line.cuts == 1
    assert [each["id"] for each in found] == [made.id]


def test_what_is_wrong_with_a_request_is_its_invalid_request(client: stripe.StripeClient) -> None:
    """With code and param; also where nothing is found, and with no card's error anywhere."""
    for change, code, param in (
        ({"amount": 0}, "amount_too_small", "amount"),
        ({"amount": "12.5"}, "amount_not_whole", "amount"),
        ({"payment_method": {"type": "card"}}, "payment_method_type_unsupported", None),
        ({"nothing": "x"}, "parameter_unknown", "nothing"),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.charges.create(_order() | change)
        assert (refused.value.http_status, refused.value.code) == (400, code)
        assert param in {None, refused.value.param}
        assert str(refused.value.request_id).startswith("req_")
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.charges.retrieve("ch_" + "2" * 24)
    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")


def test_a_key_for_another_body_is_its_idempotency_error(client: stripe.StripeClient) -> None:
    """And the same body gets the same charge."""
    key: Any = {"idempotency_key": str(uuid.uuid4())}
    first = client.v1.charges.create(_order(), key)

    assert client.v1.charges.create(_order(), key).id == first.id
    with pytest.raises(stripe.IdempotencyError):
        client.v1.charges.create(_order(description="another"), key)


def test_who_asks_wrongly_gets_its_classes_too(
    client: stripe.StripeClient, sdk_merchant: Merchant
) -> None:
    """A wrong key, one with fewer rights, another account, a body too large, nobody there."""
    made: Any = client.raw_request(
        "post", "/v1/api_keys", kind="restricted", scopes=["charges:read", "events:read"]
    )
    reader = client.deserialize(made, api_mode="V1").to_dict()["secret"]
    elsewhere: Any = {"stripe_account": "acct_" + "2" * 16}

    with (
        speaking("sk_test_" + "x" * 59, sdk_merchant.base_url) as nobody,
        pytest.raises(stripe.AuthenticationError),
    ):
        nobody.v1.charges.list()
    with speaking(reader, sdk_merchant.base_url) as reading:
        assert reading.v1.charges.list({"limit": 1}).data
        with pytest.raises(stripe.PermissionError):
            reading.v1.charges.create(_order())
    with pytest.raises(stripe.InvalidRequestError) as other:
        client.v1.charges.list({"limit": 1}, elsewhere)
    assert other.value.code == "account_mismatch"
    with pytest.raises(stripe.APIError) as large:
        client.v1.charges.create(_order(description="x" * 70_000))
    assert large.value.http_status == 413
    with (
        speaking(sdk_merchant.secret_key, f"http://{HOST}:9") as away,
        pytest.raises(stripe.APIConnectionError),
    ):
        away.v1.charges.list({}, {"max_network_retries": 0})


def test_one_request_too_many_is_its_rate_limit_error(hurried_merchant: Merchant) -> None:
    """The refusal of a shop that may ask twice in ten minutes says when it may again."""

    def ask_often(client: stripe.StripeClient) -> None:
        for _ in range(3):
            client.v1.charges.list()

    with (
        speaking(hurried_merchant.secret_key, hurried_merchant.base_url) as client,
        pytest.raises(stripe.RateLimitError) as refused,
    ):
        ask_often(client)

    assert refused.value.http_status == 429
    assert refused.value.headers is not None
    assert int(refused.value.headers["Retry-After"]) > 0


def _payout_end(client: stripe.StripeClient, payout_id: str) -> Any:
    def ended() -> Any:
        found = client.v1.payouts.retrieve(payout_id)
        return found if found.status in {"paid", "failed"} else None

    return wait_for("the payout's end", ended, seconds=PATIENCE_SECONDS)
