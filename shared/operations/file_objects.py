"""The public form of files, and their reads."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from shared.domain.errors import InvalidRequest
from shared.domain.file import LINK_LASTS, PREFIX, FileStatus, Purpose, StoredFile
from shared.operations.file_ports import FileReads
from shared.operations.objects import unix_seconds
from shared.operations.reads import Read, page_object

LIST_URL: Final = "/v1/files"


def file_object(file: StoredFile, *, base_url: str) -> dict[str, Any]:
    """Return a file as OpenAPI describes it; `size` in bytes, times in Unix seconds."""
    is_available = file.status is FileStatus.AVAILABLE
    return {
        "id": file.id,
        "object": "file",
        "purpose": file.purpose.value,
        "filename": file.file_name,
        "type": file.type.value,
        "size": file.size,
        "sha256": file.sha256,
        "status": file.status.value,
        "refusal_reason": None if file.fault is None else file.fault.value,
        "url": f"{base_url}{LIST_URL}/{file.id}/contents" if is_available else None,
        "expires_at": unix_seconds(file.retain_until),
        "created": unix_seconds(file.created_at),
        "livemode": file.livemode,
    }


def read_purpose(value: object) -> Purpose:
    """Return what a file is for. Raises InvalidRequest."""
    if value is None:
        raise InvalidRequest("parameter_missing", "purpose")
    try:
        return Purpose(str(value))
    except ValueError:
        raise InvalidRequest("parameter_invalid", "purpose") from None


def read_file(read: Read, store: FileReads) -> dict[str, Any]:
    """Return one file. Raises NotFound."""
    return file_object(read.one(PREFIX, store.find_file), base_url=read.base_url)


def list_files(read: Read, store: FileReads) -> dict[str, Any]:
    """Return a page of files. Raises InvalidRequest."""
    page = read.page(PREFIX, "purpose")
    wanted = read.query.get("purpose")
    purpose = None if wanted is None else read_purpose(wanted)
    found = store.list_files(page, purpose=purpose)
    return page_object(LIST_URL, found, partial(file_object, base_url=read.base_url))


def read_file_contents(
    read: Read, store: FileReads, sign: Callable[[StoredFile], str]
) -> dict[str, Any]:
    """Return an address that gives the file to whoever has it, for a few minutes.

    Raises NotFound, and InvalidRequest `file_not_available` for what is not kept.
    """
    file = read.one(PREFIX, store.find_file)
    if file.status is not FileStatus.AVAILABLE:
        raise InvalidRequest("file_not_available", "id", status=file.status.value)
    return {
        "object": "file_contents",
        "file": file.id,
        "url": sign(file),
        "expires_at": unix_seconds(read.now + LINK_LASTS),
        "livemode": file.livemode,
    }


FILE_READS: Final[Mapping[str, Callable[[Read, FileReads], dict[str, Any]]]] = {
    "read_file": read_file,
    "list_files": list_files,
}
