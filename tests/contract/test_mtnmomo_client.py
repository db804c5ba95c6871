"""The PyPI client `mtnmomo-py` 0.1.0, written by others for MTN, pays out and refunds here.

It knows what the npm client does not: refunds, deposits, both versions, and a reason as an object,
as MTN's published schema has it.
"""

from collections.abc import Callable, Iterator

import pytest
from mtnmomo import (
    MoMoAuthenticationError,
    MoMoClient,
    MoMoConfig,
    MoMoConflictError,
    MoMoError,
    MoMoNotFoundError,
    MoMoServerError,
    Party,
    ProductCredentials,
)

from tests.simulator_process import CallbackReceiver, MtnCustomer

pytest_plugins = ("tests.simulator_fixtures",)

PAYER = Party("MSISDN", "237670000001")


@pytest.fixture
def client(customer: MtnCustomer, payer: MtnCustomer) -> Iterator[MoMoClient]:
    """The client of one merchant, for both products."""
    config = MoMoConfig(
        collection=credentials_of(customer),
        disbursement=credentials_of(payer),
        target_environment="mtncameroon",
        base_url=f"{payer.simulator.url}/mtn",
    )
    with MoMoClient(config) as client:
        yield client


def credentials_of(mine: MtnCustomer) -> ProductCredentials:
    return ProductCredentials(mine.subscription_key, mine.api_user, mine.api_key)


def order(amount: str = "500", **more: object) -> dict[str, object]:
    texts = {"externalId": "order 1", "payerMessage": "message", "payeeNote": "note"}
    return {"amount": amount, "currency": "XAF", **texts, **more}


@pytest.mark.parametrize("version", ["v1_0", "v2_0"])
def test_a_payment_is_refunded(client: MoMoClient, payer: MtnCustomer, version: str) -> None:
    """In by one product, back by the other, under either version, and read under the first."""
    paid = client.collection.request_to_pay(order(payer=PAYER))
    assert client.collection.get_request_to_pay_status(paid).status == "SUCCESSFUL"

    refund = client.disbursement.refund(order(referenceIdToRefund=paid), version=version)

    found = client.disbursement.get_refund_status(refund)
    assert (found.status, found.amount, found.currency) == ("SUCCESSFUL", "500", "XAF")
    assert found.payee == PAYER
    assert found.financial_transaction_id
    assert [row["refunds"] for row in payer.view("effects")] == [paid]


@pytest.mark.parametrize("kind", ["transfer", "deposit"])
def test_money_is_paid_out(
    client: MoMoClient, payer: MtnCustomer, receiver: CallbackReceiver, reference: str, kind: str
) -> None:
    """Sent, read, told, taken from the balance, and refused a second time."""
    api = client.disbursement
    send = {"transfer": api.transfer, "deposit": api.deposit}[kind]
    read = {"transfer": api.get_transfer_status, "deposit": api.get_deposit_status}[kind]

    sent = send(order(payee=PAYER), reference_id=reference, callback_url=receiver.url(reference))

    assert sent == reference
    found = read(reference)
    assert (found.status, found.payee, found.external_id) == ("SUCCESSFUL", PAYER, "order 1")
    assert receiver.wait(reference)[0].json["status"] == "SUCCESSFUL"
    balance = api.get_account_balance()
    assert (balance.available_balance, balance.currency) == ("99500", "XAF")
    assert api.get_account_balance("XAF") == balance
    with pytest.raises(MoMoConflictError) as repeated:
        send(order(payee=PAYER), reference_id=reference)
    assert repeated.value.code == "RESOURCE_ALREADY_EXIST"
    assert len(payer.view("effects")) == 1


def test_a_failure_is_read_in_the_form_of_the_published_schema(
    client: MoMoClient, payer: MtnCustomer
) -> None:
    """This client takes a reason for an object, which MTN documents and nobody recorded."""
    payer.order("reason_object", on="payout_read")

    sent = client.disbursement.transfer(order("100001", payee=PAYER))

    found = client.disbursement.get_transfer_status(sent)
    assert found.status == "FAILED"
    assert found.reason is not None
    assert found.reason.code == "NOT_ENOUGH_FUNDS"


def test_holders_are_read(client: MoMoClient) -> None:
    """Whether a wallet is active, whose it is, and that there is none."""
    api = client.disbursement

    assert api.validate_account_holder_status("msisdn", "237670000001") is True
    assert api.validate_account_holder_status("msisdn", "237670000451") is False
    assert api.get_basic_user_info("msisdn", "237670000001")["name"] == "Sand Box"
    with pytest.raises(MoMoNotFoundError):
        api.get_basic_user_info("msisdn", "237670000450")


def test_mistakes_raise_by_status_and_code(
    client: MoMoClient, payer: MtnCustomer, reference: str
) -> None:
    """Each error arrives in the class and with the code that this client knows for it."""
    api = client.disbursement
    wrong_key = MoMoConfig(
        disbursement=ProductCredentials(payer.subscription_key, payer.api_user, "0" * 32),
        target_environment="mtncameroon",
        base_url=f"{payer.simulator.url}/mtn",
    )
    mistakes: list[tuple[type[MoMoError], str | None, Callable[[], object]]] = [
        (
            MoMoServerError,
            "INVALID_CURRENCY",
            lambda: api.transfer(order(payee=PAYER, currency="EUR")),
        ),
        (MoMoNotFoundError, "RESOURCE_NOT_FOUND", lambda: api.get_refund_status(reference)),
    ]
    for kind, code, ask in mistakes:
        with pytest.raises(kind) as mistake:
            ask()
        assert mistake.value.code == code
    with MoMoClient(wrong_key) as stranger, pytest.raises(MoMoAuthenticationError):
        stranger.disbursement.get_account_balance()
    assert payer.view("effects") == []
