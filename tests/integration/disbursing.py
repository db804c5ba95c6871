"""Payouts at the simulator and what becomes of them: shared by the tests of the product."""

import threading
import uuid
from typing import Any

from tests.simulator_process import Answer, MtnCustomer

KINDS = ["transfer", "deposit", "refund"]


def pay(
    customer: MtnCustomer, payer: MtnCustomer, kind: str, reference: str, **more: Any
) -> Answer:
    """A payout of that kind; a refund is one of a payment of its own."""
    if kind != "refund":
        return payer.pay_out(kind, reference, **more)
    return payer.refund(reference, charge(customer, amount=more.get("amount", "500")), **more)


def charge(customer: MtnCustomer, *, amount: object = "500", **more: Any) -> str:
    reference = str(uuid.uuid4())
    assert customer.request_to_pay(reference, amount=amount, **more).status == 202
    return reference


def effects(payer: MtnCustomer) -> list[tuple[str, str, str | None]]:
    return [(row["payout"], row["amount"], row["refunds"]) for row in payer.view("effects")]


def ends(payer: MtnCustomer, kind: str, reference: str) -> tuple[str, str | None]:
    read = payer.get(f"{kind}/{reference}").json
    return read["status"], read.get("reason")


def at_once(calls: list[Any]) -> None:
    """Run all of them at the same moment, and to their end."""
    barrier = threading.Barrier(len(calls))

    def run(each: Any) -> None:
        barrier.wait(10)
        each()

    threads = [threading.Thread(target=run, args=(each,)) for each in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
