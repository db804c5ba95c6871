"""Payments are found by number, reference and the operator's id, whatever has become of them."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.database import Account
from tests.factories import an_id
from tests.functions.door import Door

PHONE: Final = "+237670000077"
ENDED: Final = {
    "charges": ("failed", "succeeded", "created", "canceled", "submitting"),
    "refunds": ("failed", "succeeded", "created", "in_transit"),
    "payouts": ("failed", "succeeded", "created", "canceled", "queued"),
}
VOID: Final = frozenset({"failed", "canceled"})
PREFIX: Final = {"charges": "ch", "refunds": "rf", "payouts": "po"}
_COMMON: Final = """(id, amount, currency, status, operator, operator_account_id, phone,
  operator_transaction_id, submit_before, created_at, balance_transaction, {own})
VALUES (:id, 100, 'XAF', :status, 'mtn', 'opa_x', :phone, :operator_id, now(), now(), :txn, {more})
"""
INSERT: Final = {
    "charges": _COMMON.format(
        own="reference, succeeded_at",
        more=":word, CASE WHEN :status::text = 'succeeded' THEN now() END",
    ),
    "refunds": _COMMON.format(
        own="charge_id, from_pending, charge_reference, intent_hmac, ended_at, journaled_at",
        more=":word, 0, 'x', repeat('0', 64),"
        " CASE WHEN :status::text IN ('failed', 'succeeded') THEN now() END, now()",
    ),
    "payouts": _COMMON.format(
        own="reference, intent_hmac, ended_at, journaled_at, batch_id, batch_line",
        more=":word, repeat('0', 64), CASE WHEN :status::text IN ('failed', 'succeeded',"
        " 'canceled') THEN now() END, now(), 'pb_x', 1",
    ),
}
WORD: Final = {"charges": "reference", "refunds": "charge", "payouts": "reference"}
WORDS: Final = {
    "charges": [f"order-{at}" for at in range(9)],
    "refunds": [f"ch_{'2' * 23}{letter}" for letter in "abcdefghi"],
    "payouts": [f"order-{at}" for at in range(9)],
}


@pytest.fixture(scope="module")
def stored(shop: Account, superuser: Any) -> dict[str, list[str]]:
    """The ids of some of each, oldest first, in several states, and one of another number."""
    found: dict[str, list[str]] = {}
    for table, statuses in ENDED.items():
        # Of one millisecond, so that their order is that of their ids.
        *ids, other = sorted(an_id(PREFIX[table]) for _ in (*statuses, "failed"))
        for at, (object_id, status) in enumerate(zip(ids, statuses, strict=True)):
            # Of those that count a reference is of one alone.
            superuser.run(
                f'INSERT INTO "{shop.test.schema}".{table} {INSERT[table]}',
                id=object_id,
                status=status,
                phone=PHONE,
                operator_id=f"op-{at}",
                word=WORDS[table][1] if status in VOID else WORDS[table][at + 2],
                txn=None if table == "charges" and status != "succeeded" else "txn_x",
            )
        superuser.run(
            f'INSERT INTO "{shop.test.schema}".{table} {INSERT[table]}',
            id=other,
            status="failed",
            phone="+237670000078",
            operator_id="op-9",
            word=WORDS[table][0],
            txn=None if table == "charges" else "txn_x",
        )
        found[table] = ids
    return found


@pytest.fixture
def found(read_payments: Door, shop: Account) -> Callable[[str], list[str]]:
    """The ids on a page."""

    def read(path: str) -> list[str]:
        reply = read_payments.get(f"/v1/{path}", key=shop.secret_key)
        assert reply.status == 200, reply.json
        return [each["id"] for each in reply.json["data"]]

    return read


@pytest.mark.parametrize("table", ENDED)
def test_a_number_finds_all_of_its_payments(
    stored: dict[str, list[str]], found: Callable[[str], list[str]], table: str
) -> None:
    """Ended or under way, newest first, page by page in both directions."""
    newest = stored[table][::-1]

    assert found(f"{table}?phone=670000077") == newest
    assert found(f"{table}?phone=%2B237670000077&limit=2") == newest[:2]
    assert found(f"{table}?phone=670000077&starting_after={newest[1]}") == newest[2:]
    assert found(f"{table}?phone=670000077&ending_before={newest[2]}") == newest[:2]
    failed = [stored[table][0]]
    assert found(f"{table}?phone=670000077&status=failed") == failed
    assert found(f"{table}?phone=670000079") == []


@pytest.mark.parametrize("table", ENDED)
def test_the_operator_s_id_and_one_s_own_word_find_theirs(
    stored: dict[str, list[str]], found: Callable[[str], list[str]], table: str
) -> None:
    """Each narrows the other; a reference finds those that are void as well."""
    ids, word, words = stored[table], WORD[table], WORDS[table]

    assert found(f"{table}?operator_transaction_id=op-1&phone=670000077") == [ids[1]]
    assert found(f"{table}?operator_transaction_id=op-9&phone=670000077") == []
    void = [each for each, state in zip(ids, ENDED[table], strict=True) if state in VOID]
    assert found(f"{table}?{word}={words[1]}") == void[::-1]
    assert found(f"{table}?{word}={words[4]}") == [ids[2]]
    assert found(f"{table}?{word}={words[1]}&operator_transaction_id=op-0") == [ids[0]]
    assert found(f"{table}?{word}=nothing") == []


def test_a_payment_link_finds_what_was_begun_on_it(
    shop: Account, superuser: Any, found: Callable[[str], list[str]]
) -> None:
    """Whatever has become of it, newest first, page by page; others' charges are not looked at."""
    link, words = an_id("plink"), [f"linked-{at}" for at in range(4)]
    ids = sorted(an_id("ch") for _ in words)
    for at, (charge, status) in enumerate(zip(ids, ENDED["charges"], strict=False)):
        superuser.run(
            f'INSERT INTO "{shop.test.schema}".charges {INSERT["charges"]}',
            id=charge,
            status=status,
            phone=PHONE.replace("77", "66"),
            operator_id=f"linked-{at}",
            word=words[at],
            txn="txn_x" if status == "succeeded" else None,
        )
    superuser.run(
        f'UPDATE "{shop.test.schema}".charges SET page_id = :link WHERE id = ANY(:ids)',
        link=link,
        ids=ids[:3],
    )
    newest = ids[:3][::-1]

    assert found(f"charges?payment_link={link}") == newest
    assert found(f"charges?payment_link={link}&limit=1") == newest[:1]
    assert found(f"charges?payment_link={link}&starting_after={newest[0]}") == newest[1:]
    assert found(f"charges?payment_link={link}&ending_before={newest[1]}") == newest[:1]
    assert found(f"charges?payment_link={link}&status=failed") == [ids[0]]
    assert found(f"charges?payment_link={link}&phone=670000079") == []
    assert found(f"charges?payment_link={an_id('plink')}") == []


@pytest.mark.parametrize(
    "query", ["phone=12", "phone=%2B33612345678", "phone=", "reference=", "payment_link="]
)
def test_a_bad_filter_is_named(read_payments: Door, shop: Account, query: str) -> None:
    """With what is wrong with it."""
    reply = read_payments.get(f"/v1/charges?{query}", key=shop.secret_key)

    assert (reply.status, reply.error["param"]) == (400, query.partition("=")[0])
