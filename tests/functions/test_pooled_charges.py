"""Charges through the doors of all their functions, with a PgBouncer before the database."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import pytest

from tests.database import Database
from tests.functions.door import Door, Reply
from tests.functions.process import close_parts
from tests.functions.test_races import Crowd
from tests.functions.till import AMOUNT, PAYER, Till

CHARGES = 8
TIMES = 3


@pytest.fixture(scope="module", autouse=True)
def _pooled(process: Mapping[str, str], pooler: str) -> Iterator[None]:
    """The functions of this file reach the database through it alone."""
    assert process
    close_parts()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", pooler)
        patch.setenv("WORKER_DATABASE_URL", pooler)
        yield
        close_parts()


def test_charges_are_made_once_sent_once_and_settled_once(
    create_charge: Door, till: Till, migrated: Database
) -> None:
    """Of equal orders at once one is stored, its message works once, and the books stay even."""

    def order(number: int) -> Reply:
        method = {"type": "mobile_money", "phone": f"+{PAYER}"}
        body = {"amount": AMOUNT, "currency": "xaf", "payment_method": method}
        headers = {"Idempotency-Key": f"pooled-{number}"}
        while True:
            key = till.account.secret_key
            reply = create_charge.post("/v1/charges", body, key=key, headers=headers)
            if reply.status != 409:
                return reply

    with Crowd(CHARGES * TIMES) as crowd:
        replies = crowd.at_once([partial(order, n) for n in range(CHARGES)] * TIMES)
    ids = sorted({reply.json["id"] for reply in replies})
    steps: list[Callable[[str], Reply]] = [till.submit, till.settle]
    with Crowd(CHARGES * 2) as crowd:
        pushed = [
            reply for step in steps for reply in crowd.at_once([partial(step, i) for i in ids] * 2)
        ]
    columns = "count(*), sum(amount)"
    postings = f'SELECT {columns} FROM "{till.account.test.schema}".postings'

    assert {reply.status for reply in replies} == {200}
    assert len(ids) == CHARGES
    assert {reply.status for reply in pushed} <= {204, 503}
    assert [till.charge(each)["status"] for each in ids] == ["succeeded"] * CHARGES
    assert len(till.sent) == CHARGES
    assert migrated.look(postings) == [[3 * CHARGES, 0]]
