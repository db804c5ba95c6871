"""Keeps every dead letter as a row, however broken it is, until a person has dealt with it."""

from shared.domain.ids import new_id
from shared.runtime import wiring
from shared.runtime.crash import reached
from shared.runtime.dead_letters import row_of
from shared.runtime.http import Envelope, envelope_function


def keep(envelope: Envelope) -> None:
    """Store once; only the database being away makes it come again."""
    row = row_of(envelope)
    reached("keep_dead_letter.before_commit")
    wiring.schedule().keep_dead_letter(**row, id=new_id("dl", int(wiring.now().timestamp() * 1000)))
    reached("keep_dead_letter.after_commit")


keep_dead_letter = envelope_function("keep_dead_letter", keep)
