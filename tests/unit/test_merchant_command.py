"""The merchants' command line: what it says, what it can bring about, and whose key it takes."""

import json
import string
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.domain.events import EVENT_TYPES
from shared.providers.mtn.codes import FAILURE_CODES, PAYOUT_FAILURE_CODES
from shared.runtime.merchant import api, scenarios
from shared.runtime.merchant.__main__ import main
from shared.runtime.merchant.api import CommandError
from shared.runtime.merchant.forward import read_secret
from shared.runtime.merchant.replay import read_time
from shared.runtime.merchant.words import WORDS, Speaker
from shared.simulator.outcomes import refund_outcome, request_to_pay_outcome, transfer_outcome

ENGLISH = Speaker("en")
NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
NOWHERE = {"PAY_API_URL": "http://127.0.0.1:9"}


def test_each_type_of_event_can_be_brought_about_or_says_why_not() -> None:
    """Whoever adds a type to the catalogue says which; nothing is made up."""
    assert sorted([*scenarios.SCENARIOS, *scenarios.UNREACHABLE]) == sorted(EVENT_TYPES)
    assert set(scenarios.UNREACHABLE.values()) <= WORDS.keys()


def test_a_failure_is_that_of_its_number() -> None:
    """Each code is what we make of the word that the simulated operator says for those digits."""
    ways = (
        (scenarios.CHARGE_ENDINGS, request_to_pay_outcome, FAILURE_CODES),
        (scenarios.REFUND_ENDINGS, refund_outcome, PAYOUT_FAILURE_CODES),
        (scenarios.PAYOUT_ENDINGS, transfer_outcome, PAYOUT_FAILURE_CODES),
    )
    for endings, outcome, codes in ways:
        found = {}
        for code, digits in endings.items():
            reason = outcome("mtncameroon", f"237670000{digits}").reason
            assert reason is not None
            found[code] = codes.get(reason) or FAILURE_CODES[reason]

        assert found == {code: code for code in endings}


def test_both_languages_say_the_same_things() -> None:
    """A sentence has the same gaps in French as in English."""

    def gaps(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert {
        name for name, both in WORDS.items() if gaps(both.english) != gaps(both.french)
    } == set()


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "fr_CM.UTF-8"}, "fr"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "fr_FR", "LC_ALL": "en_GB"}, "en"),
        ({}, "en"),
    ],
)
def test_it_speaks_as_the_terminal_does(environment: dict[str, str], language: str) -> None:
    """LC_ALL before LC_MESSAGES before LANG."""
    assert Speaker.of(environment).language == language


def test_a_key_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    """Alone, or in the local system's credentials, which name the address too."""
    alone, known = tmp_path / "key", tmp_path / "credentials.json"
    alone.write_text("sk_test_alone\n", encoding="utf-8")
    known.write_text(
        json.dumps({"secret_key": "sk_test_known", "base_url": "http://127.0.0.1:8123/"}),
        encoding="utf-8",
    )

    def read(file: Path | None, **environment: str) -> tuple[str, str]:
        found = api.login(environment, None if file is None else str(file), None, ENGLISH)
        return found.key, found.url

    assert read(None, PAY_API_KEY="sk_test_x") == ("sk_test_x", api.USUAL_URL)
    assert read(alone, PAY_API_KEY="sk_test_x") == ("sk_test_alone", api.USUAL_URL)
    assert read(known) == ("sk_test_known", "http://127.0.0.1:8123")
    assert read(None, PAY_API_KEY_FILE=str(known), PAY_API_URL="https://api.example.cm") == (
        "sk_test_known",
        "https://api.example.cm",
    )


@pytest.mark.parametrize(
    ("environment", "arguments", "said"),
    [
        ({}, ["logs"], "PAY_API_KEY"),
        ({}, ["logs", "--key-file", "/nowhere/key"], "cannot be read"),
        ({"PAY_API_KEY": "k", "PAY_API_URL": "http://api.example.cm"}, ["logs"], "https alone"),
        ({"PAY_API_KEY": "k", "PAY_API_URL": "ftp://127.0.0.1"}, ["logs"], "no http(s) address"),
        ({"PAY_API_KEY": "k", **NOWHERE}, ["logs"], "gave no answer"),
        ({"PAY_API_KEY": "k", **NOWHERE}, ["trigger", "charge.eaten"], "no event type"),
        ({"PAY_API_KEY": "k", **NOWHERE}, ["trigger", "topup.succeeded"], "cannot bring about"),
        (
            {"PAY_API_KEY": "k", **NOWHERE},
            ["trigger", "charge.failed", "--code", "bored"],
            "payer_declined",
        ),
        ({"PAY_API_KEY": "k", **NOWHERE}, ["replay"], "--since"),
        ({"PAY_API_KEY": "k", **NOWHERE}, ["replay", "--since", "noon"], "is no time"),
        (
            {"PAY_API_KEY": "k", "PAY_WEBHOOK_SECRET": "whsec_x", **NOWHERE},
            ["listen", "--forward-to", "http://127.0.0.1:9"],
            "PAY_WEBHOOK_SECRET is no secret",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    environment: dict[str, str], arguments: list[str], said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """On standard error, with exit code 1 and no traceback."""
    assert main(arguments, environment) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("kind", ["sk", "rk"])
def test_a_live_key_triggers_nothing(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused here, before anything is sent: the address would not even answer."""
    environment = {"PAY_API_KEY": f"{kind}_live_abcdefghij", **NOWHERE}

    for command in (["trigger", "charge.succeeded"], ["clock"], ["clock", "advance", "3d"]):
        assert main(command, environment) == 1
        assert "test mode alone" in capsys.readouterr().err


def test_the_list_of_types_is_for_programs_too(capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line, without a key."""
    assert main(["trigger", "--list", "--json"], {}) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [each["type"] for each in listed] == list(EVENT_TYPES)
    reachable = {each["type"] for each in listed if each["reachable"]}
    assert reachable == scenarios.SCENARIOS.keys()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", NOW.timestamp() - 90),
        ("15m", NOW.timestamp() - 900),
        ("2d", NOW.timestamp() - 172_800),
        ("1795000000", 1_795_000_000),
        ("2026-11-30T08:00:00Z", NOW.timestamp() - 86_400),
        ("2026-11-30T09:00:00+01:00", NOW.timestamp() - 86_400),
        ("2026-11-30T08:00:00", NOW.timestamp() - 86_400),
    ],
)
def test_a_time_is_said_in_several_ways(text: str, seconds: float) -> None:
    """A span before now, Unix seconds, ISO 8601 in UTC where it says no zone."""
    assert read_time(text, NOW, ENGLISH) == seconds


def test_a_secret_is_made_or_taken_as_it_is() -> None:
    """One that was given stays the receiver's; what is none is refused."""
    made = read_secret(None, ENGLISH)

    assert read_secret(made.shown, ENGLISH) == made
    assert read_secret(None, ENGLISH) != made
    with pytest.raises(CommandError):
        read_secret("whsec_short", ENGLISH)
