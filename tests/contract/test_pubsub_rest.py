"""The Pub/Sub API as JSON over HTTP: by Google's own REST client, and as Terraform speaks it.

Always against ours, which serves it beside gRPC from the same state.
"""

import base64
import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.pubsub_v1 import PublisherClient, SchemaServiceClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherRestTransport
from google.pubsub_v1.services.schema_service.transports import SchemaServiceRestTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberRestTransport

from tests.pubsub_calls import (
    acknowledge,
    create_topic,
    datas,
    new_name,
    publish,
    pull,
    pull_now,
    subscribe,
)
from tests.pubsub_server import PROJECT, Client, Server, started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("pubsub")) as running:
        yield running


def _transport(server: Server, transport: Any) -> Any:
    return transport(
        host=server.issuer.removeprefix("http://"),
        url_scheme="http",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]  # theirs
    )


@pytest.fixture
def rest_publisher(server: Server) -> Client:
    return PublisherClient(transport=_transport(server, PublisherRestTransport))


@pytest.fixture
def rest_subscriber(server: Server) -> Client:
    return SubscriberClient(transport=_transport(server, SubscriberRestTransport))


def _call(
    server: Server, method: str, target: str, document: object = None, **headers: str
) -> tuple[int, Any]:
    """One request as Terraform sends it; its status and document."""
    connection = http.client.HTTPConnection(server.issuer.removeprefix("http://"), timeout=10)
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    connection.request(
        method,
        f"/v1/{target}",
        body=None if document is None else body,
        headers={"Authorization": "Bearer of-nobody", "Content-Type": "application/json"} | headers,
    )
    answer = connection.getresponse()
    found = json.loads(answer.read())
    connection.close()
    return answer.status, found


def test_googles_rest_client_publishes_and_pulls(
    rest_publisher: Client, rest_subscriber: Client
) -> None:
    """What the REST client publishes it pulls, whole, and it is gone once acknowledged."""
    topic = create_topic(rest_publisher)
    subscription = subscribe(rest_subscriber, topic)
    message = {"data": b"\x00\xff", "attributes": {"a": "é"}, "ordering_key": "k"}
    (message_id,) = rest_publisher.publish(topic=topic, messages=[message]).message_ids
    (received,) = pull(rest_subscriber, subscription)
    assert received.message.message_id == message_id
    assert received.message.data == b"\x00\xff"
    assert dict(received.message.attributes) == {"a": "é"}
    assert received.message.ordering_key == "k"
    acknowledge(rest_subscriber, subscription, received)
    assert pull_now(rest_subscriber, subscription) == []


def test_googles_rest_client_manages(
    rest_publisher: Client, rest_subscriber: Client, publisher: Client, subscriber: Client
) -> None:
    """Both doors show the same resources, and errors of the same kind."""
    topic = create_topic(rest_publisher, labels={"a": "b"})
    subscription = subscribe(
        rest_subscriber, topic, ack_deadline_seconds=30, retry_policy={}, filter="attributes:a"
    )
    assert rest_publisher.get_topic(topic=topic) == publisher.get_topic(topic=topic)
    assert rest_subscriber.get_subscription(
        subscription=subscription
    ) == subscriber.get_subscription(subscription=subscription)
    changed = rest_subscriber.update_subscription(
        request={
            "subscription": {"name": subscription, "ack_deadline_seconds": 60},
            "update_mask": {"paths": ["ack_deadline_seconds", "retry_policy"]},
        }
    )
    assert changed.ack_deadline_seconds == 60
    assert "retry_policy" not in changed
    snapshot = rest_subscriber.create_snapshot(
        request={"name": new_name("snapshots"), "subscription": subscription}
    )
    rest_subscriber.seek(request={"subscription": subscription, "snapshot": snapshot.name})
    assert list(rest_publisher.list_topic_snapshots(request={"topic": topic})) == [snapshot.name]
    listed = rest_publisher.list_topics(request={"project": f"projects/{PROJECT}", "page_size": 1})
    assert topic in [each.name for each in listed]
    rest_publisher.detach_subscription(request={"subscription": subscription})
    with pytest.raises(exceptions.Conflict):
        rest_publisher.create_topic(name=topic)
    rest_publisher.delete_topic(topic=topic)
    with pytest.raises(exceptions.NotFound):
        rest_publisher.get_topic(topic=topic)


def test_googles_rest_client_learns_of_an_expired_ack_id(
    publisher: Client, rest_subscriber: Client, topic: str
) -> None:
    """An exactly-once refusal carries each id with its reason here too."""
    subscription = subscribe(rest_subscriber, topic, enable_exactly_once_delivery=True)
    publish(publisher, topic, b"x")
    (received,) = pull(rest_subscriber, subscription)
    acknowledge(rest_subscriber, subscription, received)
    with pytest.raises(exceptions.GoogleAPICallError) as refused:
        acknowledge(rest_subscriber, subscription, received)
    assert refused.value.metadata == {received.ack_id: "PERMANENT_FAILURE_INVALID_ACK_ID"}


def test_googles_rest_client_keeps_schemas(server: Server) -> None:
    """A schema's life by REST."""
    schemas: Client = SchemaServiceClient(transport=_transport(server, SchemaServiceRestTransport))
    definition = {"type": "AVRO", "definition": '{"type": "string"}'}
    schema_id = new_name("schemas").rpartition("/")[2]
    made = schemas.create_schema(
        parent=f"projects/{PROJECT}", schema=definition, schema_id=schema_id
    )
    schemas.commit_schema(name=made.name, schema={"name": made.name, **definition})
    assert len(list(schemas.list_schema_revisions(name=made.name))) == 2
    schemas.delete_schema(name=made.name)
    assert made.name not in [
        each.name for each in schemas.list_schemas(parent=f"projects/{PROJECT}")
    ]


def test_as_terraform_speaks_it(server: Server) -> None:
    """PUT without a name in the body, PATCH with a camelCase mask in the query, IAM, DELETE."""
    topic, subscription = new_name("topics"), new_name("subscriptions")
    labels = {"goog-terraform-provisioned": "true"}
    wanted = {"labels": labels, "messageRetentionDuration": "86600s"}
    assert _call(server, "PUT", topic, wanted)[0] == 200
    status, read = _call(server, "GET", f"{topic}?alt=json")
    assert (status, read) == (200, {"name": topic, "state": "ACTIVE", **wanted})
    changed: Any = {"topic": {"labels": labels | {"b": "c"}, "messageRetentionDuration": "600s"}}
    mask = "updateMask=labels%2CmessageRetentionDuration"
    assert _call(server, "PATCH", f"{topic}?{mask}", changed)[0] == 200
    made = {
        "topic": topic,
        "ackDeadlineSeconds": 20,
        "retainAckedMessages": False,
        "expirationPolicy": {},
        "pushConfig": {
            "pushEndpoint": "http://127.0.0.1:9/",
            "attributes": {"x-goog-version": "v1"},
            "oidcToken": {"serviceAccountEmail": "push@pay.example"},
        },
        "retryPolicy": {"minimumBackoff": "1s", "maximumBackoff": "600s"},
        "bigqueryConfig": None,
    }
    assert _call(server, "PUT", subscription, made)[0] == 200
    changed = {"subscription": {"ackDeadlineSeconds": 30, "retryPolicy": {"minimumBackoff": "2s"}}}
    mask = "updateMask=ackDeadlineSeconds,retryPolicy"
    assert _call(server, "PATCH", f"{subscription}?{mask}", changed)[0] == 200
    read = _call(server, "GET", subscription)[1]
    assert read["ackDeadlineSeconds"] == 30
    assert read["retryPolicy"] == {"minimumBackoff": "2s", "maximumBackoff": "600s"}
    assert read["pushConfig"] == made["pushConfig"]
    assert read["expirationPolicy"] == {}
    for resource in (topic, subscription):
        empty = _call(server, "GET", f"{resource}:getIamPolicy?options.requestedPolicyVersion=3")
        policy = {
            "bindings": [{"role": "roles/pubsub.publisher", "members": ["user:a@pay.example"]}],
            "etag": empty[1]["etag"],
        }
        assert _call(server, "POST", f"{resource}:setIamPolicy", {"policy": policy})[0] == 200
        kept = _call(server, "GET", f"{resource}:getIamPolicy")[1]
        assert kept["bindings"] == policy["bindings"]
        stale = _call(server, "POST", f"{resource}:setIamPolicy", {"policy": policy})
        assert (stale[0], stale[1]["error"]["status"]) == (409, "ABORTED")
        assert _call(server, "DELETE", resource) == (200, {})
        assert _call(server, "GET", resource)[0] == 404


@pytest.mark.parametrize(
    ("method", "target", "document", "status", "word"),
    [
        ("GET", "projects/pay/topics/missing", None, 404, "NOT_FOUND"),
        ("GET", "projects/other/topics/missing", None, 404, "NOT_FOUND"),
        ("GET", "projects/pay/nothing", None, 404, "NOT_FOUND"),
        ("POST", "projects/pay/topics/missing", {}, 405, "UNIMPLEMENTED"),
        ("PUT", "projects/pay/topics/1x", {}, 400, "INVALID_ARGUMENT"),
        ("PUT", "projects/pay/topics/good", b"{", 400, "INVALID_ARGUMENT"),
        ("PUT", "projects/pay/topics/good", [], 400, "INVALID_ARGUMENT"),
        ("PUT", "projects/pay/topics/good", {"noSuchField": 1}, 400, "INVALID_ARGUMENT"),
        ("PUT", "projects/pay/topics/good", {"labels": "x"}, 400, "INVALID_ARGUMENT"),
        ("POST", "projects/pay/topics/good:publish", b"\xff", 400, "INVALID_ARGUMENT"),
        ("PUT", "projects/pay/topics/good", b"[" * 100_000, 400, "INVALID_ARGUMENT"),
        (
            "PUT",
            "projects/pay/topics/good",
            {"messageTransforms": [{"disabled": True}]},
            501,
            "UNIMPLEMENTED",
        ),
    ],
)
def test_refusals_have_googles_shape(
    server: Server, *, method: str, target: str, document: object, status: int, word: str
) -> None:
    """A refusal is JSON with code, status and a message, and changes nothing."""
    answer = _call(server, method, target, document)
    assert answer[0] == status
    assert set(answer[1]) == {"error"}
    assert answer[1]["error"]["code"] == status
    assert answer[1]["error"]["status"] == word
    assert answer[1]["error"]["message"]
    assert _call(server, "GET", "projects/pay/topics/good")[0] == 404


def test_large_bodies_have_a_limit(server: Server, subscriber: Client, topic: str) -> None:
    """Ten megabytes at most, said clearly; just below the limits a message comes through."""
    subscription = subscribe(subscriber, topic)
    data = b"x" * 7_400_000
    message = {"data": base64.b64encode(data).decode()}
    assert _call(server, "POST", f"{topic}:publish", {"messages": [message]})[0] == 200
    assert datas(pull(subscriber, subscription)) == [data]
    status, refused = _call(server, "POST", f"{topic}:publish", b" " * (10 * 1024 * 1024 + 1))
    assert status == 400
    assert refused["error"]["message"] == "Request payload size exceeds the limit: 10485760 bytes."


def test_a_web_page_is_refused(server: Server, topic: str) -> None:
    """A page that a developer visits cannot publish: browsers send an Origin with a POST."""
    document = {"messages": [{"data": ""}]}
    refused = _call(server, "POST", f"{topic}:publish", document, Origin="https://evil.example")
    assert refused[0] == 403
