"""A message on its way to one subscription, and where it stands."""

import asyncio
import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

# The protobuf classes behind google.pubsub_v1 carry no types.
ProtoMessage: TypeAlias = Any


@dataclass(slots=True, eq=False)
class Message:
    """A published message, shared by all who owe or keep it."""

    proto: ProtoMessage
    size: int

    @property
    def id(self) -> str:
        """The message id: digits, all of one length, growing."""
        message_id: str = self.proto.message_id
        return message_id

    @property
    def published(self) -> float:
        """Unix seconds."""
        seconds: float = self.proto.publish_time.ToMilliseconds() / 1000
        return seconds


class State(enum.Enum):
    """Where a delivery stands."""

    WAITING = enum.auto()  # for the disk, or for its next attempt
    READY = enum.auto()
    LEASED = enum.auto()
    ACKNOWLEDGED = enum.auto()  # before an earlier message of its ordering key
    DONE = enum.auto()


@dataclass(slots=True, eq=False)
class Delivery:
    """One message owed to one subscription; `failures` so far, so the attempt is one more.

    `lease` numbers the attempts, so that an exactly-once subscription knows an expired one.
    """

    message: Message
    failures: int = 0
    state: State = State.WAITING
    lease: int = 0
    timer: asyncio.TimerHandle | None = None
    on_end: Callable[["Delivery"], None] | None = None

    @property
    def id(self) -> str:
        """The message id."""
        return self.message.id

    def end(self, state: State) -> None:
        """Leave the present state: no timer runs on, and the holder is told."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.state = state
        if self.on_end is not None:
            on_end, self.on_end = self.on_end, None
            on_end(self)
