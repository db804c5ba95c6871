"""Lines of the request log: what is kept of a request, and that keeping it is in nobody's way."""

import threading
from collections.abc import Sequence
from dataclasses import astuple, replace
from datetime import UTC, datetime

import pytest

from shared.domain.account import Caller, Tenant
from shared.domain.ids import new_id
from shared.domain.request_log import Heard, RequestLine, made_object, object_id
from shared.runtime import request_log
from shared.runtime.exchange import REPLAYED, Answer, End
from shared.runtime.http import Call
from shared.runtime.request_log import RequestLog, heard
from tests.factories import an_id

TENANT = Tenant("acct_22222222222222aa", livemode=False)
OTHER = Tenant("acct_22222222222222bb", livemode=False)
CHARGE = an_id("ch")
KEY = Caller(
    TENANT, "aB3456789z", "sk", frozenset({"*"}), "fr", charges_enabled=True, suspended=False
)
HEARD = Heard(
    TENANT, an_id("req"), "POST", "/v1/charges/{id}/cancel", "cancel_charge", CHARGE, None,
    400, "charge_final", "id", "key_aB3456789z", None, 0.0126, "rest", "used",
    "Stripe/v1 PythonBindings/13.0.1", "2026-11-30",
)  # fmt: skip


class Written:
    """What was written; while `fails` each write fails."""

    def __init__(self, *, fails: bool = False) -> None:
        """Nothing yet."""
        self.lines: list[tuple[Tenant, RequestLine]] = []
        self.batches: list[int] = []
        self.has_come = threading.Event()
        self.fails = fails

    def __call__(self, lines: Sequence[tuple[Tenant, RequestLine]]) -> None:
        """Keep, or fail."""
        self.has_come.set()
        if self.fails:
            raise OSError
        self.batches.append(len(lines))
        self.lines += lines


def _asked(operation: str = "create_charge", **more: object) -> Call:
    call = Call(operation, an_id("req"), caller=KEY)
    for name, value in more.items():
        setattr(call, name, value)
    return call


def test_a_line_says_who_asked_for_what_and_how_it_ended() -> None:
    """With the id in its path, in whole milliseconds, and at the time that its own id says."""
    at = datetime(2026, 12, 1, 9, 30, 0, 125000, tzinfo=UTC)
    line = replace(HEARD, id=new_id("req", int(at.timestamp() * 1000))).line()

    assert line.path == f"/v1/charges/{CHARGE}/cancel"
    assert (line.object_id, line.duration_ms, line.at) == (CHARGE, 13, at)
    assert (line.user_agent, line.api_version) == ("Stripe/v1 PythonBindings/13.0.1", "2026-11-30")


@pytest.mark.parametrize(
    "said",
    [
        "+237670000001", "670000001", "awa@shop.example", "Awa Njoya", "AwaNjoya", "\x00", "\ud800",
        "sk_test_" + "a" * 59, "ch_670000001", "../../etc", "x" * 5000, "eyJhbGciOi.eyJzdWIi.c2ln",
        "ch_222222222222222222222222\n670000001",
    ],
)  # fmt: skip
def test_what_a_caller_writes_in_place_of_a_name_is_not_kept(said: str) -> None:
    """A number, a name or a key for an id, a field, a program or a version leaves no trace."""
    line = replace(
        HEARD, named=said, made=said, param=said, user_agent=said, api_version=said
    ).line()

    assert said not in str(astuple(line))
    assert line.path == "/v1/charges/{id}/cancel"
    kept = line.object_id, line.param, line.user_agent, line.api_version
    assert kept == (None, None, None, None)


@pytest.mark.parametrize(
    "param",
    ["amount", "payment_method[phone]", "expand[0]", "payouts[12][payee][phone]", "Pay-Account"],
)
def test_the_field_at_fault_is_kept(param: str) -> None:
    """As our own fields and headers are called."""
    assert replace(HEARD, param=param).line().param == param


def test_of_a_browser_its_programs_are_kept() -> None:
    """What stands in brackets says on which machine, which is nobody's business."""
    told = "Mozilla/5.0 (X11; Linux x86_64; +237670000001) AppleWebKit/537.36 (KHTML, like Gecko)"
    said = f"{told} Chrome/143.0.0.0"

    assert replace(HEARD, user_agent=said).line().user_agent == (
        "Mozilla/5.0 AppleWebKit/537.36 Chrome/143.0.0.0"
    )


def test_what_was_made_is_read_off_the_head_of_the_answer() -> None:
    """Without parsing it, and only where it begins with an id of ours."""
    assert made_object(f'{{"id":"{CHARGE}","object":"charge"}}') == CHARGE
    assert made_object(f'{{"id": "{CHARGE}"'.encode()) == CHARGE
    assert made_object(b"\xff\xfe") is None
    assert made_object('{"object":"list"}') is None
    assert [object_id(text) for text in ("key_aB3456789z", KEY.tenant.account, "", None)] == [
        "key_aB3456789z", TENANT.account, None, None,
    ]  # fmt: skip


def test_writes_are_noted_and_reads_that_failed() -> None:
    """A read that was answered, a ticket to look, an access and a stranger leave no line."""
    good, bad = End(200, 0.01), End(404, 0.01, "resource_missing", "id")
    missing = heard(_asked("read_charge", path_params={"id": CHARGE}), bad)
    refused = heard(_asked(caller=None, met=KEY), End(403, 0.01, "permission_denied"))

    assert heard(_asked(), good) is not None
    assert heard(_asked("read_charge"), good) is None
    assert heard(_asked("create_stream_ticket"), good) is None
    assert heard(_asked("create_stream_ticket"), bad) is not None
    assert missing is not None
    assert missing.line().object_id == CHARGE
    assert heard(_asked(caller=replace(KEY, access="acs_1")), bad) is None
    assert heard(_asked(caller=None), bad) is None
    assert refused is not None
    assert refused.key_id == "key_aB3456789z"


@pytest.mark.parametrize(
    "body",
    [{"id": CHARGE}, f'{{"id":"{CHARGE}"}}', f'{{"id":"{CHARGE}"}}'.encode()],
    ids=["parsed", "text", "bytes"],
)
def test_what_was_answered_before_is_said_to_be(body: dict[str, str] | str | bytes) -> None:
    """And names the object that the first call made."""
    answer = Answer(body=body, headers={REPLAYED: "true"})
    line = heard(_asked(idempotency_key="k"), End(200, 0.01, answer=answer))

    assert line is not None
    assert (line.idempotency, line.line().object_id) == ("replayed", CHARGE)


def test_lines_are_written_together() -> None:
    """A hundred of two tenants are one statement."""
    written = Written()
    log = RequestLog(written, gather_seconds=0.2)
    for _ in range(50):
        log.add(HEARD)
        log.add(replace(HEARD, tenant=OTHER))
    log.close()

    assert written.batches == [100]
    assert {tenant for tenant, _ in written.lines} == {TENANT, OTHER}


def test_a_full_buffer_drops_and_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One account's flood leaves room for the others', and both together are bounded."""
    monkeypatch.setattr(request_log, "MOST_OF_ONE", 20)
    monkeypatch.setattr(request_log, "MOST_WAITING", 25)
    written = Written()
    log = RequestLog(written, gather_seconds=60)
    for _ in range(1000):
        log.add(HEARD)
    for _ in range(10):
        log.add(replace(HEARD, tenant=OTHER))
    log.close()

    tenants = [tenant for tenant, _ in written.lines]
    assert (tenants.count(TENANT), tenants.count(OTHER)) == (20, 5)
    told = capsys.readouterr().out
    assert '"event":"request_log_dropped"' in told
    assert '"count":985' in told


def test_a_flood_of_refused_requests_leaves_a_few_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Enough to see it, and as many of what was let in as ever."""
    monkeypatch.setattr(request_log, "MOST_LIMITED", 3)
    written = Written()
    log = RequestLog(written, gather_seconds=60)
    for _ in range(1000):
        log.add(replace(HEARD, status=429, code="rate_limited"))
        log.add(HEARD)
    log.close()

    codes = [line.code for _, line in written.lines]
    assert (codes.count("rate_limited"), codes.count(HEARD.code)) == (3, 1000)
    assert '"count":997' in capsys.readouterr().out


def test_what_waits_is_short_whatever_a_caller_has_written() -> None:
    """Headers of 64 KB would else fill the memory, and one long word spoil a statement."""
    long = "a" * 64_000
    noted = heard(
        _asked("update_charge", path_params={"id": long}, user_agent=long, pay_version=long),
        End(400, 0.01, "parameter_unknown", long),
    )

    assert noted is not None
    assert len(str(noted)) < 3_000
    for param in ("a" * 40 + "[b]" * 3 + "[" + "c" * 30 + "]", "a[" + "b" * 30 + "]" * 40, long):
        assert len(replace(noted, param=param).line().param or "") <= 100


def test_a_write_that_fails_loses_its_lines_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """The thread goes on, and what comes later is kept."""
    written = Written(fails=True)
    log = RequestLog(written, gather_seconds=0.01)
    log.add(HEARD)
    assert written.has_come.wait(5)
    written.fails = False
    log.add(replace(HEARD, tenant=OTHER))
    log.close()

    assert [tenant for tenant, _ in written.lines][-1] == OTHER
    assert '"event":"request_log_failed"' in capsys.readouterr().out


def test_nobody_waits_while_the_database_hangs() -> None:
    """Lines are taken at once, up to the bound; the write that hangs keeps none of them out."""
    go_on, hangs = threading.Event(), threading.Event()

    def hang(_lines: Sequence[tuple[Tenant, RequestLine]]) -> None:
        hangs.set()
        go_on.wait(5)

    log = RequestLog(hang, gather_seconds=0.0)
    log.add(HEARD)
    assert hangs.wait(5)
    for _ in range(request_log.MOST_OF_ONE + 10):
        log.add(HEARD)
    assert not go_on.is_set()
    assert len(log._waiting) == request_log.MOST_OF_ONE
    go_on.set()
    log.close()
