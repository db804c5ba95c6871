"""The API as JSON over HTTP: the same methods, found by google.pubsub.v1's own URL templates.

Any bearer token is taken and none is needed, as on the gRPC port.
"""

import json
import re
from collections.abc import Mapping
from typing import Final, NamedTuple, cast
from urllib.parse import parse_qsl

import grpc
from google.protobuf import json_format

from knative.local.pubsub.delivery import ProtoMessage
from knative.local.pubsub.errors import InvalidArgumentError, PubSubError
from knative.local.pubsub.http_door import Answer, Request, Room, refusal
from knative.local.pubsub.issuer import Json
from knative.local.pubsub.service import Call, Context, error_details

_TOPIC, _SUBSCRIPTION = "projects/*/topics/*", "projects/*/subscriptions/*"
_SNAPSHOT, _SCHEMA = "projects/*/snapshots/*", "projects/*/schemas/*"

# HTTP method, URL template, API method, and the field that is the body ("*": the whole request).
ROUTES: Final = (
    ("PUT", f"{{name={_TOPIC}}}", "CreateTopic", "*"),
    ("PATCH", f"{{topic.name={_TOPIC}}}", "UpdateTopic", "*"),
    ("POST", f"{{topic={_TOPIC}}}:publish", "Publish", "*"),
    ("GET", f"{{topic={_TOPIC}}}", "GetTopic", ""),
    ("GET", "{project=projects/*}/topics", "ListTopics", ""),
    ("GET", f"{{topic={_TOPIC}}}/subscriptions", "ListTopicSubscriptions", ""),
    ("GET", f"{{topic={_TOPIC}}}/snapshots", "ListTopicSnapshots", ""),
    ("DELETE", f"{{topic={_TOPIC}}}", "DeleteTopic", ""),
    ("POST", f"{{subscription={_SUBSCRIPTION}}}:detach", "DetachSubscription", ""),
    ("PUT", f"{{name={_SUBSCRIPTION}}}", "CreateSubscription", "*"),
    ("PATCH", f"{{subscription.name={_SUBSCRIPTION}}}", "UpdateSubscription", "*"),
    ("GET", f"{{subscription={_SUBSCRIPTION}}}", "GetSubscription", ""),
    ("GET", "{project=projects/*}/subscriptions", "ListSubscriptions", ""),
    ("DELETE", f"{{subscription={_SUBSCRIPTION}}}", "DeleteSubscription", ""),
    ("POST", f"{{subscription={_SUBSCRIPTION}}}:pull", "Pull", "*"),
    ("POST", f"{{subscription={_SUBSCRIPTION}}}:acknowledge", "Acknowledge", "*"),
    ("POST", f"{{subscription={_SUBSCRIPTION}}}:modifyAckDeadline", "ModifyAckDeadline", "*"),
    ("POST", f"{{subscription={_SUBSCRIPTION}}}:modifyPushConfig", "ModifyPushConfig", "*"),
    ("POST", f"{{subscription={_SUBSCRIPTION}}}:seek", "Seek", "*"),
    ("PUT", f"{{name={_SNAPSHOT}}}", "CreateSnapshot", "*"),
    ("PATCH", f"{{snapshot.name={_SNAPSHOT}}}", "UpdateSnapshot", "*"),
    ("GET", f"{{snapshot={_SNAPSHOT}}}", "GetSnapshot", ""),
    ("GET", "{project=projects/*}/snapshots", "ListSnapshots", ""),
    ("DELETE", f"{{snapshot={_SNAPSHOT}}}", "DeleteSnapshot", ""),
    ("POST", "{parent=projects/*}/schemas", "CreateSchema", "schema"),
    ("GET", f"{{name={_SCHEMA}}}", "GetSchema", ""),
    ("GET", "{parent=projects/*}/schemas", "ListSchemas", ""),
    ("GET", f"{{name={_SCHEMA}}}:listRevisions", "ListSchemaRevisions", ""),
    ("POST", f"{{name={_SCHEMA}}}:commit", "CommitSchema", "*"),
    ("POST", f"{{name={_SCHEMA}}}:rollback", "RollbackSchema", "*"),
    ("DELETE", f"{{name={_SCHEMA}}}:deleteRevision", "DeleteSchemaRevision", ""),
    ("DELETE", f"{{name={_SCHEMA}}}", "DeleteSchema", ""),
    ("GET", "{resource=projects/*/*/*}:getIamPolicy", "GetIamPolicy", ""),
    ("POST", "{resource=projects/*/*/*}:setIamPolicy", "SetIamPolicy", "*"),
    ("POST", "{resource=projects/*/*/*}:testIamPermissions", "TestIamPermissions", "*"),
)

_HTTP_STATUS: Final = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.UNIMPLEMENTED: 501,
}
# Parameters of every Google API; they say how to answer, never what to do.
_SYSTEM_PARAMETERS: Final = frozenset({"alt", "fields", "key", "prettyPrint", "quotaUser"})


class _Route(NamedTuple):
    http_method: str
    pattern: re.Pattern[str]
    variable: str
    call: Call
    body: str


class _NoDeadline:
    """What a method asks of a gRPC call, for a request that is none."""

    def time_remaining(self) -> None:
        """HTTP says no deadline."""


def rest_api(calls: Mapping[str, Call]) -> Room:
    """The room of everything below /v1/."""
    routes = [
        _compiled(http_method, template, calls[name], body)
        for http_method, template, name, body in ROUTES
    ]

    async def answer(request: Request) -> Answer | None:
        fitting = [
            (route, found)
            for route in routes
            if (found := route.pattern.fullmatch(request.path)) is not None
        ]
        for route, found in fitting:
            if route.http_method == request.method:
                return await _answered(route, found[1], request)
        if not fitting:
            return None
        allowed = ", ".join(sorted({route.http_method for route, _ in fitting}))
        refused = refusal(405, f"{request.path} takes {allowed}.")
        return Answer(refused.status, refused.document, headers=(f"Allow: {allowed}",))

    return answer


def _compiled(http_method: str, template: str, call: Call, body: str) -> _Route:
    variable, _, rest = template.removeprefix("{").partition("=")
    path, _, suffix = rest.partition("}")
    pattern = re.escape(path).replace(r"\*", "[^/:]+")
    return _Route(
        http_method, re.compile(f"/v1/({pattern}){re.escape(suffix)}"), variable, call, body
    )


async def _answered(route: _Route, name: str, request: Request) -> Answer:
    try:
        message = _parsed(route, name, request)
        answer = await route.call.method(message, cast("Context", _NoDeadline()))
    except PubSubError as error:
        details = json_format.MessageToDict(error_details(error)).get("details")
        more = {"details": details} if details else {}
        return refusal(_HTTP_STATUS[error.code], str(error), word=error.code.name, **more)
    return Answer(200, json_format.MessageToDict(answer))


def _parsed(route: _Route, name: str, request: Request) -> ProtoMessage:
    """The request as the API's message; raises InvalidArgumentError."""
    document: Json = {}
    for key, value in parse_qsl(request.query, keep_blank_values=True):
        if key not in _SYSTEM_PARAMETERS and not key.startswith("$"):
            _put(document, key, value)
    message = route.call.request_class()
    try:
        if route.body and request.body:
            body = json.loads(request.body)
            document = {**body, **document} if route.body == "*" else {route.body: body, **document}
        _put(document, route.variable, name)
        mask = document.get("updateMask")
        if isinstance(mask, str):  # either spelling of a field is taken
            document["updateMask"] = re.sub("_([a-z])", lambda found: found[1].upper(), mask)
        json_format.ParseDict(document, message)
    except (ValueError, TypeError, RecursionError, json_format.ParseError) as error:
        raise InvalidArgumentError(f"Invalid JSON payload received. {error}") from error
    return message


def _put(document: Json, path: str, value: str) -> None:
    """Set a field by its dotted path."""
    *parents, last = path.split(".")
    for parent in parents:
        inner = document.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise InvalidArgumentError(f"{parent} is no object.")
        document = inner
    document[last] = value
