"""How a method of ours becomes a method of gRPC, and a refusal of ours a gRPC status.

The client package ships message classes but no server side, so the methods are registered by name.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

import grpc
from google.protobuf import field_mask_pb2
from google.rpc import error_details_pb2, status_pb2

from knative.local.pubsub.delivery import ProtoMessage
from knative.local.pubsub.errors import AckRefusedError, InvalidArgumentError, PubSubError

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Method: TypeAlias = Callable[[ProtoMessage, Context], Awaitable[ProtoMessage]]

DEFAULT_PAGE = 100
MAX_PAGE = 1000


class Call(NamedTuple):
    """One method of the API and the message that it is asked with."""

    method: Method
    request_class: ProtoMessage


def unary(call: Call) -> grpc.RpcMethodHandler:
    """Serve one request with one answer."""

    async def answer(request: ProtoMessage, context: Context) -> ProtoMessage:
        try:
            return await call.method(request, context)
        except PubSubError as error:
            await _refuse(context, error)

    return grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=call.request_class.FromString,
        response_serializer=_serialize,
    )


def stream(
    method: Callable[[Context], Awaitable[None]], request_class: ProtoMessage
) -> grpc.RpcMethodHandler:
    """Serve a stream in both directions; the method reads and writes by its context."""

    async def serve(_requests: object, context: Context) -> None:
        try:
            await method(context)
        except PubSubError as error:
            await _refuse(context, error)

    return grpc.stream_stream_rpc_method_handler(
        serve,
        request_deserializer=request_class.FromString,
        response_serializer=_serialize,
    )


def page_of(names: Iterable[str], *, size: int, token: str) -> tuple[list[str], str]:
    """One page of names in order, and the token of the next page (empty on the last).

    The token is the last name given, so pages stay right while resources come and go.
    """
    if size < 0:
        raise InvalidArgumentError("page_size must not be negative.")
    limit = min(size or DEFAULT_PAGE, MAX_PAGE)
    rest = sorted(name for name in names if name > token)
    page = rest[:limit]
    return page, page[-1] if len(rest) > limit else ""


def merged(
    stored: ProtoMessage,
    wanted: ProtoMessage,
    mask: field_mask_pb2.FieldMask,
    *,
    mutable: frozenset[str],
) -> ProtoMessage:
    """A copy of `stored` with the mask's fields from `wanted`; raises InvalidArgumentError."""
    if not mask.paths:
        raise InvalidArgumentError("The update_mask must name at least one field.")
    for path in mask.paths:
        if path.split(".")[0] not in mutable or not _has_path(stored, path):
            raise InvalidArgumentError(
                f"The field {path[:100]} does not exist or cannot be changed."
            )
    result = type(stored)()
    result.CopyFrom(stored)
    mask.MergeMessage(wanted, result, replace_message_field=True, replace_repeated_field=True)
    return result


def error_details(error: PubSubError) -> ProtoMessage:
    """The refusal as google.rpc.Status, with what the clients read of an exactly-once one."""
    status = status_pb2.Status(code=error.code.value[0], message=str(error))
    if isinstance(error, AckRefusedError):
        info = error_details_pb2.ErrorInfo(
            reason="EXACTLY_ONCE_ACKID_FAILURE",
            domain="pubsub.googleapis.com",
            metadata=error.refused,
        )
        status.details.add().Pack(info)
    return status


async def _refuse(context: Context, error: PubSubError) -> None:
    details = error_details(error)
    trailing = (
        (("grpc-status-details-bin", details.SerializeToString()),) if details.details else ()
    )
    await context.abort(error.code, str(error), trailing)


def _has_path(proto: ProtoMessage, path: str) -> bool:
    descriptor = proto.DESCRIPTOR
    for name in path.split("."):
        if descriptor is None or name not in descriptor.fields_by_name:
            return False
        descriptor = descriptor.fields_by_name[name].message_type
    return True


def _serialize(message: ProtoMessage) -> bytes:
    data: bytes = message.SerializeToString()
    return data
