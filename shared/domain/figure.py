"""The figures by which the platform is watched: how each is called, what it counts, and by what.

They are truths of the database, not of a process: they survive a scale to zero, and are the same
wherever it runs. Each label is a word of ours, and the words of each are few: no account, no payer,
no number, no id of a payment. Amounts are whole XAF.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

RECENT: Final = timedelta(minutes=15)
"""How long a stretch of payments counts as recent."""
SETTLED_WITHIN: Final = timedelta(minutes=3)
"""How long a payment may take: what is younger is not among the recent ones yet."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One family of figures; a value of it has a word for each label."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """One value, with the words of its figure's labels in their order."""

    name: str
    words: Sequence[str]
    value: int


_PAYMENT: Final = ("kind", "operator", "mode", "state")
_WALLET: Final = ("operator_account", "operator", "product", "mode")

OPEN: Final = "payments_open"
CLOCK: Final = "database_clock_milliseconds"
"""The server's own time: it leaves the process as the distance to the process's."""
CLOCK_DISTANCE: Final = "database_clock_distance_seconds"
READ: Final = "figures_read"
READ_SECONDS: Final = "figures_read_duration_seconds"

_OF_DATABASE: Final = (
    Figure(OPEN, "Payments that an operator was told of and that are not final", _PAYMENT),
    Figure("payments_unsent", "Payments to send, of which no operator was told", ("kind", "mode")),
    Figure("payments_open_oldest_age_seconds", "Age of the oldest of these", _PAYMENT),
    Figure(
        "payments_recent",
        "Payments created from 18 to 3 minutes ago, by what they are now",
        _PAYMENT,
    ),
    Figure("payments_recent_amount_xaf", "What these come to", _PAYMENT),
    Figure("callbacks_recent", "Callbacks of operators that came in the last 15 minutes"),
    Figure("outbox_unpublished", "Messages committed and not published", ("topic",)),
    Figure("outbox_oldest_age_seconds", "Age of the oldest of these", ("topic",)),
    Figure("due_work_late", "Work whose time has come and that nobody has taken", ("kind",)),
    Figure("due_work_lag_seconds", "How late the latest of these is", ("kind",)),
    Figure("webhook_endpoints_waiting", "Endpoints with deliveries to come", ("mode",)),
    Figure("dead_letters_waiting", "Dead letters that wait for a person", ("function", "topic")),
    Figure("dead_letters_oldest_age_seconds", "Age of the oldest of these", ("function", "topic")),
    Figure("cases_open", "Cases that wait for a person", ("kind", "reason", "mode")),
    Figure("cases_oldest_age_seconds", "Age of the oldest of these", ("kind", "reason", "mode")),
    Figure("notifications_waiting", "Mails and texts that were not sent yet"),
    Figure("notifications_oldest_age_seconds", "Age of the oldest of these"),
    Figure("breakers_open", "Breakers that stand open", ("operator", "operation")),
    Figure("breakers_open_seconds", "How long the oldest of these stands open", ("operator",)),
    Figure("float_balance_xaf", "What a wallet of the platform's was last said to hold", _WALLET),
    Figure("float_taken_xaf", "What was promised out of it since", _WALLET),
    Figure("float_reading_age_seconds", "How long ago that was said", _WALLET),
    Figure(
        "float_difference_xaf",
        "By how much it lies outside of what our books allow, with its sign",
        _WALLET,
    ),
    Figure("statement_age_seconds", "How long ago its newest stated day ended", _WALLET),
    Figure("statements_unread", "Statements that came and were not read to their end"),
    Figure("own_books_imbalance_xaf", "What the platform's own books do not balance by", ("mode",)),
    Figure("ledger_archive_age_seconds", "How long ago a ledger was last archived", ("mode",)),
    Figure("accounts", "Accounts of merchants", ("state",)),
    Figure("account_schemas", "Schemas of accounts, by the revision that they have", ("revision",)),
    Figure("account_proposals_open", "Proposals that wait for a second administrator"),
    Figure("journal_is_read", "Whether money may go out: the journal was read in (1), or not (0)"),
    Figure("feed_horizon_lag_seconds", "For how long streams were not shown what was committed"),
    Figure("database_connections", "Connections to the server, by login", ("login",)),
    Figure("database_connections_limit", "How many connections the server takes"),
    Figure("database_transaction_age", "Transactions since the oldest row that is not frozen"),
    Figure(CLOCK, "The server's time"),
)
_OF_PROCESS: Final = (
    Figure(READ, "Whether the figures could be read (1), or not (0)"),
    Figure(READ_SECONDS, "How long it took to read them"),
    Figure(CLOCK_DISTANCE, "By how much the server's clock is ahead of this process's"),
)

FIGURES: Final[Mapping[str, Figure]] = {
    figure.name: figure for figure in (*_OF_DATABASE, *_OF_PROCESS) if figure.name != CLOCK
}
"""All that is exposed, by name."""
READ_FIGURES: Final = frozenset(figure.name for figure in _OF_DATABASE)
"""What the database is asked for."""
