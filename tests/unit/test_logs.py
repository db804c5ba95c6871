"""Promises of the log: one JSON line per event, allowed fields alone, nothing secret."""

import io
import json
import logging
import threading
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from shared.runtime import lifecycle, logs, tracing

PHONES = (
    "+237670000001",
    "237670000001",
    "670000001",
    "6 70 00 00 01",
    "+237 6 70 00 00 01",
    "237-670-000-001",
    "%2B237670000001",
    "%2B237%20670%2000%2000%2001",
    "00237670000001",
    "670.000.001",
    "(237) 670-00-00-01",
    "+33612345678",
    "46733123450",
)
SECRETS = (
    "sk_test_abcdefghijSECRETSECRET",
    "rk_live_abcdefghijSECRETSECRET",
    "whsec_SECRETSECRET/+==",
    "GET /v1/stream?ticket=stt_SECRETSECRET",
    "Basic U0VDUkVUU0VDUkVU",
    "Bearer SECRETSECRET",
    "eyJhbGciOi.eyJpc3MiOiJ4In0.SECRETSECRET",
    "POST /callbacks/mtn/SECRETSECRET",
    "notif_token=SECRETSECRET",
    '"pay_token": "SECRETSECRET"',
    "'X-AUTH-TOKEN': 'SECRETSECRET'",
    "pin=SECRETSECRET",
    "Ocp-Apim-Subscription-Key: SECRETSECRET",
    "postgresql://pay_app:SECRETSECRET@127.0.0.1/pay",
)


@pytest.mark.parametrize("phone", PHONES)
@pytest.mark.parametrize(
    "around", ["{}", "payer {} refused", '{{"msisdn":"{}"}}', "a={}&b=1", "\n{}\n"]
)
def test_a_phone_number_is_blotted_out_in_every_form(phone: str, around: str):
    """No spelling of a number reaches a log."""
    redacted = logs.redact(around.format(phone))
    assert "[phone]" in redacted
    assert "70" not in redacted.replace("237", "")
    assert not any(part in redacted for part in ("000001", "00-01", "45678", "3123450"))


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_blotted_out(secret: str):
    """Keys, tokens, PINs and passwords are cut, wherever they stand."""
    redacted = logs.redact(f"failed: {secret} (again)")
    assert "SECRET" not in redacted
    assert "U0VDUkVU" not in redacted
    assert redacted.startswith("failed: ")


@pytest.mark.parametrize(
    "text", ["ch_2abc670000001xyz", "1795000000", "2026-11-25T04:00:50.123Z", "status 404 in 12 ms"]
)
def test_ids_and_times_stay(text: str):
    """What people search for is not blotted out."""
    assert logs.redact(text) == text


def test_what_a_library_logs_becomes_one_line_of_ours(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """A pool that loses its server writes a traceback: it is one line too, and scrubbed."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logs.take_over()
    failure = ConnectionError("payer +237670000001")
    logging.getLogger("pool").error("lost %s", SECRETS[0], exc_info=failure)
    (text,) = capsys.readouterr().out.splitlines()
    line = json.loads(text)
    assert (line["level"], line["error"]) == ("error", "ConnectionError")
    assert line["reason"].startswith("pool: lost sk_test_")
    assert not any(secret in text for secret in ("SECRET", "670000001"))


def test_a_line_holds_allowed_fields_and_the_trace(capsys: pytest.CaptureFixture[str]):
    """A field that nobody allowed never appears, and newlines cannot forge a second line."""
    logs.configure("create_charge")
    token = tracing.continue_from("00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    logs.info(
        "charge_stored", charge_id="ch_1\n{}", duration_ms=1.5, phone="+237670000001", body="x"
    )
    tracing.leave(token)
    (text,) = capsys.readouterr().out.splitlines()
    line = json.loads(text)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "event": "charge_stored",
        "function": "create_charge",
        "trace_id": "a" * 32,
        "charge_id": "ch_1\n{}",
        "duration_ms": 1.5,
    }


def test_a_failure_is_logged_with_its_places_and_without_its_secrets(
    capsys: pytest.CaptureFixture[str],
):
    """A traceback tells where, and its message is redacted."""
    with pytest.raises(RuntimeError) as failed:
        _fail()
    logs.exception("exchange_failed", failed.value)
    line = json.loads(capsys.readouterr().out)
    assert line["error"] == "RuntimeError"
    assert "test_logs.py" in line["traceback"]
    assert "[phone]" in line["traceback"]
    assert "670" not in line["traceback"]


def _fail() -> None:
    raise RuntimeError("no answer for +237 670 00 00 01 \ud800")


def test_a_trace_goes_on_and_a_malformed_one_is_replaced():
    """The trace id of a caller is kept with a span of ours; garbage starts a new trace."""
    sent = "00-" + "a" * 32 + "-" + "b" * 16 + "-00"
    token = tracing.continue_from(sent)
    ours = tracing.traceparent()
    tracing.leave(token)
    assert ours is not None
    assert ours.startswith("00-" + "a" * 32)
    assert ours.endswith("-00")
    assert ours != sent
    for bad in ("", "x", sent + "-00", sent.upper(), "00-" + "0" * 32 + "-" + "b" * 16 + "-01"):
        assert tracing.parse(bad) is None


def test_a_log_that_cannot_be_written_fails_nobody(monkeypatch: pytest.MonkeyPatch):
    """On a full disk the line is lost, and the answer that it tells of is not."""
    full = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115 - its end fails too
    with monkeypatch.context() as patch:
        patch.setattr(logs, "sys", SimpleNamespace(stdout=full))
        for _ in range(1_000):
            logs.info("request", operation="create_charge", status=200)
    with suppress(OSError):
        full.close()


def test_a_warning_in_the_midst_of_a_write_is_no_deadlock(monkeypatch: pytest.MonkeyPatch):
    """What the collector ends while a line is written may log, and its line comes too."""
    written: list[str] = []

    def write(text: str) -> None:
        written.append(text)
        if len(written) == 1:
            logs.warning("library")

    stream = SimpleNamespace(write=write, flush=lambda: None)
    monkeypatch.setattr(logs, "sys", SimpleNamespace(stdout=stream))
    writer = threading.Thread(target=logs.info, args=("request",), daemon=True)
    writer.start()
    writer.join(5)
    assert not writer.is_alive()
    assert [json.loads(line)["event"] for line in written if line] == ["request", "library"]


def test_a_closed_log_does_not_end_the_thread_that_writes(monkeypatch: pytest.MonkeyPatch):
    """Lines go on leaving together after one write that could not be."""
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(logs, "sys", SimpleNamespace(stdout=closed))
    logs.info("lost")
    opened = io.StringIO()
    monkeypatch.setattr(logs, "sys", SimpleNamespace(stdout=opened))
    logs.info("kept")
    assert json.loads(opened.getvalue())["event"] == "kept"


def test_lines_of_normal_life_leave_together_and_failures_at_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """What goes wrong is not waited for, the order stays, and a stop leaves nothing behind."""
    on_shutdown = Mock()
    monkeypatch.setattr(lifecycle, "on_shutdown", on_shutdown)
    monkeypatch.setattr(logs, "GATHER_SECONDS", 60)

    def events() -> list[str]:
        return [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]

    logs.gather()
    logs.info("first")
    assert events() == []
    logs.warning("second")
    assert events() == ["first", "second"]
    logs.info("third")
    on_shutdown.call_args.args[0]()
    assert events() == ["third"]
    logs.info("fourth")
    assert events() == ["fourth"]


class Flushed(io.StringIO):
    """Says when it was flushed."""

    def __init__(self) -> None:
        super().__init__()
        self.is_flushed = threading.Event()

    def flush(self) -> None:
        self.is_flushed.set()


def test_a_line_does_not_wait_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line before a quiet time is written all the same."""
    on_shutdown, shown = Mock(), Flushed()
    monkeypatch.setattr(lifecycle, "on_shutdown", on_shutdown)
    monkeypatch.setattr("sys.stdout", shown)
    logs.gather()
    logs.info("last")
    assert shown.is_flushed.wait(10)
    on_shutdown.call_args.args[0]()
    assert json.loads(shown.getvalue())["event"] == "last"
