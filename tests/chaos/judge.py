"""Tells the oracle where to look, on a login that can only read, and has it judge beside us."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any, Final

from knative.local.object_store import BUCKET
from knative.local.postgres import connect
from tests.chaos.killer import Death
from tests.chaos.oracle.evidence import Login, Sources
from tests.end_to_end.merchant import Accepted, Merchant
from tests.end_to_end.operator_control import OperatorControl
from tests.system import HOST, ROOT, LocalSystem

_ROLE: Final = "oracle"
# Together less than a tenth of the least order.
_FEES: Final = (
    ("platform", 150, 1, "merchant"),
    ("operator", 70, 0, "merchant"),
    ("vat", 1925, 0, "merchant"),
    ("transfer_tax", 20, 0, "payer"),
)
_JUDGE_SECONDS: Final = 900


def superuser(system: LocalSystem) -> AbstractContextManager[Any]:
    """A connection of the database's first user, for locks and for the oracle's login."""
    password = (system.data_dir / "postgres_superuser").read_text(encoding="utf-8").strip()
    return connect(port=system.ports["postgres"], password=password, database="pay")


def oracle_login(system: LocalSystem) -> Login:
    """Make the oracle's login anew: it reads all rows of all accounts and may write none."""
    password = secrets.token_hex(16)
    with superuser(system) as connection:
        if not connection.run("SELECT FROM pg_roles WHERE rolname = :role", role=_ROLE):
            connection.run(f"CREATE ROLE {_ROLE} BYPASSRLS IN ROLE pg_read_all_data, pg_monitor")
        connection.run(f"ALTER ROLE {_ROLE} LOGIN PASSWORD '{password}'")
        connection.run(f"ALTER ROLE {_ROLE} SET default_transaction_read_only = on")
        connection.run(f"ALTER ROLE {_ROLE} SET transaction_timeout = 0")
        connection.run(f"GRANT CONNECT ON DATABASE pay TO {_ROLE}")
    return Login(HOST, system.ports["postgres"], "pay", _ROLE, password)


def take_fees(system: LocalSystem, account: str) -> None:
    """Have fees and taxes be taken of an account's charges from now on, by rules of its own."""
    with superuser(system) as connection:
        for line, basis_points, flat, bearer in _FEES:
            connection.run(
                "INSERT INTO platform.dated_rules (id, kind, account_id, valid_from, data) VALUES"
                " (:id, 'fee', :account, now(), jsonb_build_object('of', 'charge', 'line',"
                " CAST(:line AS text), 'basis_points', CAST(:rate AS int), 'flat',"
                " CAST(:flat AS int), 'borne_by', CAST(:bearer AS text)))"
                " ON CONFLICT (id) DO NOTHING",
                id=f"fee_{line}_{account}",
                account=account,
                line=line,
                rate=basis_points,
                flat=flat,
                bearer=bearer,
            )


def sources(
    system: LocalSystem,
    merchant: Merchant,
    accepted: Iterable[Accepted],
    login: Login,
    *,
    foreign: Sequence[str] = (),
    deaths: Iterable[Death] = (),
) -> Sources:
    """What the oracle is told about one merchant, to whom the API said yes that often.

    `foreign` are words of other merchants, which this one may meet nowhere. `deaths` are all that
    there were: only a death excuses a refund that stays open.
    """
    operator = OperatorControl.of(system)
    access, _, secret = (
        (system.data_dir / "secrets" / "s3_reader").read_text(encoding="utf-8").strip()
    ).partition(":")
    return Sources(
        login=login,
        store={
            "endpoint_url": f"http://{HOST}:{system.ports['object_store']}",
            "bucket": BUCKET,
            "access": access,
            "secret": secret,
        },
        operator={"url": operator.base_url, "token": operator.token},
        account=merchant.account,
        schema=merchant.schema,
        logs=str(system.data_dir / "logs"),
        secrets=str(system.data_dir / "secrets"),
        accepted=[
            {"id": each.id, "key": each.order.key, "body": each.body.decode()} for each in accepted
        ],
        arrivals=[(each.event_id, each.charge["id"]) for each in merchant.receiver.arrivals()],
        sent=[json.dumps(dict(each.charge)) for each in merchant.receiver.arrivals()]
        if foreign
        else [],
        api={"url": merchant.base_url, "key": merchant.secret_key},
        foreign=foreign,
        deaths=[(death.name, death.at) for death in deaths],
    )


def judge(told: Sources) -> Mapping[str, Any]:
    """Have the oracle's own process judge; its verdict as it printed it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.oracle"],
        cwd=ROOT,
        input=json.dumps(asdict(told)),
        capture_output=True,
        text=True,
        timeout=_JUDGE_SECONDS,
        check=False,
    )
    assert done.stdout, done.stderr
    verdict: Mapping[str, Any] = json.loads(done.stdout)
    return verdict
