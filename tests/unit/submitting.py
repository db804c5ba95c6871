"""A charge to be sent, its operator and a clock: shared by the tests of what a sender does."""

from collections.abc import Sequence

from shared.domain.charge import Charge
from shared.domain.events import Message
from shared.operations.ports import Accepted, NotSent, Opened, Refused, Unknown
from shared.operations.submit_charge import Submission, submit_charge
from tests.factories import a_charge, a_message
from tests.fakes import START, TENANT, Clock, MemoryCharges, PlayedOperator

KEY = b"k" * 32


class Scene:
    """One charge, one operator, one clock. With `openings` the operator makes the reference."""

    def __init__(
        self,
        *answers: Accepted | Refused | Unknown | NotSent,
        openings: Sequence[Opened | NotSent] | None = None,
    ) -> None:
        self.clock = Clock()
        self.store = MemoryCharges(
            a_charge(TENANT, created_at=START, submit_before=START.replace(minute=2))
        )
        self.operator = PlayedOperator(answers, openings=openings or ())
        self.opens = openings is not None
        self.points: list[str] = []
        self.wrong = ""
        self.has_turn = True
        self.turns = 0

    def reached(self, point: str) -> None:
        self.points.append(point)

    def submit(self, message: Message | None = None) -> str:
        how = Submission(
            callback_base_url="https://callbacks.example",
            callback_token_key=KEY,
            number_key=KEY,
            base_url="https://api.example",
            language="fr",
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            reached=self.reached,
            takes_turn=self._takes_turn,
        )
        return submit_charge(
            message or a_message(self.store.charge),
            store=self.store,
            requester_of=lambda _: self._adapter("requester"),
            opener_of=lambda _: self._adapter("opener") if self.opens else None,
            on_page=lambda charge, _: f"page of {charge.id}",
            how=how,
        )

    def _takes_turn(self, _: Charge) -> bool:
        self.turns += self.has_turn
        return self.has_turn

    def _adapter(self, name: str) -> PlayedOperator:
        if name == self.wrong:
            raise LookupError(name)
        return self.operator
