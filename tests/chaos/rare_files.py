"""A merchant hands in a file while whoever takes it, or looks through it, is killed."""

import hashlib
import uuid
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Final

from knative.local.object_store import QUARANTINE_BUCKET
from tests.chaos.rare_drill import Together, Way
from tests.chaos.rare_drops import store_of
from tests.chaos.rare_town import Town
from tests.file_samples import MULTIPART, form, pdf

_OK: Final = 200
_KNOWN: Final = """
SELECT count(*), (SELECT count(*) FROM {schema}.events WHERE object_id = :id)
FROM {schema}.files WHERE sha256 = :sha256"""
_POINTS: Final = (
    ("create_file", ("before_put", "after_put")),
    ("create_file", ("before_publish",)),
    ("create_file", ("after_publish",)),
    ("scan_file", ("before_put", "after_put", "before_commit", "after_commit")),
    ("scan_file", ("before_publish",)),
    ("scan_file", ("after_publish",)),
)


def files(town: Town) -> Iterable[Together]:
    """Whoever gets no answer sends it again under the same key."""
    for function, steps in _POINTS:
        points = tuple(f"{function}.{step}" for step in steps)
        yield [Way(function, points, lambda: _hand_in(town))]


def _hand_in(town: Town) -> Callable[[], object]:
    key = str(uuid.uuid4())
    content = pdf(f"({key})".encode())
    made: list[str] = []

    def is_done() -> bool:
        if not made:
            how = {"Content_Type": MULTIPART, "Idempotency_Key": key}
            status, file = town.ask("POST", "/v1/files", form(content), **how)
            made.extend([file["id"]] if status == _OK else ())
        if not made or town.shown(f"/v1/files/{made[0]}").get("status") != "available":
            return False
        sha256 = hashlib.sha256(content).hexdigest()
        assert town.rows(_KNOWN, id=made[0], sha256=sha256) == [[1, 1]]
        return _waits_nowhere(town, made[0])

    return is_done


def _waits_nowhere(town: Town, file: str) -> bool:
    """Whether its bytes have left the quarantine; those of a death before its row stay there."""
    key = f"files/{town.merchant.account}/test/{file}"
    with closing(store_of(town.system, "s3_quarantine_credentials")) as store:
        try:
            store.get_object(Bucket=QUARANTINE_BUCKET, Key=key)
        except store.exceptions.NoSuchKey:
            return True
    return False
