"""Uploads far beyond the bound, through the real gateway: refused early, kept nowhere."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Final
from urllib.parse import urlsplit

import psutil
import pytest

from knative.local.object_store import QUARANTINE_BUCKET
from shared.domain.file import LARGEST_UPLOAD_BYTES
from tests.chaos.rare_drops import store_of
from tests.end_to_end.merchant import Merchant, open_merchant
from tests.system import LocalSystem
from tests.trials import Trial

PART: Final = b"%PDF-1.7\n".ljust(1024 * 1024, b"x")
BOUNDARY: Final = "a-boundary"
FORM: Final = (
    f"--{BOUNDARY}\r\n"
    'Content-Disposition: form-data; name="purpose"\r\n\r\nbusiness_document\r\n'
    f"--{BOUNDARY}\r\n"
    'Content-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
    "Content-Type: application/pdf\r\n\r\n"
).encode()
# What may lie between sender and bound: the sockets' buffers and the gateway's, of either side.
ON_ITS_WAY: Final = 32 * 1024 * 1024
MOST_GROWTH: Final = 64 * 1024 * 1024
SECONDS: Final = 60


@pytest.fixture(scope="module")
def merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """An account of this module's own."""
    with open_merchant(local_system, "Imprimerie du Gros Volume") as merchant:
        yield merchant


def in_chunks(data: bytes) -> bytes:
    """A chunk of a body whose length nobody says."""
    return b"%x\r\n%b\r\n" % (len(data), data)


WAYS: Final[dict[str, tuple[Callable[[int], str], Callable[[bytes], bytes]]]] = {
    "chunked": (lambda _: "Transfer-Encoding: chunked", in_chunks),
    "with its length": (lambda size: f"Content-Length: {size}", bytes),
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", WAYS)
def test_a_body_far_beyond_the_bound_is_refused_early(
    local_system: LocalSystem, merchant: Merchant, trial: Trial, way: str
) -> None:
    """In our shape, soon after the bound; no memory grows with it, and nothing is left of it."""
    length, framed = WAYS[way]
    size = trial.size(300, 5 * 1024) * len(PART)
    processes = [psutil.Process(local_system.process_id(n)) for n in ("gateway", "create_file")]
    processes += [each for one in processes for each in one.children(recursive=True)]
    before = memory_of(processes)

    taken, answer = send(merchant, length(size), framed, size)

    grown = memory_of(processes) - before
    status, error = read(answer)
    wrong = [
        *(["status"] if status != 413 or error["code"] != "body_too_large" else []),
        *(["late"] if taken > LARGEST_UPLOAD_BYTES + ON_ITS_WAY else []),
        *(["memory"] if grown > MOST_GROWTH else []),
        *(["store"] if stored(local_system, merchant) else []),
    ]
    assert wrong == [], (status, error, taken, grown)
    assert merchant.read("/v1/files")["data"] == []
    name = f"upload beyond the bound, {way}"
    trial.record(name, 1, wrong=len(wrong), offered=size, taken=taken, grown=max(grown, 0))


def send(
    merchant: Merchant, length: str, framed: Callable[[bytes], bytes], size: int
) -> tuple[int, bytes]:
    """Send until it is answered or cut; how many bytes were taken, and the answer."""
    base = urlsplit(merchant.base_url)
    head = (
        f"POST /v1/files HTTP/1.1\r\nHost: {base.netloc}\r\n"
        f"Authorization: Bearer {merchant.secret_key}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n{length}\r\n\r\n"
    ).encode()
    taken = 0
    with socket.create_connection((base.hostname, base.port), timeout=SECONDS) as line:
        line.sendall(head + framed(FORM))
        with suppress(OSError):
            while taken < size and not answered(line):
                line.sendall(framed(PART))
                taken += len(PART)
        answer = b""
        with suppress(OSError):
            while not complete(answer) and (part := line.recv(65536)):
                answer += part
    return taken, answer


def answered(line: socket.socket) -> bool:
    """Whether anything came back yet."""
    line.settimeout(0)
    try:
        return bool(line.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        line.settimeout(SECONDS)


def complete(answer: bytes) -> bool:
    """Whether a whole answer is here."""
    head, _, body = answer.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return found is not None and len(body) >= int(found[1])


def read(answer: bytes) -> tuple[int, dict[str, str]]:
    """The status, and the error in our shape."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert body, answer
    error: dict[str, str] = json.loads(body)["error"]
    return int(head.split()[1]), error


def memory_of(processes: list[psutil.Process]) -> int:
    """What they hold together."""
    return sum(each.memory_info().rss for each in processes)


def stored(system: LocalSystem, merchant: Merchant) -> list[str]:
    """Every file of hers in the quarantine, and what was begun of one."""
    where = {"Bucket": QUARANTINE_BUCKET, "Prefix": f"files/{merchant.account}/"}
    with closing(store_of(system, "s3_credentials")) as store:
        whole = store.list_objects_v2(**where).get("Contents", ())
        begun = store.list_multipart_uploads(**where).get("Uploads", ())
    return [each["Key"] for each in (*whole, *begun)]
