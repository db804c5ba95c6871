"""One Pub/Sub server for each module of contract tests, ours or Google's emulator."""

from collections.abc import Iterator

import pytest

from tests.pubsub_calls import create_topic
from tests.pubsub_server import Client, Server, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("pubsub")) as running:
        yield running


@pytest.fixture(scope="module")
def publisher(server: Server) -> Client:
    return server.publisher()


@pytest.fixture(scope="module")
def subscriber(server: Server) -> Client:
    return server.subscriber()


@pytest.fixture
def topic(publisher: Client) -> str:
    return create_topic(publisher)
