"""The npm client `mtn-momo` 2.0.0, written by others for MTN itself, works on the simulator."""

from pathlib import Path
from typing import Final

import pytest

from tests.npm_packages import INSTALL_SECONDS, RUN_SECONDS, drive
from tests.simulator_process import (
    SUBSCRIPTION_KEY,
    CallbackReceiver,
    MtnCustomer,
    SimulatorProcess,
)

pytest_plugins = ("tests.simulator_fixtures",)

_FOLDER: Final = Path(__file__).parent / "mtn_momo"


@pytest.mark.timeout(INSTALL_SECONDS + 2 * RUN_SECONDS)
@pytest.mark.parametrize(
    ("environment", "currency", "payer", "rejecting_payer"),
    [
        ("sandbox", "EUR", "56733123453", "46733123451"),
        ("mtncameroon", "XAF", "237670000001", "237670000451"),
    ],
)
def test_the_collection_flow_completes(  # noqa: PLR0917 - pytest passes them by name
    simulator: SimulatorProcess,
    receiver: CallbackReceiver,
    reference: str,
    environment: str,
    currency: str,
    payer: str,
    rejecting_payer: str,
) -> None:
    """User, key, payment, status, balance, holder, callback, and each error by its class."""
    seen = drive(
        _FOLDER / "collect.js",
        BASE_URL=f"{simulator.url}/mtn",
        ENVIRONMENT=environment,
        CURRENCY=currency,
        SUBSCRIPTION_KEY=SUBSCRIPTION_KEY,
        CALLBACK_HOST="127.0.0.1",
        CALLBACK_URL=receiver.url(reference),
        PAYER=payer,
        REJECTING_PAYER=rejecting_payer,
    )

    assert seen["transaction"]["status"] == "SUCCESSFUL"
    assert seen["transaction"]["amount"] == "50"
    assert seen["balance"] == {"availableBalance": "50", "currency": currency}
    assert seen["isActive"] == {"result": True}
    assert seen["rejection"]["name"] == "ApprovalRejectedError"
    assert seen["rejection"]["transaction"]["status"] == "FAILED"
    assert seen["wrongCurrency"]["name"] == "InvalidCurrencyError"
    assert seen["wrongHost"]["name"] == "InvalidCallbackUrlHostError"
    assert seen["unknownReference"]["name"] == "ResourceNotFoundError"
    assert seen["wrongKey"]["name"] == "UnspecifiedError"
    (notice,) = receiver.wait(reference)
    assert notice.json["status"] == "SUCCESSFUL"
    effects = simulator.control("GET", "effects", None, api_user=seen["userId"])["effects"]
    assert [effect["reference"] for effect in effects] == [seen["reference"]]


@pytest.mark.timeout(INSTALL_SECONDS + 2 * RUN_SECONDS)
@pytest.mark.parametrize(
    ("environment", "currency", "prefix"),
    [("sandbox", "EUR", "46733123"), ("mtncameroon", "XAF", "237670000")],
)
def test_the_disbursement_flow_completes(  # noqa: PLR0917 - pytest passes them by name
    customer: MtnCustomer,
    receiver: CallbackReceiver,
    reference: str,
    environment: str,
    currency: str,
    prefix: str,
) -> None:
    """Transfer, status, balance, holder, callback, and each error by its class."""
    payer = customer.partner(amount="0")
    float_of = {"api_user": payer.api_user, "amount": "100", "currency": currency}
    payer.simulator.control("POST", "floats/top_up", float_of)

    seen = drive(
        _FOLDER / "disburse.js",
        BASE_URL=f"{payer.simulator.url}/mtn",
        ENVIRONMENT=environment,
        CURRENCY=currency,
        SUBSCRIPTION_KEY=payer.subscription_key,
        USER_ID=payer.api_user,
        USER_SECRET=payer.api_key,
        CALLBACK_HOST="127.0.0.1",
        CALLBACK_URL=receiver.url(reference),
        REFERENCE=reference,
        PAYEE=f"{prefix}001",
        REJECTED_PAYEE=f"{prefix}451",
        MISSING_PAYEE=f"{prefix}457",
        INACTIVE_PAYEE=f"{prefix}451",
    )

    assert seen["reference"] == reference
    assert seen["transaction"]["status"] == "SUCCESSFUL"
    assert seen["transaction"]["payee"]["partyId"] == f"{prefix}001"
    assert seen["balance"] == {"availableBalance": "50", "currency": currency}
    assert (seen["isActive"], seen["isInactive"]) == (True, False)
    assert seen["rejection"]["name"] == "ApprovalRejectedError"
    assert seen["missing"]["name"] == "PayeeNotFoundError"
    assert seen["tooMuch"]["name"] == "NotEnoughFundsError"
    assert seen["tooMuch"]["transaction"]["status"] == "FAILED"
    assert seen["repeated"]["name"] == "ResourceAlreadyExistError"
    assert seen["wrongCurrency"]["name"] == "InvalidCurrencyError"
    assert seen["unknownReference"]["name"] == "ResourceNotFoundError"
    assert seen["wrongKey"]["name"] == "UnspecifiedError"
    assert seen["wrongProduct"] is not None
    (notice,) = receiver.wait(reference)
    assert notice.json["status"] == "SUCCESSFUL"
    assert [row["reference"] for row in payer.view("effects")] == [reference]
