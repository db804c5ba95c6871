"""The simulator's statements: what really moved, day by day, with a balance that adds up."""

import csv
import io
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from shared.providers import statements
from tests.simulator_process import Answer, MtnCustomer, OrangeCustomer, SimulatorProcess, call
from tests.web_customer import WebCustomer, pay

pytest_plugins = ("tests.simulator_fixtures",)

COLUMNS: Final = [
    "time", "transaction_id", "reference", "external_id", "kind", "amount", "currency", "fee",
    "balance_after",
]  # fmt: skip


def today() -> str:
    """The day in Douala."""
    return (datetime.now(UTC) + timedelta(hours=1)).date().isoformat()


def ask(simulator: SimulatorProcess, **query: str) -> Answer:
    """The control's answer, whatever it is."""
    token = (simulator.secrets_dir / "simulator_control_token").read_text().strip()
    search = "&".join(f"{name}={value}" for name, value in query.items())
    path = f"/_control/statement?{search}"
    return call(simulator.port, "GET", path, headers={"Authorization": f"Bearer {token}"})


def statement(
    simulator: SimulatorProcess, api_user: str, **query: str
) -> tuple[list[str], list[dict[str, str]], list[str]]:
    """Head, lines by column and end of a statement of yesterday to tomorrow."""
    days = [datetime.now(UTC).date() + timedelta(days=n) for n in (-1, 1)]
    asked = {"from": days[0].isoformat(), "until": days[1].isoformat(), **query}
    answer = ask(simulator, api_user=api_user, **asked)
    assert answer.status == 200, answer
    head, columns, *lines, end = csv.reader(io.StringIO(answer.body.decode()))
    assert columns == COLUMNS
    return head, [dict(zip(columns, line, strict=True)) for line in lines], end


def charge(customer: MtnCustomer, amount: str, **more: Any) -> str:
    """A request to pay; its reference."""
    reference = str(uuid.uuid4())
    assert customer.request_to_pay(reference, amount=amount, **more).status == 202
    return reference


def adjust(customer: MtnCustomer, **order: str) -> Answer:
    """Order what only statements tell of."""
    simulator = customer.simulator
    token = (simulator.secrets_dir / "simulator_control_token").read_text().strip()
    body = json.dumps({"api_user": customer.api_user, **order})
    return call(
        simulator.port,
        "POST",
        "/_control/adjustments",
        headers={"Authorization": f"Bearer {token}"},
        body=body.encode(),
    )


def test_a_statement_tells_what_moved_and_nothing_else(
    simulator: SimulatorProcess, customer: MtnCustomer
) -> None:
    """Each success with our references and the operator's, none that failed, and the sums."""
    first, second = charge(customer, "1500"), charge(customer, "700")
    charge(customer, "900", payer="237670000450")
    head, lines, end = statement(simulator, customer.api_user)
    effects = customer.view("effects")

    assert head[:3] == ["statement.v1", customer.api_user, "XAF"]
    assert head[5] == "0"
    assert [(line["reference"], line["kind"], line["amount"]) for line in lines] == [
        (first, "collection", "1500"),
        (second, "collection", "700"),
    ]
    assert [line["transaction_id"] for line in lines] == [
        row["financial_transaction_id"] for row in effects
    ]
    assert [line["external_id"] for line in lines] == [row["external_id"] for row in effects]
    assert [line["time"] for line in lines] == [row["booked_at"] for row in effects]
    assert [line["balance_after"] for line in lines] == ["1500", "2200"]
    assert end == ["end", "2", "2200"]
    assert customer.balance() == "2200"


def test_money_out_has_its_sign(
    simulator: SimulatorProcess, customer: MtnCustomer, payer: MtnCustomer
) -> None:
    """A refund and a transfer leave the float that was filled before."""
    paid = charge(customer, "1500")
    assert payer.refund(str(uuid.uuid4()), paid, amount="500").status == 202
    assert payer.transfer(str(uuid.uuid4()), amount="300").status == 202
    head, lines, end = statement(simulator, payer.api_user)
    moved = [(line["kind"], line["amount"]) for line in lines]

    assert head[1] == payer.api_user
    assert moved[-2:] == [("refund", "-500"), ("disbursement", "-300")]
    assert {kind for kind, _ in moved[:-2]} == {"transfer"}
    assert end[2] == payer.balance()


def test_orange_has_one_account_for_both_ways(
    simulator: SimulatorProcess, channel: OrangeCustomer
) -> None:
    """What came in by the payToken, and what a cash-in let out."""
    taken = channel.init()
    assert channel.pay(taken).status == 200
    given = channel.init("cashin")
    assert channel.pay(given, product="cashin").status == 200
    _, lines, end = statement(simulator, channel.letter["api_user"])
    amounts = [int(line["amount"]) for line in lines]

    assert [(line["reference"], line["kind"]) for line in lines] == [
        (taken, "collection"),
        (given, "disbursement"),
    ]
    assert amounts[0] > 0 > amounts[1]
    assert end[2] == str(sum(amounts))


def test_a_reversal_and_a_fee_are_told_by_the_statement_alone(
    simulator: SimulatorProcess, customer: MtnCustomer
) -> None:
    """Both have an id of the operator's and lower the balance; a payment is reversed once."""
    reference = charge(customer, "1500")
    replies = [
        adjust(customer, kind="reversal", reference=reference),
        adjust(customer, kind="fee", amount="20"),
        adjust(customer, kind="reversal", reference=reference),
        adjust(customer, kind="reversal", reference=str(uuid.uuid4())),
        adjust(customer, kind="gift", amount="20"),
    ]
    _, lines, end = statement(simulator, customer.api_user)

    assert [reply.status for reply in replies] == [200, 200, 409, 404, 400]
    assert [(line["kind"], line["amount"], line["reference"]) for line in lines] == [
        ("collection", "1500", reference),
        ("reversal", "-1500", reference),
        ("fee", "-20", ""),
    ]
    assert len({line["transaction_id"] for line in lines}) == 3
    assert end[2] == customer.balance() == "-20"
    assert customer.read(reference).json["status"] == "SUCCESSFUL"


def test_days_are_those_of_douala(simulator: SimulatorProcess, customer: MtnCustomer) -> None:
    """One day holds what was booked in it; the day after begins with what there was."""
    charge(customer, "1500")
    tomorrow = (datetime.fromisoformat(today()) + timedelta(days=1)).date().isoformat()
    same = {"from": today(), "until": today()}
    _, lines, _ = statement(simulator, customer.api_user, **same)
    head, after, end = statement(
        simulator, customer.api_user, **{"from": tomorrow, "until": tomorrow}
    )

    assert [line["amount"] for line in lines] == ["1500"]
    assert (head[3], head[4], head[5]) == (tomorrow, tomorrow, "1500")
    assert (after, end) == ([], ["end", "0", "1500"])


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"from": "yesterday"},
        {"from": "2026-11-03", "until": "2026-11-02"},
        {"from": "2024-11-03", "until": "2026-11-02"},
        {"from": "2026-11-03", "currency": "USD"},
        {"from": "1026-11-03"},
    ],
)
def test_a_malformed_wish_is_refused(
    simulator: SimulatorProcess, customer: MtnCustomer, query: dict[str, str]
) -> None:
    """No days, days the wrong way round, years of them, no currency of ours."""
    assert ask(simulator, api_user=customer.api_user, **query).status == 400


def test_our_parser_reads_what_the_stand_in_writes(
    simulator: SimulatorProcess, customer: MtnCustomer, payer: MtnCustomer
) -> None:
    """Two programs that share no code agree on the form: every line, sign and sum."""
    reference = charge(customer, "1500")
    assert payer.refund(str(uuid.uuid4()), reference, amount="500").status == 202
    adjust(customer, kind="reversal", reference=reference)
    adjust(customer, kind="fee", amount="20")
    for one in (customer, payer):
        answer = ask(simulator, api_user=one.api_user, **{"from": today()})
        summary = statements.read_whole(answer.body)
        lines = list(statements.lines(answer.body))

        assert summary.head.account == one.api_user
        assert (summary.line_count, summary.closing) == (len(lines), int(one.balance()))
    assert {line.kind.value for line in lines} == {"transfer", "refund"}


def test_what_was_paid_on_a_page_is_a_collection_under_its_order(
    simulator: SimulatorProcess,
) -> None:
    """Web Payment's account has a statement of its own; what waits is not in it."""
    web = WebCustomer.register(simulator)
    paid, waits = (uuid.uuid4().hex[:30] for _ in range(2))
    web.order(waits)
    pay(web.order(paid).json["payment_url"], "690000001")

    _, (line,), end = statement(simulator, web.letter["api_user"])

    assert (line["kind"], line["reference"], line["amount"]) == ("collection", paid, "1500")
    assert line["transaction_id"].startswith("MP")
    assert end == ["end", "1", "1500"]
