"""The simulator takes what it is told from addresses and secret files, and names what is wrong."""

from pathlib import Path

import pytest

from shared.simulator.settings import Settings, SettingsError

ENVIRONMENT = {"SIMULATOR_DATABASE_URL": "postgresql://127.0.0.1:5433/simulator"}
CREDENTIALS = (
    '{"subscription_key": "0123456789abcdef0123456789abcdef",'
    ' "api_user": "11111111-2222-4333-8444-555555555555", "api_key": "k"}'
)

CHANNEL = (
    '{"consumer_key": "k", "consumer_secret": "s", "api_password": "p", "pin": "1234",'
    ' "channel_msisdn": "690000000", "api_user": "11111111-2222-4333-8444-555555555555"}'
)
CONTRACT = (
    '{"client_id": "client", "client_secret": "s", "merchant_key": "merchant-1",'
    ' "api_user": "11111111-2222-4333-8444-555555555555"}'
)


def told(folder: Path, **more: str) -> Settings:
    return Settings.from_environment({**ENVIRONMENT, "SECRETS_DIR": str(folder), **more})


def test_the_database_is_address_and_secret_together(tmp_path: Path) -> None:
    """Host, port and name come from the address, user and password from the file."""
    (tmp_path / "database_simulator").write_text("pay_simulator:a:b\n")

    address = told(tmp_path).database()

    assert (address.host, address.port, address.name) == ("127.0.0.1", 5433, "simulator")
    assert (address.user, address.password) == ("pay_simulator", "a:b")


def test_the_callback_host_is_our_own_door_without_port(tmp_path: Path) -> None:
    """As MTN's portal wants it: a bare host."""
    settings = told(tmp_path, CALLBACK_BASE_URL="https://Pay.Example:8443/callbacks")

    assert settings.callback_host == "pay.example"


def test_secrets_are_read_again(tmp_path: Path) -> None:
    """A file that appears or changes later counts without a restart."""
    settings = told(tmp_path)
    assert (settings.control_token(), settings.own_account()) == (None, None)
    assert (settings.own_channel(), settings.own_disbursement()) == (None, None)

    (tmp_path / "simulator_control_token").write_text("token\n")
    (tmp_path / "simulator_credentials").write_text(CREDENTIALS)
    (tmp_path / "simulator_disbursement_credentials").write_text(
        CREDENTIALS.replace("-4333-", "-4334-")
    )
    (tmp_path / "simulator_orange_credentials").write_text(CHANNEL)
    (tmp_path / "simulator_orange_web_credentials").write_text(CONTRACT)

    account, channel = settings.own_account(), settings.own_channel()
    payer, contract = settings.own_disbursement(), settings.own_web_contract()
    assert settings.control_token() == "token"
    assert account is not None
    assert channel is not None
    assert (channel.channel_msisdn, "1234" in repr(channel)) == ("690000000", False)
    assert contract is not None
    assert (contract.client_id, "merchant-1" in repr(contract)) == ("client", False)
    assert payer is not None
    assert payer.api_user == "11111111-2222-4334-8444-555555555555"
    assert account.api_user == "11111111-2222-4333-8444-555555555555"


@pytest.mark.parametrize("pool", ["0", "65", "-1", "many", "9" * 5000])
def test_a_pool_without_bounds_is_refused(tmp_path: Path, pool: str) -> None:
    """One to sixty-four connections."""
    with pytest.raises(SettingsError, match="POOL"):
        told(tmp_path, POOL=pool)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("database_simulator", "no-password"),
        ("simulator_credentials", "{"),
        ("simulator_credentials", "[]"),
        ("simulator_credentials", CREDENTIALS.replace("-4333-", "-1333-")),
        ("simulator_disbursement_credentials", "[]"),
        ("simulator_orange_credentials", "[]"),
        ("simulator_orange_credentials", '{"pin": "1234"}'),
        ("simulator_orange_credentials", CHANNEL.replace("-4333-", "-1333-")),
        ("simulator_orange_web_credentials", '{"merchant_key": "1234"}'),
        ("simulator_orange_web_credentials", CONTRACT.replace("-4333-", "-1333-")),
    ],
)
def test_a_malformed_secret_is_named_but_not_shown(tmp_path: Path, name: str, content: str) -> None:
    """The message says which file, never what is in it."""
    (tmp_path / name).write_text(content)
    settings = told(tmp_path)
    read = {
        "database_simulator": settings.database,
        "simulator_credentials": settings.own_account,
        "simulator_disbursement_credentials": settings.own_disbursement,
        "simulator_orange_credentials": settings.own_channel,
        "simulator_orange_web_credentials": settings.own_web_contract,
    }[name]

    with pytest.raises(SettingsError, match=name) as error:
        read()

    assert content not in str(error.value)
