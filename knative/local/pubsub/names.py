"""Resource names, so that a wrong one is refused before it is stored anywhere."""

import re

from knative.local.pubsub.errors import InvalidArgumentError, NotFoundError

DELETED_TOPIC = "_deleted-topic_"
DELETED_SCHEMA = "_deleted-schema_"
_RESOURCE = re.compile(r"projects/([^/]+)/(topics|subscriptions|snapshots|schemas)/([^/]+)")
_ID = re.compile(r"[A-Za-z][A-Za-z0-9._~+%-]{2,254}")
_PROJECT = re.compile(r"projects/([^/]+)")


def check_name(name: str, kind: str, project: str) -> None:
    """Accept `projects/<project>/<kind>/<id>`, id of 3-255 characters that is not `goog...`.

    Raises InvalidArgumentError, and NotFoundError for a project that is not served here.
    """
    found = _RESOURCE.fullmatch(name)
    if found is None or found[2] != kind or not _ID.fullmatch(found[3]):
        raise InvalidArgumentError(f"Invalid resource name given (name={name[:300]}).")
    if found[3].startswith("goog"):
        raise InvalidArgumentError(f"The id of {name} must not begin with goog.")
    _check_served(found[1], project)


def check_project(name: str, project: str) -> None:
    """Accept `projects/<project>`; raises as check_name does."""
    found = _PROJECT.fullmatch(name)
    if found is None:
        raise InvalidArgumentError(f"Invalid project name given (name={name[:300]}).")
    _check_served(found[1], project)


def split_name(name: str) -> tuple[str, str]:
    """Project and id of a checked name."""
    _, project, _, short = name.split("/")
    return project, short


def _check_served(asked: str, project: str) -> None:
    if asked != project:
        raise NotFoundError(f"Requested project not found (resource=projects/{asked}).")
