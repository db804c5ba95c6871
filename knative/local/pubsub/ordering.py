"""What one ordering key owes, so that its messages are handed out in the order of publishing.

A key has a turn: one delivery of it at most stands in the subscription's queue, and the next turn
comes once everything handed out in the last one is acknowledged. Acknowledgements take effect in
order; a failure calls back all later messages of the key, also those already acknowledged.
"""

from collections import deque

from knative.local.pubsub.delivery import Delivery, State


class OrderedKey:
    """The deliveries of one key, oldest first: some handed out, the rest waiting."""

    def __init__(self) -> None:
        self._waiting: deque[Delivery] = deque()
        self._out: list[Delivery] = []
        self._turn: Delivery | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is owed."""
        return not self._waiting and not self._out

    @property
    def settled(self) -> Delivery | None:
        """The oldest delivery, if it was acknowledged while an older one was still owed."""
        if self._out and self._out[0].state is State.ACKNOWLEDGED:
            return self._out[0]
        return None

    def add(self, delivery: Delivery) -> None:
        """Owe a delivery; one older than others, after a seek, calls those back."""
        newest = (self._waiting or self._out or (delivery,))[-1]
        self._waiting.append(delivery)
        if int(delivery.id) < int(newest.id):
            self._call_back(0)
            self._waiting = deque(sorted(self._waiting, key=lambda owed: int(owed.id)))
            self._turn = None

    def take_turn(self) -> Delivery | None:
        """The delivery to put into the queue now, if the key's turn has come."""
        is_due = not self._out and self._waiting and self._waiting[0].state is State.READY
        if self._turn is not None or not is_due:
            return None
        self._turn = self._waiting[0]
        return self._turn

    def hand_out(self, turn: Delivery, limit: int) -> list[Delivery]:
        """Up to `limit` deliveries that are ready, for the turn that stood in the queue."""
        taken: list[Delivery] = []
        if turn is not self._turn:
            return taken
        self._turn = None
        while self._waiting and len(taken) < limit and self._waiting[0].state is State.READY:
            taken.append(self._waiting.popleft())
        self._out += taken
        return taken

    def give_back(self, delivery: Delivery) -> None:
        """An untried delivery keeps its place and its turn."""
        self._out.remove(delivery)
        self._waiting.appendleft(delivery)
        self._turn = delivery

    def is_next(self, delivery: Delivery) -> bool:
        """Whether it is the oldest one owed, so that its acknowledgement takes effect."""
        return delivery is (self._out or self._waiting)[0]

    def acknowledge_early(self, delivery: Delivery) -> None:
        """Keep an acknowledgement for later; one that comes after a call-back is ignored."""
        if delivery.state is State.LEASED:
            delivery.end(State.ACKNOWLEDGED)

    def remove(self, delivery: Delivery) -> None:
        """Owe a delivery no longer."""
        if delivery in self._out:
            self._out.remove(delivery)
            return
        if delivery is self._turn:
            self._turn = None
        self._waiting.remove(delivery)

    def fail(self, delivery: Delivery) -> None:
        """Put a refused delivery back to its place, and with it all later ones."""
        self._call_back(self._out.index(delivery))

    def _call_back(self, first: int) -> None:
        back, self._out = self._out[first:], self._out[:first]
        for delivery in back:
            if delivery.state in {State.LEASED, State.ACKNOWLEDGED}:
                delivery.end(State.READY)
        self._waiting.extendleft(reversed(back))
