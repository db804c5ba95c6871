"""What people are to be told, written with its cause: nobody hears of what did not happen.

A cause that is one statement takes `NOTICE_PARTS` and `notice_values`; one that has a transaction
calls `add` in it. Both put the message that carries it into the outbox.
"""

import json
from typing import Any, Final

from shared.db.statement import Statement
from shared.db.transaction import Transaction
from shared.domain.events import NOTIFICATION_DUE, Message
from shared.domain.notification import Notification

# Needs a part named `told` before it: it says, by its one row, that somebody is to be told. No
# RETURNING: who causes a notification may write it and not read it.
NOTICE_PARTS: Final = """
notice AS (
    INSERT INTO platform.notifications (id, account_id, livemode, kind, recipient, language, data,
                                        secret_sealed, created_at, send_before)
    SELECT :notice_id::text, :notice_account::text, :notice_livemode::boolean, :notice_kind::text,
           :notice_recipient::text, :notice_language::text, :notice_data::jsonb,
           :notice_secret::text, :noticed_at::timestamptz, :notice_before::timestamptz
    FROM told WHERE :notice_id::text IS NOT NULL
    ON CONFLICT DO NOTHING
),
notice_work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id)
    SELECT 'msg_' || :notice_id::text, 'notification-due', :notice_account::text,
           :notice_livemode::boolean, :notice_id::text
    FROM told WHERE :notice_id::text IS NOT NULL
    ON CONFLICT DO NOTHING
)"""

ADD: Final = Statement(f"WITH told AS MATERIALIZED (SELECT 1), {NOTICE_PARTS} SELECT 1")


def notice_values(notice: Notification | None) -> dict[str, Any]:
    """Return the parameters of NOTICE_PARTS; with None nobody is told anything."""
    to = None if notice is None else notice.to
    return {
        "notice_id": notice and notice.id,
        "notice_account": notice and notice.account,
        "notice_livemode": notice and notice.livemode,
        "notice_kind": notice and notice.kind.value,
        "notice_recipient": to and to.address,
        "notice_language": to and to.language,
        "notice_data": notice and json.dumps(notice.data, ensure_ascii=False),
        "notice_secret": notice and notice.secret_sealed,
        "noticed_at": notice and notice.created_at,
        "notice_before": notice and notice.send_before,
    }


def notice_message(notice: Notification) -> Message:
    """Return the message that NOTICE_PARTS put into the outbox."""
    return Message(f"msg_{notice.id}", NOTIFICATION_DUE, notice.account, notice.livemode, notice.id)


def add(transaction: Transaction, notice: Notification) -> None:
    """Write a notification in an open transaction; its message is handed on after the commit."""
    transaction.run(ADD, **notice_values(notice))
    transaction.messages.append(notice_message(notice))
