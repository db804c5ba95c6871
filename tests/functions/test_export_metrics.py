"""Figures of the real database, as Prometheus reads them: what waits, since when, and no person."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families as parse

from shared.db.figures import Figures
from shared.domain.figure import FIGURES
from shared.domain.ids import new_id
from shared.runtime import figures, metrics
from tests.functions.door import Door
from tests.functions.till import AMOUNT, PAYER, Till

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def scrape(door: Callable[[str], Door]) -> Iterator[Callable[[], str]]:
    """Ask as Prometheus does, each time anew."""
    door("export_metrics")
    registry = CollectorRegistry()
    registry.register(metrics.collector())

    def ask() -> str:
        figures.watch.cache_clear()
        return generate_latest(registry).decode()

    yield ask
    figures.watch.cache_clear()


def samples(text: str) -> Samples:
    """Each value by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse(text)
        for sample in family.samples
    }


def value(told: Samples, name: str, **labels: str) -> float | None:
    """One of them, None where it is not told."""
    return told.get((name, frozenset(labels.items())))


def grew(before: Samples, after: Samples, name: str, **labels: str) -> float:
    """By how much a figure is more than before; what is not told is nothing."""
    return (value(after, name, **labels) or 0) - (value(before, name, **labels) or 0)


def test_what_waits_is_told_with_its_age(scrape: Callable[[], str], till: Till) -> None:
    """A silent operator's charge, a message nobody took, a case and a dead letter are all there."""
    before = samples(scrape())
    charge = till.create()
    assert grew(before, samples(scrape()), "payments_unsent", kind="charge", mode="test") == 1
    assert till.submit(charge).status == 204
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    till.rows.run(
        "UPDATE platform.payment_index SET state = 'unknown', created_at = :at"
        " WHERE object_id = :id",
        id=charge,
        at=hour_ago,
    )
    till.rows.run(
        "UPDATE platform.outbox SET published_at = NULL, created_at = :at WHERE object_id = :id"
        " AND topic = 'charge-created'",
        id=charge,
        at=hour_ago,
    )
    till.rows.run(
        "UPDATE platform.due_work SET due_at = :at WHERE object_id = :id", id=charge, at=hour_ago
    )
    till.rows.run(
        "INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, opened_at)"
        " VALUES (:case, 'charge', :account, false, :id, 'no_answer_for_a_day', :at)",
        case=new_id("case", 1),
        account=till.account.id,
        id=charge,
        at=hour_ago,
    )
    till.rows.run(
        "INSERT INTO platform.dead_letters (id, topic, subscription, event_id, received_at)"
        " VALUES (:id, 'webhook-due', :subscription, :id, :at)",
        id=new_id("dl", 1),
        subscription="projects/p/subscriptions/dispatch_webhook--webhook-due--live",
        at=hour_ago,
    )

    after = samples(scrape())

    payment = {"kind": "charge", "operator": "mtn", "mode": "test", "state": "unknown"}
    assert grew(before, after, "payments_open", **payment) == 1
    case = {"kind": "charge", "reason": "no_answer_for_a_day", "mode": "test"}
    assert grew(before, after, "cases_open", **case) == 1
    letter = {"function": "dispatch_webhook", "topic": "webhook-due"}
    assert grew(before, after, "dead_letters_waiting", **letter) == 1
    assert grew(before, after, "outbox_unpublished", topic="charge-created") == 1
    assert grew(before, after, "due_work_late", kind="payment_check") == 1
    for name, labels in {
        "payments_open_oldest_age_seconds": payment,
        "cases_oldest_age_seconds": case,
        "dead_letters_oldest_age_seconds": letter,
        "outbox_oldest_age_seconds": {"topic": "charge-created"},
        "due_work_lag_seconds": {"kind": "payment_check"},
    }.items():
        assert value(after, name, **labels) == pytest.approx(3600, abs=30)


def test_recent_payments_are_told_by_what_became_of_them(
    scrape: Callable[[], str], till: Till
) -> None:
    """Only those that had their three minutes count, with what they come to."""
    before = samples(scrape())
    young = till.create()
    till.submit(young)
    old = new_id("ch", int((datetime.now(UTC) - timedelta(minutes=5)).timestamp() * 1000))
    till.rows.run(
        "INSERT INTO platform.payment_index (object_id, account_id, livemode, kind,"
        " operator_account_id, state, amount, number_hmac)"
        " SELECT :old, account_id, livemode, kind, operator_account_id, 'failed', amount, 'h'"
        " FROM platform.payment_index WHERE object_id = :young",
        old=old,
        young=young,
    )

    after = samples(scrape())

    failed = {"kind": "charge", "operator": "mtn", "mode": "test", "state": "failed"}
    assert grew(before, after, "payments_recent", **failed) == 1
    assert grew(before, after, "payments_recent_amount_xaf", **failed) == AMOUNT
    assert grew(before, after, "payments_recent", **{**failed, "state": "awaiting_payer"}) == 0


def test_books_that_balance_are_told_as_zero(scrape: Callable[[], str], till: Till) -> None:
    """What stands on the one side stands on the other; a hand that moves one side is seen."""
    code = new_id("opa", 1)
    put = (
        "INSERT INTO platform.own_accounts (livemode, code, normal, balance)"
        " VALUES (true, :code, :normal, :balance)"
    )
    before = samples(scrape())
    till.rows.run(put, code=f"float:{code}", normal=1, balance=500)
    till.rows.run(put, code=f"owed:{code}", normal=-1, balance=-500)
    whole = samples(scrape())
    till.rows.run(
        "UPDATE platform.own_accounts SET balance = 493 WHERE code = :code", code=f"float:{code}"
    )
    broken = samples(scrape())
    till.rows.run("DELETE FROM platform.own_accounts WHERE code LIKE :code", code=f"%:{code}")

    assert grew(before, whole, "own_books_imbalance_xaf", mode="live") == 0
    assert grew(before, broken, "own_books_imbalance_xaf", mode="live") == -7


def test_no_label_names_a_person_or_a_merchant(scrape: Callable[[], str], till: Till) -> None:
    """Each label is one that its figure has, and no word of it came from a merchant or a payer."""
    charge = till.create()
    till.rows.run(
        "INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason)"
        " VALUES (:id, 'charge', :account, false, 'o1', :reason)",
        id=new_id("case", 1),
        account=till.account.id,
        reason=f"+{PAYER} Awa Njoya",
    )

    text = scrape()
    told = samples(text)

    assert value(told, "cases_open", kind="charge", reason="other", mode="test")
    for secret in (charge, till.account.id, till.account.test.schema, PAYER[-9:], "Njoya", "+"):
        assert secret not in text
    for name, labels in told:
        assert {label for label, _ in labels} == set(FIGURES[name].labels)
    assert not re.search(r"\d{9}", re.sub(r"(?m) \S+$", "", text).replace("opa_", ""))


def test_where_nothing_could_be_read_nothing_old_is_told(
    scrape: Callable[[], str], door: Callable[[str], Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The figures of the database are gone, one says so, and the probe is answered 503."""
    assert value(samples(scrape()), "figures_read") == 1
    assert door("export_metrics").get("/").status == 200

    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(Figures, "read", fail)
    told = samples(scrape())

    assert {name for name, _ in told} == {"figures_read", "figures_read_duration_seconds"}
    assert value(told, "figures_read") == 0
    assert door("export_metrics").get("/").status == 503


def test_its_own_port_tells_no_figures(door: Callable[[str], Door]) -> None:
    """A gateway may lead to that port: whoever comes there learns that it reads, and no more."""
    answered = door("export_metrics")

    assert answered.get("/").json == {"read": True}
    assert answered.get("/metrics").status == 404
    assert answered.post("/", b"").status == 405
