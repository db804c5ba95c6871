"""Takes a file into quarantine: its bytes first, then its row with the message that has it scanned.

So a row is never without its bytes. Bytes without a row are nobody's: nothing leads to them, and
the quarantine forgets them by itself.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shared.domain.account import Caller
from shared.domain.errors import (
    InvalidRequest,
    NotPermitted,
    TooLarge,
    TooManyRequests,
    Unavailable,
)
from shared.domain.events import FILE_UPLOADED, Message
from shared.domain.file import (
    LARGEST_BYTES,
    MOST_A_DAY,
    PREFIX,
    FileType,
    Purpose,
    StoredFile,
    clean_name,
    extension_of,
)
from shared.domain.file_content import MalformedError, NotTakenError, read_sides, read_type
from shared.domain.ids import new_id
from shared.domain.receipt import retain_until
from shared.domain.receipt_look import LARGEST_LOGO_BYTES, LARGEST_LOGO_SIDE, LOGO_TYPES
from shared.operations import objects
from shared.operations.create_charge import fingerprint
from shared.operations.file_objects import file_object
from shared.operations.file_ports import Taking
from shared.operations.ports import IdempotencyUse, Replayed, Stored, StoreDownError

OPERATION: Final = "create_file"
_DAY: Final = timedelta(days=1)
_RETRY_SECONDS: Final = 10
_COME_AGAIN_SECONDS: Final = 3600
# What a client says that does not know, or does not say.
_UNTOLD: Final = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_ALSO_CALLED: Final = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class CreateFile:
    """A well-formed file: looked at to its end, with a name that agrees with what it is."""

    purpose: Purpose
    file_name: str
    type: FileType
    content: bytes
    sha256: str
    fingerprint: str

    @classmethod
    def of(cls, content: bytes, *, purpose: Purpose, file_name: str, declared: str) -> "CreateFile":
        """Look at what was sent; `declared` is the media type that the sender says, or nothing.

        Raises TooLarge, and InvalidRequest `file_type_unsupported`, `file_malformed`,
        `file_type_mismatch`, `logo_unsuitable`.
        """
        if len(content) > LARGEST_BYTES:
            raise TooLarge("body_too_large", limit=LARGEST_BYTES)
        try:
            type_ = read_type(content)
        except NotTakenError:
            raise InvalidRequest("file_type_unsupported", "file") from None
        except MalformedError:
            raise InvalidRequest("file_malformed", "file") from None
        kind = declared.partition(";")[0].strip().lower()
        kind = _ALSO_CALLED.get(kind, kind)
        extension = extension_of(file_name)
        is_declared = kind not in _UNTOLD
        if (is_declared and kind != type_.media_type) or (
            extension is not None and extension not in type_.extensions
        ):
            raise InvalidRequest("file_type_mismatch", "file", found=type_.media_type)
        if purpose is Purpose.BUSINESS_LOGO and not _is_logo(content, type_):
            raise InvalidRequest("logo_unsuitable", "file")
        sha256 = hashlib.sha256(content).hexdigest()
        name = clean_name(file_name, type_)
        return cls(
            purpose=purpose,
            file_name=name,
            type=type_,
            content=content,
            sha256=sha256,
            fingerprint=fingerprint({"purpose": purpose.value, "name": name, "sha256": sha256}),
        )


def create_file(
    command: CreateFile, caller: Caller, how: Taking, *, idempotency_key: str | None
) -> Stored | Replayed:
    """Quarantine the bytes, then store the row and its message in one transaction.

    A key that was answered before gets that answer. Raises NotPermitted for a suspended account,
    TooManyRequests `files_too_many`, KeyReused, InProgress, Unavailable.
    """
    refuse_suspended(caller)
    use = None
    if idempotency_key is not None:
        use = IdempotencyUse(OPERATION, idempotency_key, command.fingerprint)
    earlier, count = how.store.look(use, since=how.now - _DAY)
    if earlier is not None:
        return earlier
    if count >= MOST_A_DAY:
        raise TooManyRequests(
            "files_too_many", limit=MOST_A_DAY, retry_after_seconds=_COME_AGAIN_SECONDS
        )
    file = _file(command, caller, how)
    how.reached("create_file.before_put")
    try:
        how.quarantine.put(file.quarantine_key, command.content)
    except StoreDownError as failure:
        raise Unavailable(
            "temporarily_unavailable", retry_after_seconds=_RETRY_SECONDS
        ) from failure
    how.reached("create_file.after_put")
    response = objects.to_json(file_object(file, base_url=how.base_url))
    message = Message(
        event_id=new_id("msg", _milliseconds(how)),
        topic=FILE_UPLOADED,
        account=file.account,
        livemode=file.livemode,
        object_id=file.id,
        traceparent=how.traceparent,
    )
    return how.store.add(file, message, use=use, response=response)


def _is_logo(content: bytes, type_: FileType) -> bool:
    """Tell whether a picture can be set on every receipt, without making it large or slow."""
    if type_ not in LOGO_TYPES or len(content) > LARGEST_LOGO_BYTES:
        return False
    try:
        sides = read_sides(content)
    except MalformedError:
        return False
    return max(sides) <= LARGEST_LOGO_SIDE


def refuse_suspended(caller: Caller) -> None:
    """Raise NotPermitted where the account is suspended: nothing new comes in."""
    if caller.suspended:
        raise NotPermitted("account_suspended")


def _file(command: CreateFile, caller: Caller, how: Taking) -> StoredFile:
    tenant = caller.tenant
    return StoredFile(
        id=new_id(PREFIX, _milliseconds(how)),
        account=tenant.account,
        livemode=tenant.livemode,
        purpose=command.purpose,
        file_name=command.file_name,
        type=command.type,
        size=len(command.content),
        sha256=command.sha256,
        made_by=caller.actor,
        created_at=how.now,
        retain_until=retain_until(
            how.now, livemode=tenant.livemode, now=how.now, retention_days=how.retention_days
        ),
    )


def _milliseconds(how: Taking) -> int:
    return int(how.now.timestamp() * 1000)
