"""What people are to be told, for who sends it: claimed by lease, ended by compare-and-set."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.errors import AskAgain
from shared.domain.events import Message
from shared.domain.notification import Recipient, Terms
from shared.operations.send_notification import Audience, Claimed, Copy, End

MOST_MEMBERS: Final = 100

CLAIM: Final = Statement("""
WITH found AS MATERIALIZED (
    SELECT id, lease_until FROM platform.notifications
    WHERE id = :id::text AND account_id = :account::text AND livemode = :livemode::boolean
      AND state = 'waiting'
    FOR UPDATE
),
claimed AS (
    UPDATE platform.notifications n
    SET lease_until = :lease_until::timestamptz, attempts = attempts + 1
    FROM found f WHERE n.id = f.id AND (f.lease_until IS NULL OR f.lease_until < :now::timestamptz)
    RETURNING n.*
)
SELECT c.id, c.kind, c.account_id, COALESCE(a.name, ''), c.livemode, c.data, c.send_before,
       c.lease_until, c.recipient, c.language, c.secret_sealed
FROM found f LEFT JOIN claimed c ON true LEFT JOIN platform.accounts a ON a.id = c.account_id
""")

# One person may have two duties, and two people one mailbox: each address is written to once, as
# long as one of them wants it. Whoever left by the very act that is told of left at that moment.
MEMBERS: Final = Statement("""
SELECT DISTINCT ON (lower(email)) email, language, :silent::text = ANY(silenced)
FROM platform.members
WHERE account_id = :account::text AND duty = ANY(:duties::text[])
  AND (ended_at IS NULL OR :former::boolean
       AND ended_at >= (SELECT created_at FROM platform.notifications WHERE id = :id::text))
ORDER BY lower(email), :silent::text = ANY(silenced), language LIMIT :most::int
""")

PASS_ON: Final = Statement("""
WITH gate AS MATERIALIZED (
    UPDATE platform.notifications
    SET state = 'passed_on', lease_until = NULL, ended_at = :now::timestamptz
    WHERE id = :id::text AND state = 'waiting' AND lease_until = :lease_until::timestamptz
    RETURNING account_id, livemode, kind, data, send_before
),
copies AS MATERIALIZED (
    INSERT INTO platform.notifications (id, account_id, livemode, kind, recipient, language, data,
                                        created_at, send_before)
    SELECT c.id, g.account_id, g.livemode, g.kind, c.recipient, c.language, g.data,
           :now::timestamptz, g.send_before
    FROM gate g, unnest(:copies::text[], :recipients::text[], :languages::text[])
        AS c(id, recipient, language)
),
work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT m.id, 'notification-due', g.account_id, g.livemode, m.object_id, :traceparent::text
    FROM gate g, unnest(:messages::text[], :copies::text[]) AS m(id, object_id)
)
SELECT count(*) FROM gate
""")

# A secret has done its work, or never will: it goes with the end.
END: Final = Statement("""
UPDATE platform.notifications
SET state = :state::text, last_word = :word::text, secret_sealed = NULL, lease_until = NULL,
    ended_at = :now::timestamptz
WHERE id = :id::text AND state = 'waiting' AND lease_until = :lease_until::timestamptz
RETURNING id
""")

RELEASE: Final = Statement("""
UPDATE platform.notifications SET lease_until = NULL, last_word = :word::text
WHERE id = :id::text AND state = 'waiting' AND lease_until = :lease_until::timestamptz
""")


class Notifications:
    """NotificationStore of all accounts, as the workers' login role."""

    def __init__(self, database: Database) -> None:
        """Keep the pool; opens nothing yet."""
        self._database = database

    def claim(self, message: Message, *, now: datetime, lease_until: datetime) -> Claimed | None:
        """Take the lease; None for what has ended or never was. Raises AskAgain if it is held."""
        rows = self._run(
            CLAIM,
            id=message.object_id,
            account=message.account,
            livemode=message.livemode,
            now=now,
            lease_until=lease_until,
        )
        if not rows:
            return None
        row = rows[0]
        if row[0] is None:
            raise AskAgain("another process is sending it")
        recipient, language, secret_sealed = row[8:]
        to = None if recipient is None else Recipient(recipient, language)
        return Claimed(*[*row[:8], to, secret_sealed])

    def members(self, claimed: Claimed, terms: Terms) -> Audience:
        """Return the members whom it concerns, each address once."""
        rows = self._run(
            MEMBERS,
            id=claimed.id,
            account=claimed.account,
            duties=list(terms.duties),
            former=terms.tells_former,
            silent=claimed.kind if terms.may_be_silent else "",
            most=MOST_MEMBERS,
        )
        wanting = [Recipient(email, language) for email, language, silenced in rows if not silenced]
        return Audience(wanting, silent=len(rows) - len(wanting))

    def pass_on(self, claimed: Claimed, copies: Sequence[Copy], *, now: datetime) -> bool:
        """End it by a copy for each member; False where the lease was lost."""
        messages = [copy.message for copy in copies]
        [[passed]] = self._run(
            PASS_ON,
            id=claimed.id,
            lease_until=claimed.lease_until,
            now=now,
            copies=[copy.id for copy in copies],
            recipients=[copy.to.address for copy in copies],
            languages=[copy.to.language for copy in copies],
            messages=[message.event_id for message in messages],
            traceparent=messages[0].traceparent,
        )
        if passed:
            self._database.hand_on(messages)
        return bool(passed)

    def end(self, claimed: Claimed, state: End, word: str, *, now: datetime) -> bool:
        """End it; False where the lease was lost."""
        lease = claimed.lease_until
        rows = self._run(
            END, id=claimed.id, lease_until=lease, state=state.value, word=word, now=now
        )
        return bool(rows)

    def release(self, claimed: Claimed, word: str) -> None:
        """Give the lease back, with the reason why it was not sent."""
        self._run(RELEASE, id=claimed.id, lease_until=claimed.lease_until, word=word)

    def _run(self, statement: Statement, **values: Any) -> list[list[Any]]:
        return self._database.once(None, statement, **values).rows
