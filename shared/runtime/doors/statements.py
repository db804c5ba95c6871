"""The operations on operators' statements, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.domain.errors import InvalidRequest, WrongContentType
from shared.operations import upload_statement as uploading
from shared.operations.objects import list_object
from shared.operations.statement_objects import statement_details, statement_object
from shared.operations.upload_statement import CONTENT_TYPE, PageOfStatements
from shared.runtime import statements, wiring
from shared.runtime.http import Answer, Call, Handler

PATH: Final = "/v1/platform/statements"


def upload(call: Call) -> Answer:
    """POST /v1/platform/statements; the same bytes again are refused."""
    kind = (call.content_type or "").partition(";")[0].strip().lower()
    if kind != CONTENT_TYPE:
        raise WrongContentType("content_type_unsupported", wanted=CONTENT_TYPE)
    if not call.content:
        raise InvalidRequest("statement_incomplete", line=1, column="version")
    statement = uploading.upload_statement(
        call.content, statements.uploads(), wiring.origin(call), how=statements.upload()
    )
    return Answer(body=statement_object(statement))


def show_page(call: Call) -> Answer:
    """GET /v1/platform/statements."""
    page = PageOfStatements.parse(call.query())
    found = statements.uploads().page(
        limit=page.limit + 1, after=page.after, operator_account=page.operator_account
    )
    data = [statement_object(statement) for statement in found[: page.limit]]
    return Answer(body=list_object(PATH, data, has_more=len(found) > page.limit))


def read(call: Call) -> Answer:
    """GET /v1/platform/statements/{id}."""
    call.refuse_query()
    statement, counts = uploading.read_statement(call.path_params["id"], statements.uploads())
    return Answer(body=statement_details(statement, counts))


HANDLERS: Final[Mapping[str, Handler]] = {
    "upload_statement": upload,
    "list_statements": show_page,
    "read_statement": read,
}
