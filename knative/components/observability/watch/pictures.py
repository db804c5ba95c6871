"""Draws Grafana's dashboards: `python -m knative.components.observability.watch.pictures`.

One page a question. What a query may name is what alarms may name.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).resolve().parent / "dashboards"
_WIDTH: Final = 12
_HEIGHT: Final = 8
_MODE: Final = 'mode="$mode"'
_WALLET: Final = "operator, product, mode"

_AMOUNT: Final = "payments_recent_amount_xaf"
_SUCCEEDED: Final = f'{_MODE}, state="succeeded"'

Panel = tuple[str, str, Sequence[tuple[str, str]]]
"""Title, unit as Grafana calls it, and each query with its legend."""


def _rows(by: str, figure: str, matchers: str = "") -> str:
    """Take one of several pods that tell the same."""
    return f"max by ({by}) ({figure}{{{matchers}}})" if matchers else f"max by ({by}) ({figure})"


BOARDS: Final[Mapping[str, tuple[str, Sequence[Panel]]]] = {
    "business": (
        "Business",
        (
            (
                "Payments of the last quarter of an hour",
                "short",
                [(f"sum by (kind, state) (payments:recent{{{_MODE}}})", "{{kind}} {{state}}")],
            ),
            (
                "What they come to",
                "currencyXAF",
                [
                    (
                        (
                            "sum by (kind, state) "
                            f"({_rows('kind, operator, state', _AMOUNT, _MODE)})"
                        ),
                        "{{kind}} {{state}}",
                    )
                ],
            ),
            (
                "Share that succeeded, by operator",
                "percentunit",
                [
                    (
                        (
                            f"sum by (kind, operator) (payments:recent{{{_SUCCEEDED}}})"
                            f" / sum by (kind, operator) (payments:recent{{{_MODE}}})"
                        ),
                        "{{kind}} {{operator}}",
                    )
                ],
            ),
            (
                "Without an answer after three minutes",
                "percentunit",
                [("payments:undecided:ratio5m", "{{kind}} {{operator}}")],
            ),
            (
                "Cases that wait for a person",
                "short",
                [(_rows("kind, reason", "cases_open", _MODE), "{{kind}} {{reason}}")],
            ),
            (
                "Age of the oldest case",
                "s",
                [(_rows("kind", "cases_oldest_age_seconds", _MODE), "{{kind}}")],
            ),
        ),
    ),
    "api": (
        "API",
        (
            (
                "Requests by answer",
                "reqps",
                [("sum by (class) (gateway:requests:rate5m)", "{{class}}")],
            ),
            (
                "Requests by function",
                "reqps",
                [("sum by (service) (gateway:requests:rate5m)", "{{service}}")],
            ),
            (
                "Share that failed",
                "percentunit",
                [("gateway:failed:ratio5m", "5 min"), ("gateway:failed:ratio1h", "1 h")],
            ),
            (
                "Share slower than half a second",
                "percentunit",
                [("gateway:slow:ratio5m", "{{service}}")],
            ),
            (
                "Refused because a quota was used up",
                "reqps",
                [("sum by (policy) (rate(requests_limited_total[5m]))", "{{policy}}")],
            ),
            (
                "Time in our own code, 95 of 100",
                "s",
                [
                    (
                        (
                            "histogram_quantile(0.95, sum by (le, operation) "
                            "(rate(request_duration_seconds_bucket[5m])))"
                        ),
                        "{{operation}}",
                    )
                ],
            ),
        ),
    ),
    "operators": (
        "Operators and floats",
        (
            (
                "Open at operators",
                "short",
                [
                    (
                        _rows("kind, operator, state", "payments_open", _MODE),
                        "{{kind}} {{operator}} {{state}}",
                    )
                ],
            ),
            (
                "Age of the oldest of these",
                "s",
                [
                    (
                        _rows("kind, operator", "payments_open_oldest_age_seconds", _MODE),
                        "{{kind}} {{operator}}",
                    )
                ],
            ),
            (
                "Time of exchanges, 95 of 100",
                "s",
                [
                    (
                        (
                            "histogram_quantile(0.95, sum by (le, operation) "
                            "(rate(operator_exchange_duration_seconds_bucket[5m])))"
                        ),
                        "{{operation}}",
                    )
                ],
            ),
            (
                "Breakers open, and callbacks",
                "short",
                [
                    (_rows("operator, operation", "breakers_open"), "{{operator}} {{operation}}"),
                    ("max(callbacks_recent)", "callbacks in 15 min"),
                ],
            ),
            (
                "What wallets hold",
                "currencyXAF",
                [
                    (_rows(_WALLET, "float_balance_xaf", _MODE), "{{operator}} {{product}}"),
                    (f"float:free{{{_MODE}}}", "free: {{operator}} {{product}}"),
                ],
            ),
            (
                "Difference to our books",
                "currencyXAF",
                [(_rows(_WALLET, "float_difference_xaf", _MODE), "{{operator}} {{product}}")],
            ),
            (
                "Age of the last reading, and of the newest statement",
                "s",
                [
                    (_rows(_WALLET, "float_reading_age_seconds", _MODE), "read {{product}}"),
                    (_rows(_WALLET, "statement_age_seconds", _MODE), "statement {{product}}"),
                ],
            ),
            (
                "Statements not read, books out of balance",
                "short",
                [
                    ("max(statements_unread)", "unread"),
                    (_rows("mode", "own_books_imbalance_xaf"), "out by, {{mode}}"),
                ],
            ),
        ),
    ),
    "queues": (
        "Queues",
        (
            ("Not published", "short", [(_rows("topic", "outbox_unpublished"), "{{topic}}")]),
            (
                "Age of the oldest of these",
                "s",
                [(_rows("topic", "outbox_oldest_age_seconds"), "{{topic}}")],
            ),
            ("Due and not taken", "short", [(_rows("kind", "due_work_late"), "{{kind}}")]),
            ("How late", "s", [(_rows("kind", "due_work_lag_seconds"), "{{kind}}")]),
            (
                "Dead letters",
                "short",
                [(_rows("function, topic", "dead_letters_waiting"), "{{function}} {{topic}}")],
            ),
            (
                "Age of the oldest dead letter",
                "s",
                [(_rows("function", "dead_letters_oldest_age_seconds"), "{{function}}")],
            ),
            (
                "Endpoints, mails and payments that wait",
                "short",
                [
                    (_rows("mode", "webhook_endpoints_waiting"), "endpoints {{mode}}"),
                    ("max(notifications_waiting)", "mails and texts"),
                    (_rows("kind, mode", "payments_unsent"), "unsent {{kind}} {{mode}}"),
                ],
            ),
            (
                "Age of the oldest mail, lag of the feed",
                "s",
                [
                    ("max(notifications_oldest_age_seconds)", "mail"),
                    ("max(feed_horizon_lag_seconds)", "feed"),
                ],
            ),
        ),
    ),
    "tenants": (
        "Tenants and the database",
        (
            ("Accounts", "short", [(_rows("state", "accounts"), "{{state}}")]),
            (
                "Proposals that wait for a second administrator",
                "short",
                [("max(account_proposals_open)", "open")],
            ),
            (
                "Schemas by revision",
                "short",
                [(_rows("revision", "account_schemas"), "{{revision}}")],
            ),
            (
                "Age of the newest archived ledger",
                "s",
                [(_rows("mode", "ledger_archive_age_seconds"), "{{mode}}")],
            ),
            (
                "Connections",
                "short",
                [
                    (_rows("login", "database_connections"), "{{login}}"),
                    ("max(database_connections_limit)", "limit"),
                ],
            ),
            (
                "Transactions not frozen",
                "short",
                [("max(database_transaction_age)", "transactions")],
            ),
        ),
    ),
    "knative": (
        "Knative and what watches",
        (
            (
                "Pods",
                "short",
                [("sum by (revision_name) (kn_revision_pods_count)", "{{revision_name}}")],
            ),
            (
                "Pods that do not come",
                "short",
                [("sum by (revision_name) (kn_revision_pods_pending_count)", "{{revision_name}}")],
            ),
            (
                "Messages pushed to functions",
                "reqps",
                [
                    (
                        "sum by (function, outcome) (rate(pushes_received_total[5m]))",
                        "{{function}} {{outcome}}",
                    )
                ],
            ),
            (
                "Figures: read, and how long it took",
                "short",
                [
                    ("min(figures_read)", "read"),
                    ("max(figures_read_duration_seconds)", "seconds"),
                ],
            ),
            (
                "Distance of clocks",
                "s",
                [("max(abs(database_clock_distance_seconds))", "database")],
            ),
            (
                "Alarms that ring, and money out allowed",
                "short",
                [
                    (
                        'count by (alertname) (ALERTS{alertstate="firing"})',
                        "{{alertname}}",
                    ),
                    ("min(journal_is_read)", "money may go out"),
                ],
            ),
        ),
    ),
}


def drawn() -> Iterator[tuple[Path, str]]:
    """Yield each dashboard's file and text."""
    for name, (title, panels) in BOARDS.items():
        text = json.dumps(_board(name, title, panels), indent=1, ensure_ascii=False)
        yield FOLDER / f"{name}.json", f"{text}\n"


def _board(name: str, title: str, panels: Sequence[Panel]) -> Mapping[str, Any]:
    modes = {"query": "live,test", "options": [], "current": {"text": "live", "value": "live"}}
    return {
        "uid": f"pay-{name}",
        "title": title,
        "tags": ["pay"],
        "schemaVersion": 39,
        "timezone": "Africa/Douala",
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [{"name": "mode", "type": "custom", **modes}]},
        "panels": [_panel(number, *panel) for number, panel in enumerate(panels)],
    }


def _panel(
    number: int, title: str, unit: str, queries: Sequence[tuple[str, str]]
) -> Mapping[str, Any]:
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": {"type": "prometheus"},
        "gridPos": {
            "x": number % 2 * _WIDTH,
            "y": number // 2 * _HEIGHT,
            "w": _WIDTH,
            "h": _HEIGHT,
        },
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + at), "expr": query, "legendFormat": legend}
            for at, (query, legend) in enumerate(queries)
        ],
    }


def main(words: Sequence[str]) -> int:
    """Write them; with `--check` only tell which are not as they should be."""
    wanted = dict(drawn())
    stale = [path for path in FOLDER.glob("*.json") if path not in wanted]
    stale += [
        path
        for path, text in wanted.items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    if "--check" in words:
        for path in stale:
            sys.stderr.write(f"{path.name} is stale\n")
        return int(bool(stale))
    FOLDER.mkdir(exist_ok=True)
    for path in stale:
        if path in wanted:
            path.write_text(wanted[path], "utf-8")
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
