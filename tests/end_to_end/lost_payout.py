"""A payout that the operator knows nothing of, for those who end it by hand."""

import time
from typing import Final
from uuid import uuid4

from shared.domain.ids import new_id
from tests.chaos.judge import superuser
from tests.end_to_end.dashboard import PATIENCE_SECONDS
from tests.end_to_end.merchant import Merchant, PayoutOrder
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem

_LOST: Final = "+237670000801"
# Sent two days ago, and to be read now.
_AGE: Final = """
UPDATE {schema}.payouts SET claimed_at = claimed_at - interval '2 days',
  submit_before = submit_before - interval '2 days' WHERE id = :payout
RETURNING operator_account_id, (claimed_at AT TIME ZONE 'Africa/Douala')::date"""
_DUE: Final = """
UPDATE platform.due_work SET due_at = now(), done_at = NULL WHERE object_id = :payout"""
# The operator's statements of that day and the next, which lack it.
_COVER: Final = """
WITH statement AS (
  INSERT INTO platform.statements (id, operator_account_id, owner, livemode, version, sha256,
    object_key, version_id, first_day, last_day, opening, closing, line_count, uploaded_by,
    uploaded_at, lines_done, processed_at)
  VALUES (:id, :wallet, NULL, false, 'statement.v1', :sha256, 'k', 'v', CAST(:day AS date),
    CAST(:day AS date) + 1, 0, 0, 1, 'ada', now(), 1, now())
  RETURNING id)
INSERT INTO platform.statement_days (operator_account_id, day, statement_id)
SELECT :wallet, CAST(:day AS date) + each, id FROM statement, generate_series(0, 1) AS each
ON CONFLICT DO NOTHING"""


def lose_payout(system: LocalSystem, merchant: Merchant, amount: int) -> str:
    """Have one never reach the operator, two days old, of which no statement tells; its id."""
    OperatorControl.of(system).fault(_LOST, "error_before", on="payout")
    order = PayoutOrder(_LOST, amount)
    made = merchant.call("POST", order.path, order.body, order.key)
    assert made.status == 200, made.data
    payout: str = made.json()["id"]
    wait_for(
        "silence",
        lambda: merchant.read(f"/v1/payouts/{payout}")["status_detail"] == "unknown",
        seconds=PATIENCE_SECONDS,
    )
    with superuser(system) as connection:
        age = _AGE.format(schema=f'"{merchant.schema}"')
        ((wallet, day),) = connection.run(age, payout=payout)
        known = {"id": new_id("stm", int(time.time() * 1000)), "sha256": uuid4().hex * 2}
        connection.run(_COVER, wallet=wallet, day=day, **known)
        connection.run(_DUE, payout=payout)
    return payout
