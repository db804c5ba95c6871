"""The circuit breakers and rates of operators: rows of all processes, moved by the database."""

import logging
from typing import Any, Final

from pg8000.exceptions import DatabaseError

from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.breaker import CLOSED, Circuit, Standing, Tally
from shared.domain.errors import CutOff, Unavailable
from shared.domain.quota import SendLease

_LOG: Final = logging.getLogger(__name__)
_WHICH: Final = ":operator::text, :host::text, :operation::text"

STANDING: Final = Statement("""
SELECT opened_at, extract(epoch FROM next_trial_at - now())::float8 FROM platform.breakers
WHERE operator = :operator::text AND host = :host::text
  AND operation = :operation::text AND opened_at IS NOT NULL
""")
NOTE: Final = Statement(f"""
SELECT opened, trial_in FROM platform.note_operator_calls(
    {_WHICH}, :answered::int, :failed::int, :failed_last::int, :is_trial::boolean)
""")
# What is left of a second and how the breaker stands: who sends asks for both in one round trip.
LEASE_SENDS: Final = Statement("""
SELECT s.granted, s.seconds_left, b.opened_at,
       extract(epoch FROM b.next_trial_at - now())::float8
FROM platform.take_sends(:operator_account::text, :needed::int, :wished::int) AS s
LEFT JOIN platform.breakers b
  ON b.operator = :operator::text AND b.host = :host::text
  AND b.operation = :operation::text AND b.opened_at IS NOT NULL
""")
TAKE_TRIAL: Final = Statement(f"SELECT platform.take_operator_trial({_WHICH})")


class Breakers:
    """BreakerStore, by the application's login."""

    def __init__(self, database: Database) -> None:
        """Keep the pool; opens nothing yet."""
        self._database = database

    def standing(self, circuit: Circuit) -> Standing:
        """Return how it stands."""
        rows = self._rows(STANDING, circuit)
        return Standing(*rows[0]) if rows else CLOSED

    def note(self, circuit: Circuit, tally: Tally, *, is_trial: bool) -> Standing:
        """Count calls, and open or close it where that follows."""
        rows = self._rows(
            NOTE,
            circuit,
            answered=tally.answered,
            failed=tally.failed,
            failed_last=tally.failed_last,
            is_trial=is_trial,
        )
        return Standing(*rows[0])

    def take_trial(self, circuit: Circuit) -> bool:
        """Take the right to try for 10 s."""
        return bool(self._rows(TAKE_TRIAL, circuit)[0][0])

    def lease_sends(
        self, circuit: Circuit, operator_account: str, *, needed: int, wished: int
    ) -> tuple[Standing, SendLease]:
        """Return how it stands, and what was leased of its operator account's present second."""
        [[granted, seconds, *standing]] = self._rows(
            LEASE_SENDS,
            circuit,
            operator_account=operator_account,
            needed=needed,
            wished=wished,
        )
        return Standing(*standing), SendLease(granted, seconds)

    def _rows(self, statement: Statement, circuit: Circuit, **values: Any) -> list[list[Any]]:
        """Raises Unavailable whatever went wrong: an operator's answer is in the caller's hand."""
        try:
            return self._database.once(
                None,
                statement,
                operator=circuit.operator.value,
                host=circuit.host,
                operation=circuit.operation.value,
                **values,
            ).rows
        except (DatabaseError, CutOff) as error:
            _LOG.warning("breaker_out_of_reach", extra={"error": type(error).__name__})
            raise Unavailable("temporarily_unavailable", retry_after_seconds=1) from error
