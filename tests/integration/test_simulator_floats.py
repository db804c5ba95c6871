"""The simulator's floats: no franc is promised twice, and a kill leaves true books."""

import contextlib
import http.client
import threading
import uuid
from typing import Any

import pytest

from knative.local.postgres import Postgres, connect
from tests.integration.disbursing import at_once, charge, effects, ends
from tests.simulator_process import CallbackReceiver, MtnCustomer, SimulatorProcess, wait_until

pytest_plugins = ("tests.simulator_fixtures",)


def test_a_float_that_is_too_low_fails_the_payout(payer: MtnCustomer, reference: str) -> None:
    """`NOT_ENOUGH_FUNDS` after 202; the next smaller one is paid."""
    too_much, rest = str(uuid.uuid4()), str(uuid.uuid4())

    payer.transfer(reference, amount="60000")
    payer.transfer(too_much, amount="40001")
    payer.transfer(rest, amount="40000")

    assert ends(payer, "transfer", too_much) == ("FAILED", "NOT_ENOUGH_FUNDS")
    assert ends(payer, "transfer", rest) == ("SUCCESSFUL", None)
    assert payer.balance() == "0"


def test_a_float_is_never_promised_twice(payer: MtnCustomer) -> None:
    """Twenty transfers of 9,000 at once from 100,000: eleven are paid, no more."""
    references = [str(uuid.uuid4()) for _ in range(20)]
    at_once([lambda r=each: payer.transfer(r, amount="9000") for each in references])

    found = [ends(payer, "transfer", each) for each in references]

    assert found.count(("SUCCESSFUL", None)) == 11
    assert found.count(("FAILED", "NOT_ENOUGH_FUNDS")) == 9
    assert (len(effects(payer)), payer.balance()) == (11, "1000")


def test_a_pending_payout_has_its_amount_already(payer: MtnCustomer, reference: str) -> None:
    """What will be paid late is gone from the float at once, and no effect before its time."""
    payer.transfer(reference, payee="237670000454", amount="99999")

    assert (payer.balance(), effects(payer)) == ("1", [])
    order = {"api_user": payer.api_user, "reference": reference, "status": "FAILED"}
    payer.simulator.control("POST", "settle", order)
    assert (payer.balance(), effects(payer)) == ("100000", [])


def test_a_payout_that_was_to_fail_may_be_settled_by_what_the_float_holds(
    payer: MtnCustomer,
) -> None:
    """Ended by hand as paid, it takes its amount; where the float is too low it cannot."""
    small, large = str(uuid.uuid4()), str(uuid.uuid4())
    for reference, amount in ((small, "1"), (large, "100000")):
        payer.transfer(reference, payee="237670000453", amount=amount)
    order = {"api_user": payer.api_user, "status": "SUCCESSFUL"}

    payer.simulator.control("POST", "settle", {**order, "reference": small})
    with pytest.raises(AssertionError, match="status=409"):
        payer.simulator.control("POST", "settle", {**order, "reference": large})

    assert (payer.balance(), effects(payer)) == ("99999", [("transfer", "1", None)])
    assert ends(payer, "transfer", large) == ("PENDING", None)


def test_products_have_separate_balances(customer: MtnCustomer) -> None:
    """What was collected pays nothing out until it is moved, and then it is gone from there."""
    payer = customer.partner(amount="0")
    charge(customer, amount="700")
    first, second = str(uuid.uuid4()), str(uuid.uuid4())

    payer.transfer(first, amount="500")
    whose = {"api_user": payer.api_user}
    moved = payer.simulator.control("POST", "floats/move", {**whose, "amount": "600"})
    payer.transfer(second, amount="500")

    assert ends(payer, "transfer", first) == ("FAILED", "NOT_ENOUGH_FUNDS")
    assert ends(payer, "transfer", second) == ("SUCCESSFUL", None)
    assert moved["balance"] == "600"
    assert (customer.balance(), payer.balance()) == ("100", "100")
    with pytest.raises(AssertionError, match="status=409"):
        payer.simulator.control("POST", "floats/move", {**whose, "amount": "101"})
    assert (customer.balance(), payer.balance()) == ("100", "100")


def test_a_balance_is_moved_once_however_many_ask(customer: MtnCustomer) -> None:
    """Ten moves of 200 at once from 700: three happen."""
    payer = customer.partner(amount="0")
    charge(customer, amount="700")
    order = {"api_user": payer.api_user, "amount": "200"}

    def move() -> None:
        with contextlib.suppress(AssertionError):
            payer.simulator.control("POST", "floats/move", order)

    at_once([move] * 10)

    assert (customer.balance(), payer.balance()) == ("100", "600")


def test_the_float_is_what_came_less_what_went(customer: MtnCustomer, payer: MtnCustomer) -> None:
    """The control's books add up: moves less effects are the balance, for both products."""
    refunds = charge(customer, amount="5000")
    payer.simulator.control("POST", "floats/move", {"api_user": payer.api_user, "amount": "300"})
    payer.transfer(str(uuid.uuid4()), amount="250")
    payer.refund(str(uuid.uuid4()), refunds, amount="1000")
    payer.transfer(str(uuid.uuid4()), amount="77", payee="237670000450")

    moves = [(row["reason"], int(row["amount"])) for row in payer.view("float_moves")]
    out = sum(int(row["amount"]) for row in payer.view("effects"))
    assert moves == [("top_up", 100_000), ("from_collection", 300)]
    assert int(payer.balance()) == 100_300 - out == 99_050
    assert payer.view("floats") == [{"currency": "XAF", "balance": "99050"}]
    assert [row["direction"] for row in payer.view("effects")] == ["out", "out"]
    assert [row["reason"] for row in customer.view("float_moves")] == ["to_disbursement"]
    assert customer.balance() == "4700"


@pytest.mark.parametrize("environment", ["sandbox", "mtncameroon"])
def test_each_environment_has_a_float_of_its_own(payer: MtnCustomer, environment: str) -> None:
    """Euros of the sandbox and francs of Cameroon never meet."""
    whose = {"api_user": payer.api_user}
    payer.simulator.control("POST", "floats/top_up", {**whose, "amount": "7", "currency": "EUR"})
    currency = {"sandbox": "EUR", "mtncameroon": "XAF"}[environment]
    held = {"sandbox": "7", "mtncameroon": "100000"}[environment]

    for path in ("account/balance", f"account/balance/{currency}"):
        assert payer.get(path, environment).json == {
            "availableBalance": held,
            "currency": currency,
        }
    assert payer.get("account/balance/GBP", environment).json["code"] == "INVALID_CURRENCY"


@pytest.mark.parametrize(
    "order",
    [
        {"amount": "0"},
        {"amount": "-5"},
        {"amount": "1.5"},
        {"amount": 5},
        {},
        {"amount": "5", "currency": "USD"},
        {"amount": "5", "surprise": 1},
    ],
)
@pytest.mark.parametrize("path", ["floats/top_up", "floats/move"])
def test_a_malformed_order_moves_nothing(
    payer: MtnCustomer, path: str, order: dict[str, Any]
) -> None:
    """400, and the float stays."""
    with pytest.raises(AssertionError, match="status=400"):
        payer.simulator.control("POST", path, {"api_user": payer.api_user, **order})

    assert payer.balance() == "100000"


def test_only_known_api_users_have_floats_and_partners(
    customer: MtnCustomer, payer: MtnCustomer
) -> None:
    """404 for a stranger, 409 for an API user who has no partner."""
    stranger = str(uuid.uuid4())
    for path, order in (
        ("floats/top_up", {"api_user": stranger, "amount": "5"}),
        ("partners", {"api_user": payer.api_user, "collection": stranger}),
        ("partners", {"api_user": payer.api_user, "collection": payer.api_user}),
        ("partners", {"api_user": payer.api_user}),
    ):
        with pytest.raises(AssertionError, match="status=404"):
            payer.simulator.control("POST", path, order)
    alone = {"api_user": customer.api_user, "amount": "5"}
    with pytest.raises(AssertionError, match="status=409"):
        payer.simulator.control("POST", "floats/move", alone)


def test_the_prepared_accounts_are_partners_with_a_float(
    simulator: SimulatorProcess, reference: str
) -> None:
    """The secret files alone make both products ready: paid by the one, given back by the other."""
    made = {}
    for product, name in (
        ("collection", "simulator_credentials"),
        ("disbursement", "simulator_disbursement_credentials"),
    ):
        made[product] = MtnCustomer.prepared(simulator, name, product)
    refunds = charge(made["collection"])
    before = int(made["disbursement"].balance())

    made["disbursement"].refund(reference, refunds)

    assert ends(made["disbursement"], "refund", reference) == ("SUCCESSFUL", None)
    assert int(made["disbursement"].balance()) == before - 500
    found = simulator.control("GET", "effects", None, product="disbursement", reference=reference)
    assert [row["refunds"] for row in found["effects"]] == [refunds]


def test_a_killed_simulator_keeps_its_books(
    lonely_simulator: SimulatorProcess, receiver: CallbackReceiver, reference: str
) -> None:
    """After a kill the payout, its float, its partner and its callback are still there."""
    lonely_simulator.start()
    customer = MtnCustomer.register(lonely_simulator)
    payer = customer.partner()
    refunds = charge(customer)
    payer.order({"kind": "callback_late", "seconds": 1.0}, on="payout")
    payer.refund(reference, refunds, callback_url=receiver.url(reference))

    lonely_simulator.kill()
    lonely_simulator.start()

    assert ends(payer, "refund", reference) == ("SUCCESSFUL", None)
    assert (effects(payer), payer.balance()) == ([("refund", "500", refunds)], "99500")
    assert receiver.wait(reference, seconds=20)
    again = str(uuid.uuid4())
    payer.refund(again, refunds)
    assert ends(payer, "refund", again) == ("FAILED", "NOT_ALLOWED")


def test_a_kill_amid_payouts_leaves_true_books(lonely_simulator: SimulatorProcess) -> None:
    """Whatever was answered is kept, and the float is what came less what is booked to go out."""
    lonely_simulator.start()
    payer = MtnCustomer.register(lonely_simulator).partner()
    accepted: list[str] = []

    def pay_until_it_dies() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            for _ in range(500):
                reference = str(uuid.uuid4())
                if payer.transfer(reference, amount="7").status == 202:
                    accepted.append(reference)

    threads = [threading.Thread(target=pay_until_it_dies) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(accepted) > 20, seconds=30, what="twenty payouts")
    lonely_simulator.kill()
    for thread in threads:
        thread.join(30)

    lonely_simulator.start()

    booked = {row["reference"]: int(row["amount"]) for row in payer.view("payments")}
    assert booked.keys() >= set(accepted)
    assert int(payer.balance()) == 100_000 - sum(booked.values())


def test_books_from_before_payouts_go_on(
    cluster: Postgres, lonely_simulator: SimulatorProcess, reference: str
) -> None:
    """A database that knows money in alone is brought up by the first process; its rows stay."""
    lonely_simulator.start()
    customer = MtnCustomer.register(lonely_simulator)
    refunds = charge(customer)
    lonely_simulator.kill()
    name = lonely_simulator.database_url.rpartition("/")[2]
    with connect(port=cluster.port, password=cluster.password, database=name) as admin:
        admin.run("ALTER TABLE payments DROP COLUMN payout, DROP COLUMN refunds")
        admin.run("DROP TABLE partners, floats, float_moves, subscriptions, books")

    lonely_simulator.start()
    payer = customer.partner()
    payer.refund(reference, refunds)

    assert ends(payer, "refund", reference) == ("SUCCESSFUL", None)
    assert [row["reference"] for row in customer.view("effects")] == [refunds]
