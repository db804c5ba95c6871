"""The ways that no storm feeds, each with the points on it: who goes it, and what its end is.

Whoever is killed leaves something half done. What `go` returns is asked again and again: it does
what a caller without an answer does, or the clock, and is true once all of it is done.
"""

import re
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, Final

import urllib3

from shared.domain.receipt import DOUALA
from tests.chaos.rare_drill import Together, Way
from tests.chaos.rare_drops import drop, look_again
from tests.chaos.rare_files import files
from tests.chaos.rare_pages import checkouts
from tests.chaos.rare_town import FUNDS, Town, months_ago
from tests.end_to_end.merchant import Order, PageOrder, PayoutOrder
from tests.end_to_end.money import top_up
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.web_customer import browse, pay

Lane = Iterable[Together]
IsDone = Callable[[], object]

AMOUNT: Final = 2_500
SETTLED: Final = 5_000
_STEPS: Final = ("before_publish", "after_publish")
_LATE: Final = {"accept": "accepted", "refund": "refunded"}
_SECONDS: Final = 240
_OK: Final = 200
_FOUND: Final = 302
_SEE_OTHER: Final = 303
_STATEMENTS: Final = "/v1/platform/statements"
_UPLOADING: Final = ("upload_statement.before_put", "upload_statement.after_put")
_WEEK_OLD: Final = """
UPDATE platform.settlement_rules SET set_at = set_at - interval '7 days' WHERE id = :rule"""
_RULE_DUE: Final = """
UPDATE platform.due_work SET due_at = now() WHERE kind = 'settlement' AND object_id = :rule"""
_SETTLED: Final = """
SELECT FROM {schema}.payouts p JOIN platform.due_work w ON w.object_id = :rule
WHERE p.metadata->>'settlement' = :rule AND p.status = 'succeeded' AND w.due_at > now()"""
_LOOK_AT_FLOATS: Final = """
UPDATE platform.due_work SET due_at = now() WHERE kind = 'float_check'"""
_FLOATS_LOOKED_AT: Final = """
SELECT FROM platform.due_work w WHERE kind = 'float_check' HAVING count(*) > 0 AND bool_and(
  w.due_at > now() AND EXISTS (SELECT FROM platform.float_readings r
    WHERE r.operator_account_id = w.object_id AND r.at > :began))"""
_ARCHIVED: Final = """
SELECT FROM platform.ledger_archives a WHERE account_id = :account AND NOT livemode
HAVING bool_and(stored_at IS NOT NULL)
  AND max(until_position) = (SELECT max(position) FROM {schema}.ledger_seals)
  AND (SELECT max(until_id) FROM {schema}.ledger_seals) >= (
    SELECT max(id) FROM {schema}.ledger_transactions WHERE created_at <= :at)"""
_REST_OVER: Final = """
UPDATE {schema}.ledger_seals SET created_at = created_at - interval '10 minutes'"""
_MONTH_OVER: Final = """
UPDATE platform.invoice_series SET month = :month, counted_id = '', lines = '[]'
WHERE account_id = :account AND NOT livemode"""
_INVOICE: Final = """
SELECT FROM platform.invoices i WHERE account_id = :account AND month = :month
  AND stored_at IS NOT NULL AND EXISTS (
    SELECT FROM {schema}.events WHERE object_id = i.id AND type = 'invoice.available')"""


def for_the_clock_and_merchants(town: Town) -> list[Lane]:
    """The ways that nobody has to sign in for."""
    lanes = (late_payments, pages, checkouts, archives, invoices, reports, floats, payers, files)
    return [lane(town) for lane in lanes]


def for_people(town: Town) -> list[Lane]:
    """The ways that begin with somebody who signed in just now."""
    return [lane(town) for lane in (approvals, settlements, statements)]


def _points(prefix: str, *steps: str) -> list[str]:
    return [f"{prefix}.{step}" for step in steps]


def late_payments(town: Town) -> Lane:
    """Money that came after the end is accepted, or given back."""

    def go(word: str) -> IsDone:
        charge = _refused_and_paid(town)
        kept = wait_for(
            "the late payment",
            lambda: next(iter(town.shown(f"/v1/late_payments?charge={charge}").get("data", [])), 0),
            seconds=_SECONDS,
        )
        path = f"/v1/late_payments/{kept['id']}"

        def is_done() -> bool:
            answered, _ = town.ask("POST", f"{path}/{word}", {}, Idempotency_Key=charge)
            return answered == _OK and town.shown(path).get("status") == _LATE[word]

        return is_done

    for word in _LATE:
        for point in _points(f"{word}_late_payment", "before_commit", "after_commit"):
            yield [Way("create_refund", (point,), partial(go, word))]


def _refused_and_paid(town: Town) -> str:
    """A charge that its operator refuses, and takes the money all the same.

    Its sender may be killed on another way before it hears of it: then the charge is paid, and
    another one is made.
    """
    operator = OperatorControl.of(town.system)
    while True:
        phone = town.phone()
        operator.fault(phone, "error_after", http_status=500, code="PAYER_NOT_FOUND")
        charge = town.order(Order(phone, AMOUNT)).id
        if town.ended(charge)["status"] == "failed":
            return charge


def pages(town: Town) -> Lane:
    """A payer pays on Orange's page. Who died in a call has its lease until it is over.

    A charge has two minutes to be shown. Where a busy machine does not come to it, another is made.
    """

    def go() -> IsDone:
        charges, paid = [town.order(PageOrder(AMOUNT)).id], list[str]()
        number = town.phone("69")

        def is_done() -> bool:
            shown = town.shown(f"/v1/charges/{charges[-1]}")
            if shown.get("failure_code") == "operator_unavailable":
                town.too_late.append(charges[-1])
                charges.append(town.order(PageOrder(AMOUNT)).id)
            if shown.get("next_action") and not paid:
                led = browse(shown["next_action"]["redirect_to_url"]["url"])
                page = led.headers.get("location", "")
                if led.status == _FOUND and pay(page, number).status == _SEE_OTHER:
                    paid.append(page)
            return shown.get("status") == "succeeded"

        return is_done

    steps = ("before_claim", "after_claim", "after_send", "after_keep", "before_record")
    yield [
        Way("submit_charge", (point,), go) for point in _points("open_page", *steps, "after_record")
    ]


def approvals(town: Town) -> Lane:
    """A second person says yes to a payout."""

    def go() -> IsDone:
        person = town.join("finance")
        asked = town.order(PayoutOrder(town.phone()))
        path = f"/v1/payouts/{asked.id}"
        seen = {"content_sha256": town.shown(path)["approval"]["content_sha256"]}
        granted: list[int] = []

        def is_done() -> bool:
            if _OK not in granted:
                granted.append(town.as_person(person, "POST", f"{path}/approve", seen)[0])
            return town.shown(path).get("status") == "paid"

        return is_done

    for point in _points("approve_payout", *_STEPS):
        yield [Way("approve_payout", (point,), go)]


def settlements(town: Town) -> Lane:
    """What is available goes to the owner's own number at the moment that she set."""
    hours = count(1)

    def go() -> IsDone:
        owner = town.join("owner")
        top_up(town.system, town.merchant, SETTLED)
        destination = {"type": "mobile_money", "phone": town.phone(), "name": "Marie"}
        # What others pay out meanwhile is theirs.
        wish = {"destination": destination, "every": "daily", "hour": next(hours)}
        wish |= {"keep_back": FUNDS - 2 * SETTLED}
        status, rule = town.as_person(owner, "POST", "/v1/account/settlement", wish)
        assert status == _OK, rule
        town.change(_WEEK_OLD, rule=rule["id"])
        town.change(_RULE_DUE, rule=rule["id"])
        return lambda: town.rows(_SETTLED, rule=rule["id"])

    for point in _points("create_settlement", *_STEPS, "before_wait"):
        yield [Way("create_settlement", (point,), go)]


def archives(town: Town) -> Lane:
    """What was booked an hour ago is sealed, and goes under lock."""
    minutes = count(60, -1)

    def go() -> IsDone:
        at = datetime.now(UTC) - timedelta(minutes=next(minutes))
        town.take_fee(at)
        town.change(_REST_OVER)

        def is_done() -> object:
            whose = {"account": town.merchant.account, "at": at}
            return town.tick("archive_ledger") and town.rows(_ARCHIVED, **whose)

        return is_done

    steps = ("before_plan", "after_plan", "before_put", "after_put", "after_commit")
    for point in _points("archive_ledger", *steps):
        yield [Way("archive_ledger", (point,), go)]


def invoices(town: Town) -> Lane:
    """A month is over, and its invoice is issued, printed and told of."""

    def go(months: int) -> IsDone:
        whose = {"account": town.merchant.account, "month": months_ago(months)}
        town.change(_MONTH_OVER, **whose)
        return lambda: town.rows(_INVOICE, **whose)

    issuing = tuple(_points("start_due_work", "before_invoice", "after_invoice"))
    yield [Way("start_due_work", issuing, lambda: go(2))]
    printing = ("before_put", "after_put", "before_commit", "after_commit")
    points = tuple(_points("print_invoice", *printing))
    yield [Way("render_receipt", points, lambda: go(1))]


def reports(town: Town) -> Lane:
    """A merchant asks for a report. Who died at it has its lease until that is over."""

    def go() -> IsDone:
        end = int(datetime.now(UTC).timestamp()) - 60
        wish = {"report_type": "payments", "interval_start": end - 86_400, "interval_end": end}
        key = str(uuid.uuid4())

        def asked() -> Any:
            status, found = town.ask("POST", "/v1/reports", wish, Idempotency_Key=key)
            return found if status == _OK else None

        report = wait_for("a report asked for", asked, seconds=_SECONDS)
        return lambda: town.shown(f"/v1/reports/{report['id']}").get("status") == "succeeded"

    steps = ("after_claim", "before_store", "after_store", "before_commit", "after_commit")
    yield [Way("export_report", (point,), go) for point in _points("export_report", *steps)]
    for point in _points("export_report", *_STEPS):
        yield [Way("export_report", (point,), go)]


def floats(town: Town) -> Lane:
    """An hour has passed, and what the wallets hold is looked at."""

    def go() -> IsDone:
        [[began]] = town.rows("SELECT clock_timestamp()")
        town.change(_LOOK_AT_FLOATS)
        return lambda: town.rows(_FLOATS_LOOKED_AT, began=began)

    for point in _points("check_float", "before_keep", "after_keep"):
        yield [Way("check_float", (point,), go)]


def payers(town: Town) -> Lane:
    """A payer who has a receipt asks for a code, and gets it by text."""

    def go() -> IsDone:
        phone = town.phone()
        charge = town.order(Order(phone, AMOUNT)).id
        url = wait_for(
            "a receipt",
            lambda: town.shown(f"/v1/charges/{charge}").get("receipt_url"),
            seconds=_SECONDS,
        )
        wish = {"receipt_code": url.rpartition("/")[2].removesuffix(".pdf"), "phone": phone}
        granted: list[int] = []

        def is_done() -> bool:
            if _OK not in granted:
                granted.append(town.ask("POST", "/v1/customer/challenges", wish)[0])
            texts = (town.system.data_dir / "mailbox").glob("*.txt")
            return any(phone in text.read_text() for text in texts)

        return is_done

    for point in _points("read_customer", *_STEPS):
        yield [Way("read_customer", (point,), go)]


def statements(town: Town) -> Lane:
    """What an operator says is uploaded, then dropped: on both ways lie the points of an upload."""
    yield from uploads(town)
    yield from drops(town)


def uploads(town: Town) -> Lane:
    """An administrator uploads what an operator says, and it is matched with our books."""
    administrator = str(uuid.uuid4())

    def go(first: date, last: date) -> IsDone:
        _paid(town)
        content = _statement(town, first, last)

        def is_done() -> object:
            token, kind = town.token(administrator, "admin"), {"Content_Type": "text/csv"}
            status, said = town.ask("POST", _STATEMENTS, content, token=token, **kind)
            # Whoever asks again is told which one it is.
            found = re.search("stm_[a-z2-7]{24}", f"{status} {said}")
            path = f"{_STATEMENTS}/{found and found[0]}"
            return found and town.ask("GET", path, token=token)[1].get("status") == "processed"

        return is_done

    today = _today()
    long_ago = today - timedelta(days=7)
    yield [Way("manage_platform", _UPLOADING, lambda: go(long_ago, long_ago))]
    matching = ("before_batch", "after_batch", "before_finish", "after_finish")
    points = tuple(_points("ingest_statement", *matching))
    yield [Way("ingest_statement", points, lambda: go(today - timedelta(days=1), today))]


def drops(town: Town) -> Lane:
    """A sync drops what an operator says; it rests for a minute, and the clock has it taken.

    A message is published beside whoever took the statement, so that of its two points and the end
    of a drop that was just taken only one can be met by one object.
    """

    def go() -> IsDone:
        charge = _paid(town)
        content = _statement(town, _today() - timedelta(days=1), _today())
        dropped = drop(town, content, charge)
        return lambda: look_again(town, dropped)

    ways = (
        _points("receive_statement", "after_begin", "before_publish"),
        _points("receive_statement", "after_read", "after_publish"),
        [*_UPLOADING, *_points("receive_statement", "before_end", "after_end")],
    )
    for points in ways:
        yield [Way("receive_statement", tuple(points), go)]


def _today() -> date:
    """Which day it is in Douala."""
    return datetime.now(DOUALA).date()


def _paid(town: Town) -> str:
    """A charge whose end is known; its id."""
    charge = town.order(Order(town.phone(), AMOUNT)).id
    town.ended(charge)
    return charge


def _statement(town: Town, first: date, last: date) -> bytes:
    """What the stand-in says of the prepared collection account."""
    known = town.system.credentials
    answer = urllib3.request(
        "GET",
        f"{known['simulator_url']}/_control/statement",
        fields={"from": str(first), "until": str(last)},
        headers={"Authorization": f"Bearer {known['simulator_control_token']}"},
        timeout=60,
        retries=False,
    )
    assert answer.status == _OK, answer.data
    return answer.data


def _on_a_way() -> frozenset[str]:
    nowhere = object.__new__(Town)
    lanes = [*for_the_clock_and_merchants(nowhere), *for_people(nowhere)]
    return frozenset(p for lane in lanes for ways in lane for way in ways for p in way.points)


POINTS: Final = _on_a_way()
"""Every point of the drill; a way that nobody takes asks nothing of its town."""
