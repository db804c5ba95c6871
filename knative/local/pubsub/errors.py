"""The refusals of the server, one class for each gRPC status that a caller can meet.

PubSubError
├── InvalidArgumentError     the request can never succeed as it is
│   └── AckRefusedError      some ack ids are not, or no longer, good for an exactly-once ack
├── NotFoundError            no such topic, subscription or project
├── AlreadyExistsError       the name is taken
├── FailedPreconditionError  the request does not fit the resource's present state
├── AbortedError             somebody else changed the resource meanwhile
└── NotImplementedYetError   production answers it, this server does not yet
"""

import grpc


class PubSubError(Exception):
    """A refusal; `code` is the gRPC status, the text is for the caller."""

    code = grpc.StatusCode.UNKNOWN


class InvalidArgumentError(PubSubError):
    """The request can never succeed as it is."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class NotFoundError(PubSubError):
    """No such topic, subscription or project."""

    code = grpc.StatusCode.NOT_FOUND


class AlreadyExistsError(PubSubError):
    """The name is taken."""

    code = grpc.StatusCode.ALREADY_EXISTS


class FailedPreconditionError(PubSubError):
    """The request does not fit the resource's present state."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class AckRefusedError(InvalidArgumentError):
    """Some ack ids are not, or no longer, good; `refused` says why for each."""

    def __init__(self, refused: dict[str, str]) -> None:
        super().__init__("Some acknowledgement ids in the request were invalid or have expired.")
        self.refused = refused


class AbortedError(PubSubError):
    """Somebody else changed the resource meanwhile."""

    code = grpc.StatusCode.ABORTED


class NotImplementedYetError(PubSubError):
    """Production answers it, this server does not yet."""

    code = grpc.StatusCode.UNIMPLEMENTED
