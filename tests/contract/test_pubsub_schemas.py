"""Schemas: kept with their revisions, and named in what is published under them.

Runs against our server, or against the one that PUBSUB_EMULATOR_HOST names, but for the restart.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.pubsub_v1 import SchemaServiceClient
from google.pubsub_v1.services.schema_service.transports import SchemaServiceGrpcTransport

from tests.pubsub_calls import create_topic, new_name, publish, pull, subscribe
from tests.pubsub_server import PROJECT, Client, Server, started

PARENT = f"projects/{PROJECT}"
RECORD = {"type": "record", "name": "R", "fields": [{"name": "amount", "type": "int"}]}
AVRO = {"type": "AVRO", "definition": json.dumps(RECORD)}
PROTO = {
    "type": "PROTOCOL_BUFFER",
    "definition": 'syntax = "proto3"; message R { int64 amount = 1; }',
}


@pytest.fixture
def schemas(server: Server) -> Client:
    return _client(server)


def _client(server: Server) -> Client:
    return SchemaServiceClient(transport=SchemaServiceGrpcTransport(channel=server.channel()))


def _create(schemas: Client, definition: dict[str, str] = AVRO) -> Any:
    schema_id = new_name("schemas").rpartition("/")[2]
    return schemas.create_schema(parent=PARENT, schema=definition, schema_id=schema_id)


@pytest.mark.parametrize("definition", [AVRO, PROTO])
def test_schema_is_kept(schemas: Client, definition: dict[str, str]) -> None:
    """A schema is read back with its definition, listed without, and gone once deleted."""
    made = _create(schemas, definition)
    found = schemas.get_schema(name=made.name)
    assert found.definition == definition["definition"]
    assert found.revision_id == made.revision_id
    listed = {each.name: each for each in schemas.list_schemas(parent=PARENT)}
    assert not listed[made.name].definition
    with pytest.raises(exceptions.AlreadyExists):
        schemas.create_schema(
            parent=PARENT, schema=definition, schema_id=made.name.rpartition("/")[2]
        )
    schemas.delete_schema(name=made.name)
    with pytest.raises(exceptions.NotFound):
        schemas.get_schema(name=made.name)


def test_revisions_are_added_rolled_back_and_deleted(schemas: Client) -> None:
    """A schema's history grows by commit and rollback, and loses what is deleted."""
    first = _create(schemas)
    wider = {**RECORD, "doc": "wider"}
    second = schemas.commit_schema(
        name=first.name, schema={"name": first.name, **AVRO, "definition": json.dumps(wider)}
    )
    third = schemas.rollback_schema(name=first.name, revision_id=first.revision_id)
    assert third.definition == AVRO["definition"]
    assert len({first.revision_id, second.revision_id, third.revision_id}) == 3
    of_second = schemas.get_schema(name=f"{first.name}@{second.revision_id}")
    assert json.loads(of_second.definition) == wider
    schemas.delete_schema_revision(name=f"{first.name}@{second.revision_id}")
    left = {each.revision_id for each in schemas.list_schema_revisions(name=first.name)}
    assert left == {third.revision_id, first.revision_id}


@pytest.mark.parametrize(
    "definition",
    [
        {"type": "AVRO", "definition": ""},
        {"type": "AVRO", "definition": "{"},
        {"type": "PROTOCOL_BUFFER", "definition": ""},
        {"definition": AVRO["definition"]},
    ],
)
def test_invalid_schema_is_refused(schemas: Client, definition: dict[str, str]) -> None:
    """What is no schema is not kept as one."""
    with pytest.raises(exceptions.InvalidArgument):
        _create(schemas, definition)


def test_a_message_names_its_schema(publisher: Client, subscriber: Client, schemas: Client) -> None:
    """A receiver learns name, revision and encoding of the schema to read the data by."""
    schema = _create(schemas)
    topic = create_topic(publisher, schema_settings={"schema": schema.name, "encoding": "JSON"})
    subscription = subscribe(subscriber, topic)
    publish(publisher, topic, b'{"amount": 1}')
    (received,) = pull(subscriber, subscription)
    assert dict(received.message.attributes) == {
        "googclient_schemaname": schema.name,
        "googclient_schemaencoding": "JSON",
        "googclient_schemarevisionid": schema.revision_id,
    }


def test_topic_needs_its_schema(publisher: Client, schemas: Client) -> None:
    """No topic under a schema that is not there; none is published to once it is deleted."""
    missing = {"schema": new_name("schemas"), "encoding": "JSON"}
    with pytest.raises(exceptions.NotFound):
        create_topic(publisher, schema_settings=missing)
    schema = _create(schemas)
    topic = create_topic(publisher, schema_settings={"schema": schema.name, "encoding": "JSON"})
    schemas.delete_schema(name=schema.name)
    assert publisher.get_topic(topic=topic).schema_settings.schema == "_deleted-schema_"
    with pytest.raises(exceptions.NotFound):
        publish(publisher, topic, b'{"amount": 1}')


def test_schemas_survive_a_kill(tmp_path: Path) -> None:
    """Each answered revision, and each deletion, is on the disk."""
    with started(tmp_path) as server:
        schemas = _client(server)
        kept, gone = _create(schemas), _create(schemas)
        revision = schemas.commit_schema(name=kept.name, schema={"name": kept.name, **AVRO})
        schemas.delete_schema(name=gone.name)
        server.kill()
    with started(tmp_path) as server:
        schemas = _client(server)
        found = [each.revision_id for each in schemas.list_schema_revisions(name=kept.name)]
        assert found == [revision.revision_id, kept.revision_id]
        with pytest.raises(exceptions.NotFound):
            schemas.get_schema(name=gone.name)
