"""An object store that keeps what it is given, for the doors of files; real ones have their own."""

import hashlib
from dataclasses import dataclass, field

from tests.scripted_server import Play, Seen, answer


@dataclass
class Bucket:
    """Objects by `<bucket>/<key>`. `away` names buckets that answer nothing but 503."""

    objects: dict[str, bytes] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)
    away: set[str] = field(default_factory=set)

    def __call__(self, seen: Seen) -> Play:
        """Answer one request."""
        place = seen.path.partition("?")[0].lstrip("/")
        self.seen.append((seen.method, place))
        if place.partition("/")[0] in self.away:
            return answer(503)
        if seen.method == "PUT":
            if "if-none-match" in seen.headers and place in self.objects:
                return answer(412)
            self.objects[place] = _body(seen)
            return answer(200, extra=f'{_version(self.objects[place])}ETag: "e"\r\n')
        if seen.method == "DELETE":
            self.objects.pop(place, None)
            return answer(204)
        if place not in self.objects:
            return answer(404)
        return answer(200, self.objects[place], extra=_version(self.objects[place]))


def _version(content: bytes) -> str:
    return f"x-amz-version-id: {hashlib.sha256(content).hexdigest()[:8]}\r\n"


def _body(seen: Seen) -> bytes:
    """The bytes of a request, also where the client sent them in chunks with a checksum behind."""
    if "aws-chunked" not in seen.headers.get("content-encoding", ""):
        return seen.body
    whole, rest = b"", seen.body
    while rest:
        head, _, rest = rest.partition(b"\r\n")
        length = int(head.partition(b";")[0], 16)
        if length == 0:
            break
        whole, rest = whole + rest[:length], rest[length + 2 :]
    return whole
