"""IAM policies of topics and subscriptions: kept whole, given back, and enforced on nobody.

Always against ours: Google's emulator answers UNIMPLEMENTED.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions

from tests.pubsub_calls import create_topic, new_name, publish, subscribe
from tests.pubsub_server import Client, Server, started

EDITOR = {"role": "roles/pubsub.editor", "members": ["serviceAccount:a@pay.example"]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("pubsub")) as running:
        yield running


def _set(client: Client, resource: str, *bindings: dict[str, Any], etag: bytes = b"") -> Any:
    policy = {"bindings": list(bindings), "etag": etag}
    return client.set_iam_policy(request={"resource": resource, "policy": policy})


def test_policy_is_kept(publisher: Client, subscriber: Client, topic: str) -> None:
    """Empty at first, then what was set, for topics and subscriptions; and it stops nobody."""
    subscription = subscribe(subscriber, topic)
    for client, resource in ((publisher, topic), (subscriber, subscription)):
        empty = client.get_iam_policy(request={"resource": resource})
        assert not empty.bindings
        assert empty.etag
        policy = _set(client, resource, EDITOR)
        assert client.get_iam_policy(request={"resource": resource}) == policy
        assert [binding.role for binding in policy.bindings] == ["roles/pubsub.editor"]
    assert publish(publisher, topic, b"x")


def test_stale_etag_is_refused(publisher: Client, topic: str) -> None:
    """Whoever read an older policy does not overwrite a newer one without knowing."""
    first = _set(publisher, topic, EDITOR)
    second = _set(publisher, topic, EDITOR, etag=first.etag)
    assert second.etag != first.etag
    with pytest.raises(exceptions.Aborted):
        _set(publisher, topic, etag=first.etag)
    assert publisher.get_iam_policy(request={"resource": topic}) == second


@pytest.mark.parametrize(
    "binding",
    [
        {"role": "editor", "members": ["user:a@pay.example"]},
        {"role": "roles/pubsub.editor", "members": ["a@pay.example"]},
        {"role": "roles/pubsub.editor", "members": ["nobody:a"]},
    ],
)
def test_invalid_policy_is_refused(publisher: Client, topic: str, binding: dict[str, Any]) -> None:
    """A role or member that production refuses changes nothing."""
    with pytest.raises(exceptions.InvalidArgument):
        _set(publisher, topic, binding)
    assert not publisher.get_iam_policy(request={"resource": topic}).bindings


def test_permissions_are_granted(publisher: Client, topic: str) -> None:
    """Every real permission is held, since nothing is enforced; an invented one is refused."""
    asked = ["pubsub.topics.publish", "pubsub.topics.update"]
    answer = publisher.test_iam_permissions(request={"resource": topic, "permissions": asked})
    assert list(answer.permissions) == asked
    with pytest.raises(exceptions.InvalidArgument):
        publisher.test_iam_permissions(request={"resource": topic, "permissions": ["fly"]})


def test_policy_needs_its_resource(publisher: Client, topic: str) -> None:
    """No policy without a resource: neither before its creation nor after its deletion."""
    missing = new_name("topics")
    with pytest.raises(exceptions.NotFound):
        _set(publisher, missing, EDITOR)
    with pytest.raises(exceptions.InvalidArgument):
        _set(publisher, "what", EDITOR)
    _set(publisher, topic, EDITOR)
    publisher.delete_topic(topic=topic)
    publisher.create_topic(name=topic)
    assert not publisher.get_iam_policy(request={"resource": topic}).bindings


def test_policy_survives_a_kill(tmp_path: Path) -> None:
    """An answered policy is on the disk, etag and all."""
    with started(tmp_path) as server:
        topic = create_topic(server.publisher())
        policy = _set(server.publisher(), topic, EDITOR)
        server.kill()
    with started(tmp_path) as server:
        assert server.publisher().get_iam_policy(request={"resource": topic}) == policy
