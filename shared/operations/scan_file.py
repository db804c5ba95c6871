"""Looks through a quarantined file, keeps it where nobody can change it or refuses it, and tells.

Each step can be done again: the same bytes are kept once, the row moves once, and the quarantine is
emptied last. So a death anywhere loses nothing, and what nobody looked through is read by nobody.
"""

import hashlib
from typing import Final

from shared.domain.events import Event, Message
from shared.domain.file import FINAL, PREFIX, Fault, FileStatus, StoredFile, quarantine_key
from shared.domain.file_dangers import find_danger
from shared.domain.ids import is_id, new_id
from shared.domain.receipt import retain_until
from shared.operations import objects
from shared.operations.file_objects import file_object
from shared.operations.file_ports import FileDeciding, Scanning
from shared.operations.ports import ObjectMissingError

_EVENTS: Final = {FileStatus.AVAILABLE: "file.available", FileStatus.REFUSED: "file.refused"}


def scan_file(message: Message, *, store: FileDeciding, how: Scanning) -> str:
    """Decide about a file once; return a word for the log.

    Raises StoreDownError and ScannerDownError, after which the message must come again: until then
    the file stays quarantined.
    """
    if not is_id(message.object_id, PREFIX):
        return "nothing_to_scan"
    file = store.find_file(message.object_id)
    if file is None:
        # Its row went with the test data of its account.
        account, livemode = message.account, message.livemode
        how.quarantine.delete(quarantine_key(message.object_id, account=account, livemode=livemode))
        return "nothing_to_scan"
    if file.status in FINAL:
        how.quarantine.delete(file.quarantine_key)
        return "decided_already"
    decided, word = _decided(file, how)
    now = how.now()
    event = Event(
        id=new_id("evt", int(now.timestamp() * 1000)),
        type=_EVENTS[decided.status],
        object_id=decided.id,
        data=objects.to_json(file_object(decided, base_url=how.base_url)),
        created_at=now,
    )
    how.reached("scan_file.before_commit")
    won = store.decide(decided, event, at=now, traceparent=message.traceparent)
    how.reached("scan_file.after_commit")
    how.quarantine.delete(file.quarantine_key)
    return word if won else "decided_already"


def _decided(file: StoredFile, how: Scanning) -> tuple[StoredFile, str]:
    """Return the file as it shall be, and a word on why."""
    try:
        content = how.quarantine.get(file.quarantine_key)
    except ObjectMissingError:
        return file.refused(Fault.LOST), Fault.LOST.value
    if hashlib.sha256(content).hexdigest() != file.sha256:
        return file.refused(Fault.LOST), "changed_in_quarantine"
    fault = find_danger(content, file.type)
    if fault is not None:
        return file.refused(fault), fault.value
    found = how.scanner.scan(content)
    if found is not None:
        return file.refused(Fault.MALWARE), found[:100]
    now = how.now()
    how.reached("scan_file.before_put")
    kept = how.locked.put(
        file.kept_key,
        content,
        content_type=file.type.media_type,
        retain_until=retain_until(
            file.created_at, livemode=file.livemode, now=now, retention_days=how.retention_days
        ),
    )
    how.reached("scan_file.after_put")
    available = file.kept(object_key=kept.key, version_id=kept.version_id)
    return available, FileStatus.AVAILABLE.value
