"""Each alarm rings when it must and is quiet when it may, as Prometheus' own tools tell."""

import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml

from tests.get_promtool import tool
from tests.rule_files import FOLDER, dashboards, expressions, groups, rules

FIRING: Final = 'count by (alertname) (ALERTS{alertstate="firing", alertname!="Watchdog"})'
WELL: Final = {"figures_read": "1x600"}
LONG_MINUTES: Final = 15
"""From here on rules are looked at each five minutes: at their own pace it takes long."""
_ISTIO: Final = 'source_workload="knative-local-gateway", destination_service_name="create-charge"'
_LIVE: Final = 'kind="charge", operator="mtn", mode="live"'
_WALLET: Final = 'operator_account="opa_2", operator="mtn", product="disbursement", mode="live"'


class Case(NamedTuple):
    """What Prometheus saw minute by minute, and which alarms ring then."""

    series: Mapping[str, str]
    minutes: int
    ringing: tuple[str, ...] = ()


def _requests(good: str, bad: str) -> dict[str, str]:
    return {
        f'istio_requests_total{{{_ISTIO}, response_code="200"}}': good,
        f'istio_requests_total{{{_ISTIO}, response_code="503"}}': bad,
    }


def _payments(**states: str) -> dict[str, str]:
    return {f'payments_recent{{{_LIVE}, state="{each}"}}': to for each, to in states.items()}


def _open(kind: str, state: str, seconds: int) -> dict[str, str]:
    labels = f'kind="{kind}", operator="mtn", mode="live", state="{state}"'
    return {f"payments_open_oldest_age_seconds{{{labels}}}": f"{seconds}x30"}


def _one(series: str, loud: str, quiet: str, minutes: int, alarm: str) -> list[Case]:
    """The same series above and below."""
    return [Case({series: loud}, minutes, (alarm,)), Case({series: quiet}, minutes)]


CASES: Final = [
    Case({}, 5),
    Case({"figures_read": "0x10"}, 5, ("FiguresNotRead",)),
    Case({"figures_read": "_x10"}, 5, ("FiguresNotRead",)),
    *_one("database_clock_distance_seconds", "-3x10", "-1x10", 8, "ClockDiffers"),
    Case(_requests("0+90x90", "0+10x90"), 80, ("ApiFailsFast", "ApiFailsSlowly")),
    Case(_requests("0+992x90", "0+8x90"), 80, ("ApiFailsSlowly",)),
    Case(_requests("0+9995x90", "0+5x90"), 80),
    Case(
        {
            'envoy_cluster_upstream_rq_xx{envoy_cluster_name="create_charge",'
            ' envoy_response_code_class="2"}': "0+90x90",
            'envoy_cluster_upstream_rq_xx{envoy_cluster_name="create_charge",'
            ' envoy_response_code_class="5"}': "0+10x90",
        },
        80,
        ("ApiFailsFast", "ApiFailsSlowly"),
    ),
    Case(
        {
            f'istio_request_duration_milliseconds_bucket{{{_ISTIO}, le="500"}}': "0+80x30",
            f'istio_request_duration_milliseconds_bucket{{{_ISTIO}, le="+Inf"}}': "0+100x30",
        },
        25,
        ("ApiSlow",),
    ),
    *_one('kn_revision_pods_pending_count{revision_name="a-1"}', "1x10", "0x10", 8, "PodsPending"),
    Case(
        _payments(unknown="20x90", succeeded="80x90"),
        80,
        ("PaymentsUndecidedFast", "PaymentsUndecidedSlowly"),
    ),
    Case(_payments(submitting="8x90", succeeded="92x90"), 80, ("PaymentsUndecidedSlowly",)),
    # Payers who think, refuse or let it lapse are no failure of ours.
    Case(_payments(awaiting_payer="50x90", failed="40x90", succeeded="10x90"), 80),
    Case(_open("charge", "unknown", 7200), 10, ("ChargeUnknown",)),
    Case(_open("charge", "awaiting_payer", 7200), 10),
    Case(_open("refund", "in_transit", 7200), 10, ("RefundUnknown",)),
    Case(_open("payout", "unknown", 7200), 10, ("PayoutUnknown",)),
    Case(_open("payout", "unknown", 1800), 10),
    *_one('breakers_open_seconds{operator="mtn"}', "120x5", "30x5", 4, "BreakerOpen"),
    Case(_payments(succeeded="50x40") | {"callbacks_recent": "0x40"}, 30, ("CallbacksStopped",)),
    Case(_payments(succeeded="50x40") | {"callbacks_recent": "9x40"}, 30),
    *_one("journal_is_read", "0x5", "1x5", 4, "MoneyOutStopped"),
    *_one('outbox_oldest_age_seconds{topic="a-b"}', "60x5", "10x5", 4, "OutboxLate"),
    *_one('due_work_lag_seconds{kind="payment_check"}', "120x9", "30x9", 5, "DueWorkLate"),
    *_one('due_work_lag_seconds{kind="hold_release"}', "1200x9", "600x9", 8, "HoldsLate"),
    *_one('due_work_lag_seconds{kind="webhook"}', "600x9", "120x9", 8, "WebhooksLate"),
    *_one(
        'dead_letters_waiting{function="submit_charge", topic="charge-created"}',
        *("1x9", "0x9", 4, "DeadLetterOfMoney"),
    ),
    *_one(
        'dead_letters_waiting{function="dispatch_webhook", topic="webhook-due"}',
        *("1x9", "0x9", 8, "DeadLetter"),
    ),
    *_one("notifications_oldest_age_seconds", "1200x9", "60x9", 8, "MailWaits"),
    *_one(
        'cases_oldest_age_seconds{kind="charge", reason="a", mode="live"}',
        *("100000x20", "50000x20", 15, "CaseWaits"),
    ),
    *_one("feed_horizon_lag_seconds", "30x9", "4x9", 5, "FeedStandsStill"),
    *_one(
        'cases_open{kind="float", reason="float_too_low", mode="live"}',
        *("1x9", "0x9", 4, "FloatTooLow"),
    ),
    *_one(
        f"float_balance_xaf{{{_WALLET}}}",
        *("1000000-5000x190", "1000000-100x190", 180, "FloatRunsOut"),
    ),
    *_one(f"float_difference_xaf{{{_WALLET}}}", "-500x90", "0x90", 80, "FloatDiffers"),
    *_one(f"float_reading_age_seconds{{{_WALLET}}}", "20000x9", "3700x9", 8, "FloatNotRead"),
    *_one('own_books_imbalance_xaf{mode="live"}', "5x5", "0x5", 4, "BooksDoNotBalance"),
    *_one(f"statement_age_seconds{{{_WALLET}}}", "300000x20", "90000x20", 15, "StatementMissing"),
    *_one("statements_unread", "1x80", "1x5 0x75", 70, "StatementUnread"),
    Case(
        _payments(succeeded="5x20") | {'ledger_archive_age_seconds{mode="live"}': "100000x20"},
        15,
        ("LedgerNotArchived",),
    ),
    # Where nothing was paid nothing is archived.
    Case({'ledger_archive_age_seconds{mode="live"}': "100000x20"}, 15),
    Case(
        {'database_connections{login="pay_app"}': "90x10", "database_connections_limit": "100x10"},
        8,
        ("DatabaseFull",),
    ),
    # Two pods tell of the same connections.
    Case(
        {
            'database_connections{login="pay_app", pod="a"}': "50x10",
            'database_connections{login="pay_app", pod="b"}': "50x10",
            'database_connections_limit{pod="a"}': "100x10",
            'database_connections_limit{pod="b"}': "100x10",
        },
        8,
    ),
    *_one("database_transaction_age", "600000000x80", "200000000x80", 70, "TransactionsOld"),
    *_one(
        'account_schemas{revision="t0019"}',
        *("1x150", "1x5 _x145", 140, "SchemasBehind"),
    ),
    *_one(
        'certmanager_certificate_expiration_timestamp_seconds{namespace="a", name="b"}',
        *("86400x80", "86400000x80", 70, "CertificateEnds"),
    ),
]


def _run(name: str, *words: str) -> str:
    program = tool(name)
    if program is None:
        pytest.skip(f"left out: no {name}; `make observability` fetches it")
    done = subprocess.run(  # noqa: S603 - a tool of ours
        (program, *words), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The rules as files of Prometheus' own, without a pace of theirs."""
    for name in ("records", "alarms"):
        slowly = [{k: v for k, v in each.items() if k != "interval"} for each in groups(name)]
        text = yaml.safe_dump({"groups": slowly})
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    return tmp_path


def _together(cases: Iterable[Case]) -> list[Case]:
    """Leave quiet ones of one length to one test where they do not meddle: each costs 0.1 s."""
    told: list[Case] = []
    for case in cases:
        last = next((each for each in told if not each.ringing and not case.ringing), None)
        if last is None or len(case.series) != 1 or set(last.series) & set(case.series):
            told.append(case)
        else:
            told.remove(last)
            series = {**last.series, **case.series}
            told.append(Case(series, max(last.minutes, case.minutes)))
    return told


def _as_test(case: Case) -> dict[str, Any]:
    series = WELL | dict(case.series)
    if "SchemasBehind" in case.ringing or any("t0019" in each for each in case.series):
        series['account_schemas{revision="t0020"}'] = "1x150"
    return {
        "interval": "1m",
        "input_series": [{"series": each, "values": to} for each, to in series.items()],
        "promql_expr_test": [
            {
                "expr": FIRING,
                "eval_time": f"{case.minutes}m",
                "exp_samples": [
                    {"labels": f'{{alertname="{alarm}"}}', "value": 1} for alarm in case.ringing
                ],
            }
        ],
    }


@pytest.mark.parametrize("is_long", [False, True])
def test_each_alarm_rings_when_it_must_and_no_other_with_it(files: Path, is_long: bool) -> None:  # noqa: FBT001 - a case
    """Above its bound, for as long as it says; below it, and in good health, nothing rings."""
    cases = [case for case in CASES if (case.minutes >= LONG_MINUTES) == is_long]
    document = {
        "rule_files": ["records.yaml", "alarms.yaml"],
        "evaluation_interval": "5m" if is_long else "1m",
        "tests": [_as_test(case) for case in _together(cases)],
    }
    (files / "tests.yaml").write_text(yaml.safe_dump(document), "utf-8")

    _run("promtool", "test", "rules", str(files / "tests.yaml"))


def test_every_alarm_has_such_a_case() -> None:
    """An alarm that nobody saw ringing may be one that cannot."""
    rung = {alarm for case in CASES for alarm in case.ringing}

    assert {rule["alert"] for rule in rules("alarms")} - rung == {"Watchdog"}


def test_every_query_of_a_picture_is_promql(files: Path) -> None:
    """Grafana would show the mistake to whoever looks, in the night."""
    queries = [each for board in dashboards().values() for each in expressions(board)]
    asked = [{"record": f"q:{at}", "expr": each} for at, each in enumerate(queries)]
    text = yaml.safe_dump({"groups": [{"name": "queries", "rules": asked}]})
    (files / "queries.yaml").write_text(text, "utf-8")

    said = _run("promtool", "check", "rules", "--lint=none", str(files / "queries.yaml"))

    assert f"{len(queries)} rules found" in said


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("alertname=Watchdog severity=none", "dead-man"),
        ("alertname=OutboxLate severity=page", "pager"),
        ("alertname=CaseWaits severity=ticket", "tickets"),
        ("alertname=OfSomebodyElse", "tickets"),
    ],
)
def test_an_alarm_reaches_whom_it_should(labels: str, receiver: str, tmp_path: Path) -> None:
    """Who is to get up is called; nothing is told to nobody, and no address is one of ours."""
    text = (FOLDER / "alertmanager.yaml").read_text("utf-8")
    filled = re.sub(r"url: [A-Z_]+$", "url: http://127.0.0.1:9/", text, flags=re.MULTILINE)
    (tmp_path / "alertmanager.yaml").write_text(filled, "utf-8")
    config = f"--config.file={tmp_path / 'alertmanager.yaml'}"

    assert "://" not in text
    _run("amtool", "check-config", str(tmp_path / "alertmanager.yaml"))
    assert _run("amtool", "config", "routes", "test", config, *labels.split()).strip() == receiver
