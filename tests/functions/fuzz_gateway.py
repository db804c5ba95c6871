"""How schemathesis reaches the functions: all behind one door, each body in its language."""

import gzip
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlencode

import cbor2
import schemathesis
from schemathesis.core.transport import Response
from werkzeug.test import run_wsgi_app

from shared.contracts.operations import OPERATIONS
from shared.domain.errors import MethodNotAllowed, NotFound
from shared.runtime.routing import Routes
from tests.functions.door import CBOR, Door, Reply

FORM: Final = "application/x-www-form-urlencoded"
_ROUTES: Final = Routes(OPERATIONS)
_TOO_MANY: Final = 429
_METHODS: Final = ("GET", "POST", "DELETE", "PUT")


@schemathesis.serializer(CBOR)
def _as_cbor(_: object, value: Any) -> bytes:
    return value if isinstance(value, bytes) else cbor2.dumps(value)


@schemathesis.deserializer(CBOR)
def _from_cbor(_: object, response: Response) -> Any:
    return cbor2.loads(response.content)


@schemathesis.serializer(FORM)
def _as_form(_: object, value: Any) -> bytes:
    """Write a form as Stripe's SDKs do, which is what `deepObject` leaves open for lists."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        return urlencode(list(_fields(value))).encode()
    pairs = value if isinstance(value, list) else [(value, "")]
    fields = (_fields(each[1], str(each[0])) for each in pairs if isinstance(each, tuple))
    return urlencode([field for each in fields for field in each]).encode()


def _fields(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _fields(each, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _fields(each, f"{name}[{place}]")
    elif isinstance(value, bool) or value is None:
        yield name, "" if value is None else str(value).lower()
    else:
        yield name, str(value)


class Gateway:
    """All functions as one WSGI application; each request comes from another address.

    What the contract has against an answer by the tests' own reading of it stands in `breaches`,
    and `limited` counts requests that a limit on requests kept from being read.
    """

    def __init__(self, door: Callable[[str], Door]) -> None:
        """Open a door when it is first asked for."""
        self.breaches: list[str] = []
        self.limited = 0
        self.statuses: Counter[int] = Counter()
        self._door = door
        self._count = itertools.count()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Hand a request to its function, and its answer back unpacked."""
        number = next(self._count)
        environ["REMOTE_ADDR"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        door = self._door(_function(method, path))
        found, status, headers = run_wsgi_app(door._application, environ, buffered=True)
        content = b"".join(found)
        reply = Reply(int(status[:3]), dict(headers), content)
        self.statuses[reply.status] += 1
        self.limited += reply.status == _TOO_MANY and b"rate_limited" in reply.content
        try:
            door._hold_to_contract(method, path, reply)
        except AssertionError as error:
            self.breaches.append(str(error).partition("\n")[0])
        if reply.headers.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
            headers.remove("Content-Encoding")
            headers.remove("Content-Length")
        start_response(status, list(headers))
        return [content]


def _function(method: str, path: str) -> str:
    """Who answers: whoever has the path where nobody has the method, and of no path anybody."""
    for known in (method, *_METHODS):
        try:
            return _ROUTES.find(known, path)[0].function
        except MethodNotAllowed:
            continue
        except NotFound:
            break
    return "read_payments"
