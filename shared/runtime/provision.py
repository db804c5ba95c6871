"""The command behind `make account`: provisions an account and prints its credentials, once.

    python -m shared.runtime.provision --name "Boutique Mballa" --modes test,live --language fr
        [--webhook-url URL]
    python -m shared.runtime.provision --operator-only

WEBHOOK_ALLOW_LOOPBACK=true (local only) also takes `http://127.0.0.1:PORT` as an address.
Where SIMULATOR_URL is set, the platform's test wallets at the simulator, one for each operator and
one that pays out at MTN, are stored first, or moved to that address; accounts that have
no float for one of them get it. Exit code 0, or 1 with one line on standard error.
"""

import argparse
import base64
import binascii
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from shared.db.engine import SecretFileError, make_engine, reason_of
from shared.db.provisioning import PostgresAccountStore
from shared.domain.audit import Actor, ActorKind, Origin
from shared.domain.egress import check_url
from shared.domain.errors import InvalidRequest
from shared.domain.language import text
from shared.operations.provision_account import (
    SIMULATED_STATEMENTS,
    ModeCredentials,
    ProvisionAccount,
    ProvisionedAccount,
    provision_account,
    simulated_operators,
)
from shared.runtime.sealing import Sealer

_KEY_BYTES: Final = 32
_LOOPBACK: Final = "WEBHOOK_ALLOW_LOOPBACK"


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command; return its exit code."""
    options = _parse(arguments)
    try:
        printed = _run(options, environment, now=datetime.now(UTC))
    except KeyError as error:
        return _fail(f"{error.args[0]} is not set")
    except InvalidRequest as error:
        return _fail(f"{error.param}: not valid")
    except SQLAlchemyError as error:
        return _fail(f"the database refused: {reason_of(error)}")
    except (SecretFileError, OSError, ValueError) as error:
        return _fail(str(error))
    sys.stdout.write(printed)
    return 0


def as_json(account: ProvisionedAccount) -> dict[str, object]:
    """Return what the command prints: test credentials at the top, live ones below `live`."""
    printed: dict[str, object] = {"account": account.id}
    for mode in account.modes:
        if mode.livemode:
            printed["live"] = _credentials(mode)
        else:
            printed |= _credentials(mode)
    return printed


def _credentials(mode: ModeCredentials) -> dict[str, object]:
    return {
        "secret_key": mode.secret_key,
        "publishable_key": mode.publishable_key,
        "webhook_endpoint": mode.webhook_endpoint,
        "webhook_secret": mode.webhook_secret,
    }


def _run(options: argparse.Namespace, environment: Mapping[str, str], *, now: datetime) -> str:
    """Do what is asked and return what is to be printed."""
    secrets_dir = Path(environment.get("SECRETS_DIR", "/etc/pay/secrets"))
    simulator_url = environment.get("SIMULATOR_URL")
    if options.operator_only and not simulator_url:
        raise KeyError("SIMULATOR_URL")
    order = ProvisionAccount.parse(
        options.name,
        modes=options.modes.split(","),
        language=options.language,
        webhook_url=options.webhook_url,
    )
    _refuse_unreachable(order, allow_loopback=environment.get(_LOOPBACK) == "true")
    engine = make_engine(
        environment["MIGRATION_DATABASE_URL"],
        secret_file=secrets_dir / "database_owner",
        pool_size=1,
        application_name="provision_account",
        reply_seconds=60,
    )
    try:
        store = PostgresAccountStore(engine)
        if simulator_url:
            for operator in simulated_operators(simulator_url, now=now):
                kept = store.keep_operator_account(operator)
                name = _stated_name(secrets_dir / operator.credentials)
                store.name_statements(kept, account=name, version=SIMULATED_STATEMENTS)
        if options.operator_only:
            return ""
        account = provision_account(
            order,
            store,
            seal=Sealer(_read_key(secrets_dir / "webhook_sealing_key")).seal,
            pepper=_read_key(secrets_dir / "api_key_pepper"),
            origin=Origin(Actor(ActorKind.PLATFORM, "provision_account"), now),
        )
    finally:
        engine.dispose()
    return json.dumps(as_json(account)) + "\n"


def _stated_name(credentials: Path) -> str | None:
    """Return what the simulator calls an account in its statements: its API user.

    None where the secret is not mounted here: an upload of its statement is refused then, until
    somebody has named it.
    """
    try:
        fields = json.loads(credentials.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return str(fields["api_user"]).lower()


def _refuse_unreachable(order: ProvisionAccount, *, allow_loopback: bool) -> None:
    """Refuse an address that no webhook would ever be sent to, before the account exists."""
    for livemode in order.livemodes if order.webhook_url is not None else ():
        try:
            check_url(order.webhook_url or "", livemode, allow_loopback=allow_loopback)
        except InvalidRequest as error:
            reason = text(error.code, "en", param="webhook_url")
            also = " (or be http://127.0.0.1:PORT, by number)" if allow_loopback else ""
            raise ValueError(f"{reason.removesuffix('.')}{also}") from None


def _read_key(path: Path) -> bytes:
    """Read 32 bytes in base64. Raises ValueError that names the file, never its content."""
    try:
        key = base64.b64decode(path.read_text(encoding="ascii").strip(), validate=True)
    except (binascii.Error, UnicodeDecodeError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise ValueError(f"{path} is not 32 bytes in base64")
    return key


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="provision", description="Provision an account.")
    parser.add_argument("--name", default="Test account")
    parser.add_argument("--modes", default="test", help="test, live or both with a comma")
    parser.add_argument("--language", default="fr", help="fr or en")
    parser.add_argument("--webhook-url", help="where to send webhooks of each mode")
    parser.add_argument(
        "--operator-only", action="store_true", help="only keep the simulator's address up to date"
    )
    return parser.parse_args(arguments)


def _fail(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
