"""The order to provision an account, and what of its secrets reaches the store."""

import base64
from datetime import UTC, datetime

import pytest

from shared.domain.account import COLLECTING, OperatorAccount
from shared.domain.errors import InvalidRequest
from shared.domain.ids import new_account_id
from shared.domain.phone import Operator
from shared.operations.provision_account import (
    AccountRecord,
    ProvisionAccount,
    provision_account,
    simulated_operators,
)
from tests.factories import an_origin

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)


class RememberingStore:
    """Keeps what it is given."""

    def __init__(self) -> None:
        """Start empty."""
        self.accounts: list[AccountRecord] = []

    def create(self, account: AccountRecord) -> None:
        """Remember."""
        self.accounts.append(account)

    def next_id(self) -> str:
        """Any."""
        return new_account_id()

    def keep_operator_account(self, account: OperatorAccount) -> str:
        """Not asked here."""
        raise NotImplementedError(account.id)


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"modes": []}, "modes"),
        ({"modes": ["test", "test"]}, "modes"),
        ({"modes": ["test", "prod"]}, "modes"),
        ({"language": "de"}, "language"),
        ({"webhook_url": ""}, "webhook_url"),
        ({"webhook_url": "ftp://example.com/"}, "webhook_url"),
        ({"webhook_url": "https://"}, "webhook_url"),
        ({"webhook_url": "https://me:pw@example.com/"}, "webhook_url"),
        ({"webhook_url": "https://example.com:99999/"}, "webhook_url"),
        ({"webhook_url": "https://[::1/"}, "webhook_url"),
        ({"webhook_url": "https://example.com/a\nb"}, "webhook_url"),
        ({"webhook_url": "https://example.com/" + "x" * 2048}, "webhook_url"),
    ],
)
def test_a_malformed_order_names_its_field(changed: dict[str, object], param: str) -> None:
    """Each field is read once, at the edge, and the refusal says which one is wrong."""
    with pytest.raises(InvalidRequest) as refusal:
        _order(**changed)

    code = "url_invalid" if param == "webhook_url" else "parameter_invalid"
    assert (refusal.value.code, refusal.value.param) == (code, param)


def test_no_secret_reaches_the_store() -> None:
    """What is stored holds neither a key nor a webhook secret."""
    store = RememberingStore()
    account = provision_account(
        _order(),
        store,
        seal=lambda _, row: f"sealed for {row}",
        pepper=b"pepper",
        origin=an_origin(NOW),
    )
    stored = repr(store.accounts)

    for mode in account.modes:
        assert mode.webhook_secret is not None
        for secret in (mode.secret_key, mode.publishable_key, mode.webhook_secret):
            assert secret not in stored
            assert secret not in repr(account) or secret.startswith("pk_")
        assert f"sealed for {mode.webhook_endpoint}" in stored


def test_each_mode_has_keys_and_an_endpoint_of_its_own() -> None:
    """Test and live share nothing but the account; the test mode comes first."""
    account = provision_account(
        _order(),
        RememberingStore(),
        seal=lambda secret, _: secret[:0],
        pepper=b"p",
        origin=an_origin(NOW),
    )
    test, live = account.modes

    assert (test.livemode, live.livemode) == (False, True)
    assert test.secret_key.startswith("sk_test_")
    assert live.publishable_key.startswith("pk_live_")
    assert test.webhook_endpoint != live.webhook_endpoint
    assert test.webhook_secret != live.webhook_secret


def test_a_webhook_secret_is_one_that_standard_webhooks_accepts() -> None:
    """`whsec_` and base64 of 32 bytes, between the 24 and 64 that the specification allows."""
    account = provision_account(
        _order(),
        RememberingStore(),
        seal=lambda secret, _: secret[:0],
        pepper=b"p",
        origin=an_origin(NOW),
    )
    secret = account.modes[0].webhook_secret

    assert secret is not None
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32


def test_without_an_address_there_is_no_endpoint() -> None:
    """A merchant may read events without ever being called."""
    store = RememberingStore()
    account = provision_account(
        _order(webhook_url=None), store, seal=lambda s, _: s, pepper=b"p", origin=an_origin(NOW)
    )

    assert {mode.webhook_endpoint for mode in account.modes} == {None}
    assert {mode.endpoint for mode in store.accounts[0].modes} == {None}


def test_the_simulated_wallets_lie_below_the_simulators_address() -> None:
    """Test mode reaches a face of the simulator for each operator, its address with a slash too."""
    for url in ("http://sim:1", "http://sim:1/"):
        accounts = simulated_operators(url, now=NOW)

        assert {account.operator: account.base_url for account in accounts} == {
            Operator.MTN: "http://sim:1/mtn",
            Operator.ORANGE: "http://sim:1/orange",
        }
        assert {account.livemode for account in accounts} == {False}
        taking = [a for a in accounts if a.product not in ("disbursement", "web")]
        assert {a.operator: a.product for a in taking} == COLLECTING
        others = [a.operator for a in accounts if a not in taking]
        assert others == [Operator.MTN, Operator.ORANGE]


def _order(**changed: object) -> ProvisionAccount:
    given: dict[str, object] = {
        "name": " Chez Marie ",
        "modes": ["live", "test"],
        "language": "fr",
        "webhook_url": "https://example.com/webhooks",
        **changed,
    }
    return ProvisionAccount.parse(given.pop("name"), **given)  # type: ignore[arg-type]  # by name
