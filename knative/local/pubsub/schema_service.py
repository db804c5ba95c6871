"""google.pubsub.v1.SchemaService: schemas with their revisions, named in the messages they govern.

Messages are not checked against them; ValidateSchema and ValidateMessage are not served.
"""

import json
import uuid

from google.protobuf import empty_pb2
from google.pubsub_v1.types import schema

from knative.local.pubsub.broker import Broker
from knative.local.pubsub.delivery import ProtoMessage
from knative.local.pubsub.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError
from knative.local.pubsub.names import check_name, check_project
from knative.local.pubsub.service import Call, Context, page_of

MAX_REVISIONS = 20
MAX_DEFINITION_BYTES = 300_000
BASIC, FULL = int(schema.SchemaView.BASIC), int(schema.SchemaView.FULL)

SchemaProto = schema.Schema.pb()
ListSchemasResponse = schema.ListSchemasResponse.pb()
ListSchemaRevisionsResponse = schema.ListSchemaRevisionsResponse.pb()


class SchemaService:
    """Each method raises PubSubError for what it refuses."""

    def __init__(self, broker: Broker, project: str) -> None:
        self._broker = broker
        self._project = project

    def calls(self) -> dict[str, Call]:
        """The methods by their names on the wire."""
        return {
            "CreateSchema": Call(self.create_schema, schema.CreateSchemaRequest.pb()),
            "GetSchema": Call(self.get_schema, schema.GetSchemaRequest.pb()),
            "ListSchemas": Call(self.list_schemas, schema.ListSchemasRequest.pb()),
            "ListSchemaRevisions": Call(
                self.list_schema_revisions, schema.ListSchemaRevisionsRequest.pb()
            ),
            "CommitSchema": Call(self.commit_schema, schema.CommitSchemaRequest.pb()),
            "RollbackSchema": Call(self.rollback_schema, schema.RollbackSchemaRequest.pb()),
            "DeleteSchemaRevision": Call(
                self.delete_schema_revision, schema.DeleteSchemaRevisionRequest.pb()
            ),
            "DeleteSchema": Call(self.delete_schema, schema.DeleteSchemaRequest.pb()),
        }

    async def create_schema(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Create a schema with its first revision."""
        check_project(request.parent, self._project)
        name = f"{request.parent}/schemas/{request.schema_id}"
        check_name(name, "schemas", self._project)
        if name in self._broker.state.schemas:
            raise AlreadyExistsError(f"Resource already exists in the project (resource={name}).")
        return await self._add_revision(name, request.schema)

    async def get_schema(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Read the newest revision, or the one that the name carries behind an @."""
        found = self._revision(request.name)
        return _viewed(found, request.view or FULL)

    async def list_schemas(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Read the newest revision of each schema by name."""
        check_project(request.parent, self._project)
        known = self._broker.state.schemas
        page, token = page_of(known, size=request.page_size, token=request.page_token)
        return ListSchemasResponse(
            schemas=[_viewed(known[name][-1], request.view or BASIC) for name in page],
            next_page_token=token,
        )

    async def list_schema_revisions(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Read all revisions of one schema, newest first; there are at most 20."""
        revisions = self._revisions(request.name)
        return ListSchemaRevisionsResponse(
            schemas=[_viewed(each, request.view or BASIC) for each in reversed(revisions)]
        )

    async def commit_schema(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Add a revision; the type stays."""
        newest = self._revisions(request.name)[-1]
        if request.schema.type_ != newest.type_:
            raise InvalidArgumentError("A schema's type never changes.")
        return await self._add_revision(request.name, request.schema)

    async def rollback_schema(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Add a revision that is like an earlier one."""
        earlier = self._revision(f"{request.name}@{request.revision_id}")
        return await self._add_revision(request.name, earlier)

    async def delete_schema_revision(
        self, request: ProtoMessage, _context: Context
    ) -> ProtoMessage:
        """Delete one revision, never the last."""
        revision = self._revision(request.name)
        name = revision.name
        revisions = self._revisions(name)
        if len(revisions) == 1:
            raise InvalidArgumentError("The only revision of a schema cannot be deleted.")
        rest = tuple(each for each in revisions if each is not revision)
        await self._broker.put_schema(name, rest)
        return rest[-1]

    async def delete_schema(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Delete a schema; publishing to its topics is refused from then on."""
        self._revisions(request.name)
        await self._broker.put_schema(request.name, ())
        return empty_pb2.Empty()

    async def _add_revision(self, name: str, wanted: ProtoMessage) -> ProtoMessage:
        _check_definition(wanted)
        revisions = self._broker.state.schemas.get(name, ())
        if len(revisions) >= MAX_REVISIONS:
            raise InvalidArgumentError(f"A schema has at most {MAX_REVISIONS} revisions.")
        revision = SchemaProto(
            name=name,
            type_=wanted.type_,
            definition=wanted.definition,
            revision_id=uuid.uuid4().hex[:8],
        )
        revision.revision_create_time.GetCurrentTime()
        await self._broker.put_schema(name, (*revisions, revision))
        return revision

    def _revision(self, name: str) -> ProtoMessage:
        schema_name, _, revision_id = name.partition("@")
        for revision in reversed(self._revisions(schema_name)):
            if revision_id in {"", revision.revision_id}:
                return revision
        raise NotFoundError(f"Resource not found (resource={name[:300]}).")

    def _revisions(self, name: str) -> tuple[ProtoMessage, ...]:
        check_name(name, "schemas", self._project)
        return self._broker.schema(name)


def _check_definition(wanted: ProtoMessage) -> None:
    if not 0 < len(wanted.definition.encode()) <= MAX_DEFINITION_BYTES:
        raise InvalidArgumentError(f"A definition has 1 to {MAX_DEFINITION_BYTES} bytes.")
    if wanted.type_ == int(schema.Schema.Type.AVRO):
        try:
            json.loads(wanted.definition)
        except ValueError as error:
            raise InvalidArgumentError("The definition is no Avro schema in JSON.") from error
    elif wanted.type_ != int(schema.Schema.Type.PROTOCOL_BUFFER):
        raise InvalidArgumentError("A schema is of type AVRO or PROTOCOL_BUFFER.")


def _viewed(revision: ProtoMessage, view: int) -> ProtoMessage:
    if view == FULL:
        return revision
    brief = SchemaProto()
    brief.CopyFrom(revision)
    brief.ClearField("definition")
    return brief
