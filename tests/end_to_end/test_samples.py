"""The samples of the contract, run as a reader would run them: by curl, by Python, by name in CBOR.

All tries of an operation carry one idempotency key: what the later ones answer proves that all
sent the same. Ids of examples are replaced by those of objects that the samples themselves made.
"""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import chdir, redirect_stdout, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import cbor2
import pytest
import requests

from knative.render.contract import SAMPLES
from tests.end_to_end.merchant import Merchant, Order, open_merchant
from tests.end_to_end.money import top_up
from tests.end_to_end.waiting import wait_for
from tests.file_samples import pdf
from tests.system import LocalSystem

FUNDS: Final = 100_000
PATIENCE_SECONDS: Final = 45.0
OK: Final = 200
METHODS: Final = ("get", "post", "put", "patch", "delete")
ID: Final = re.compile(
    r"\b([a-z]+)_(?:test_|live_)?(?:[2-7a-z]{24}){1,2}\b|\b(key)_[0-9A-Za-z]{10}\b"
)
FIRST: Final = ("create_charge", "create_refund", "create_payout", "create_payout_batch")
MAKERS: Final = (
    *FIRST,
    "create_customer",
    "create_file",
    "create_api_key",
    "create_webhook_endpoint",
    "create_checkout",
    "create_payment_link",
    "create_report",
)
LAST: Final = (
    "cancel_report",
    "delete_customer",
    "rotate_api_key",
    "revoke_api_key",
    "delete_webhook_endpoint",
)
# What is done already when it is asked for: the code that says so.
REFUSED: Final[Mapping[str, str]] = {
    "cancel_charge": "charge_not_cancelable",
    "cancel_payout": "payout_not_cancelable",
    "cancel_payout_batch": "payout_batch_not_cancelable",
    "cancel_report": "report_not_cancelable",
}
# No answer is kept for its key, so the second comes to what has ended.
ONCE: Final[Mapping[str, set[object]]] = {"rotate_api_key": {OK, "key_ended"}}
# Objects that come of what operators and months do; there are none in a new account.
ABSENT: Final = frozenset(
    {
        *("read_late_payment", "accept_late_payment", "refund_late_payment", "read_reversal"),
        *("read_topup", "read_invoice", "read_settlement"),
    }
)
# A request that is not as it must be, whoever sends it.
MALFORMED: Final = re.compile(
    r"(parameter|json|content_type|route|method|amount|phone|idempotency|limit|cursor)_\w+"
)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a sample ended: its status and the body, as text."""

    status: int
    text: str

    @property
    def code(self) -> str | None:
        """The error's code; None where there is none or it is told by a page."""
        if self.status < HTTPStatus.BAD_REQUEST or not self.text.startswith("{"):
            return None
        found: str = json.loads(self.text)["error"]["code"]
        return found


@dataclass(slots=True)
class Reader:
    """Whoever copies samples into a terminal, and the ids of what came of them, by their prefix."""

    environment: Mapping[str, str]
    ids: dict[str, str] = field(default_factory=dict)

    def runs(self, operation: Mapping[str, Any]) -> tuple[Ran, ...]:
        """Run the samples of an operation with one key, and keep the ids that they answer."""
        environment = {**self.environment, "IDEMPOTENCY_KEY": str(uuid4())}
        ended = tuple(
            (run_shell if each["lang"] == "Shell" else run_python)(
                self._filled(each["source"]), environment
            )
            for each in operation[SAMPLES]
        )
        for one in ended:
            if one.status == OK:
                self._keep(one.text)
        return ended

    def _filled(self, source: str) -> str:
        return ID.sub(lambda found: self.ids.get(found[1] or found[2], found[0]), source)

    def _keep(self, text: str) -> None:
        """Keep the id of the object that is answered, or of the first in a list."""
        try:
            answered = json.loads(text)
        except ValueError:
            return
        objects = answered["data"] if answered.get("object") == "list" else [answered]
        for each in objects[:1]:
            made = ID.fullmatch(str(each.get("id", "")))
            if made:
                self.ids.setdefault(made[1] or made[2], made[0])


def _shell(operation: Mapping[str, Any]) -> str:
    source: str = operation[SAMPLES][0]["source"]
    return source


def run_shell(source: str, environment: Mapping[str, str]) -> Ran:
    """Run a command as it stands, but that it also says its status."""
    command = f"{source} -s -S -w '\\n%{{http_code}}'"
    ended = subprocess.run(  # noqa: S603 - what the contract shows
        ["/bin/sh", "-c", command],
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, (source, ended.stderr)
    text, _, status = ended.stdout.decode(errors="replace").rpartition("\n")
    return Ran(int(status), text)


def run_python(source: str, environment: Mapping[str, str]) -> Ran:
    """Run a program as it stands, in this process; what it prints is a value of Python or text."""
    shown = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(shown):
        for name, value in environment.items():
            patch.setenv(name, value)
        names: dict[str, Any] = {}
        # A refusal raises, and its answer is there all the same.
        with suppress(requests.HTTPError):
            exec(compile(source, "sample", "exec"), names)  # noqa: S102 - what the contract shows
    answer = names["answer"]
    if answer.headers.get("Content-Type") != "application/cbor":
        return Ran(answer.status_code, answer.text)
    envelope = cbor2.loads(answer.content)
    return Ran(
        answer.status_code, json.dumps(envelope.get("result") or envelope.get("error") or envelope)
    )


@pytest.fixture(scope="module")
def merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """An account of this module's own, with something to pay out."""
    with open_merchant(local_system, "Reader") as merchant:
        top_up(local_system, merchant, FUNDS)
        yield merchant


@pytest.fixture(scope="module")
def operations(merchant: Merchant) -> Mapping[str, Mapping[str, Any]]:
    """Every operation of the contract as it is served, by its name."""
    paths = merchant.read("/openapi.json")["paths"]
    return {
        item[method].get("operationId", f"{method} {path}"): item[method]
        for path, item in paths.items()
        for method in METHODS
        if method in item
    }


@pytest.fixture(scope="module")
def ran(
    merchant: Merchant,
    operations: Mapping[str, Mapping[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapping[str, tuple[Ran, ...]]:
    """Every sample, run once: what makes objects first, what ends keys last."""
    paid = merchant.charge(Order("+237670008001"))
    merchant.wait_final(paid.id, seconds=PATIENCE_SECONDS)
    environment = {
        "BASE_URL": merchant.base_url,
        "SECRET_KEY": merchant.secret_key,
        "CUSTOMER_TOKEN": "cst_nobody",
    }
    reader = Reader(environment, {"ch": paid.id})
    folder = tmp_path_factory.mktemp("reader")
    (folder / "document.pdf").write_bytes(pdf())
    # Nobody can sign in here: what people do is held to its operation by tests of the contract.
    # A stream has no end to wait for; test_stream.py follows one.
    left_out = ("$ACCESS_TOKEN", "curl -N")
    open_here = [
        name
        for name, each in operations.items()
        if not any(word in _shell(each) for word in left_out)
    ]
    lists = [name for name in open_here if name.startswith("list_")]
    order = [*MAKERS, *lists, *(n for n in open_here if n not in LAST), *LAST]
    with chdir(folder):
        ran = {name: reader.runs(operations[name]) for name in MAKERS}
        file = json.loads(ran["create_file"][0].text)["id"]
        wait_for("its scan", lambda: _is_kept(merchant, file), seconds=PATIENCE_SECONDS)
        return ran | {
            name: reader.runs(operations[name]) for name in dict.fromkeys(order) if name not in ran
        }


def _is_kept(merchant: Merchant, file: str) -> bool:
    found: bool = merchant.read(f"/v1/files/{file}")["status"] == "available"
    return found


def test_every_operation_has_samples_that_are_well_formed(
    operations: Mapping[str, Mapping[str, Any]], ran: Mapping[str, tuple[Ran, ...]]
) -> None:
    """Address, method, quoting and body are right: nobody is told that the request is malformed."""
    wrong = [
        (name, one.status, one.code)
        for name, ended in ran.items()
        for one in ended
        if str(one.status) not in operations[name]["responses"]
        or MALFORMED.fullmatch(one.code or "")
    ]

    # An operator's notice with a token that nobody was given is no route.
    assert [each for each in wrong if each[2] != "route_unknown"] == []
    assert len(ran) > len(operations) // 3


def test_what_a_key_may_do_works_as_it_is_shown(
    operations: Mapping[str, Mapping[str, Any]], ran: Mapping[str, tuple[Ran, ...]]
) -> None:
    """Copied, with one's own key, it does what it says; by each of the samples alike."""
    found = {}
    for name, ended in ran.items():
        if "$SECRET_KEY" in _shell(operations[name]):
            found[name] = {one.code or one.status for one in ended}
    expected = {
        name: ONCE.get(name, {"resource_missing" if name in ABSENT else REFUSED.get(name, OK)})
        for name in found
    }

    assert len(found) > len(REFUSED) + len(ABSENT) + 20
    assert found == expected


@pytest.mark.parametrize("name", FIRST)
def test_all_samples_of_a_payment_send_the_same(
    ran: Mapping[str, tuple[Ran, ...]], name: str
) -> None:
    """One key, one body: the later ones are answered with the first one's object, not refused."""
    by_shell, by_python, by_name = (json.loads(one.text) for one in ran[name])

    assert by_shell == by_python == by_name


def test_what_a_payer_does_asks_for_the_token(
    operations: Mapping[str, Mapping[str, Any]], ran: Mapping[str, tuple[Ran, ...]]
) -> None:
    """Those samples reach their operation, which wants to know who asks."""
    of_payers = [name for name in ran if "$CUSTOMER_TOKEN" in _shell(operations[name])]

    assert len(of_payers) > 1
    for name in of_payers:
        assert {one.code for one in ran[name]} == {"token_invalid"}, name
