"""The API as a merchant's program calls it, from outside and with nothing but a key."""

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import urllib3

from shared.runtime.merchant.words import Speaker

USUAL_URL: Final = "http://127.0.0.1:8080"
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
PAGE: Final = 100
_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 30
# Something comes every 20 s.
_STREAM_SECONDS: Final = 60
_LONGEST_KEY_FILE: Final = 64 * 1024
_LONGEST_WAIT_SECONDS: Final = 10.0
_AGAIN: Final = frozenset({429, 500, 502, 503, 504})

Object = dict[str, Any]


class CommandError(Exception):
    """A command cannot go on; the message is the sentence to print."""


class Refused(CommandError):  # noqa: N818 - the API's own word for it
    """The API said no."""

    def __init__(self, message: str, status: int, code: str, retry_after: float = 0.0) -> None:
        """`retry_after` is in seconds."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Login:
    """Where the API is and with what key."""

    url: str
    key: str = field(repr=False)

    @property
    def livemode(self) -> bool:
        """Whether the key is of the live mode, as it says itself."""
        return "_live_" in self.key[: len("sk_live_")]


def login(
    environment: Mapping[str, str], key_file: str | None, url: str | None, speaker: Speaker
) -> Login:
    """Return the key of the environment or a file, and the address. Raises CommandError.

    A file holds the key alone, or JSON with `secret_key` and `base_url`, as the local system's
    credentials.json does.
    """
    known: Mapping[str, Any] = {}
    key = environment.get("PAY_API_KEY", "").strip()
    file = key_file or environment.get("PAY_API_KEY_FILE")
    if file and (key_file or not key):
        known = _read(Path(file), speaker)
        key = str(known.get("secret_key", ""))
    if not key:
        raise CommandError(speaker.say("key_missing"))
    found = url or environment.get("PAY_API_URL") or known.get("base_url") or USUAL_URL
    address = http_url(str(found).rstrip("/"), speaker)
    parts = urlsplit(address)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise CommandError(speaker.say("api_plain", url=address))
    return Login(address, key)


def http_url(text: str, speaker: Speaker) -> str:
    """Return an address that can be called. Raises CommandError."""
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or any(letter <= " " for letter in text):
        raise CommandError(speaker.say("url_invalid", url=text))
    return text


def _read(file: Path, speaker: Speaker) -> Mapping[str, Any]:
    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(_LONGEST_KEY_FILE).strip()
    except (OSError, ValueError) as error:
        raise CommandError(speaker.say("key_file_unread", reason=error)) from None
    if not text.startswith("{"):
        return {"secret_key": text}
    try:
        found: Mapping[str, Any] = json.loads(text)
    except ValueError as error:
        raise CommandError(speaker.say("key_file_unread", reason=error)) from None
    return found


class Api:
    """Calls operations by their paths."""

    def __init__(self, known: Login, speaker: Speaker) -> None:
        """Open nothing yet."""
        self.login = known
        self._speaker = speaker
        timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
        self._http = urllib3.PoolManager(timeout=timeout, retries=False, maxsize=4)

    def get(self, path: str, **query: object) -> Object:
        """Read an object. Raises CommandError."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._call("GET", f"{path}?{urlencode(given)}" if given else path, None)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Object:
        """Do something once, however often it must be asked. Raises CommandError."""
        content = json.dumps({} if body is None else body).encode()
        return self._call("POST", path, content)

    def upload(self, path: str, purpose: str, name: str, content: bytes) -> Object:
        """Hand in a document. Raises CommandError."""
        form, kind = urllib3.encode_multipart_formdata(
            {"purpose": purpose, "file": (name, content)}
        )
        return self._call("POST", path, form, kind)

    def delete(self, path: str) -> Object:
        """Delete an object. Raises CommandError."""
        return self._call("DELETE", path, None)

    def pages(self, path: str, query: Mapping[str, object]) -> Iterator[Object]:
        """Yield the objects of a list, page by page, newest first. Raises CommandError."""
        last: str | None = None
        while True:
            more = {} if last is None else {"starting_after": last}
            page = self.get(path, **query, limit=PAGE, **more)
            yield from page["data"]
            if not page["has_more"]:
                return
            last = page["data"][-1]["id"]

    def follow(self, after: str | None, types: str | None) -> Iterator[Object]:
        """Yield the frames of one stream until it is cut.

        Raises Refused, and urllib3's HTTPError where the connection fails.
        """
        query = {"after": after, "types": types}
        asked = urlencode({name: value for name, value in query.items() if value})
        answer = self._http.request(
            "GET",
            f"{self.login.url}/v1/stream?{asked}",
            headers={**self._headers(), "Accept": "text/event-stream"},
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_STREAM_SECONDS),
            preload_content=False,
        )
        try:
            if answer.status != HTTPStatus.OK:
                raise self._refused("GET", "/v1/stream", answer)
            rest = b""
            for part in answer.stream():
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    if line.startswith(b"data: "):
                        yield json.loads(line.removeprefix(b"data: "))
        finally:
            answer.close()

    def _call(
        self, method: str, path: str, content: bytes | None, kind: str = "application/json"
    ) -> Object:
        headers = self._headers()
        if content is not None:
            headers |= {
                "Content-Type": kind,
                "Idempotency-Key": f"cli-{uuid.uuid4()}",
            }
        wait = 0.5
        while True:
            try:
                answer = self._http.request(
                    method, self.login.url + path, body=content, headers=headers
                )
            except urllib3.exceptions.HTTPError as error:
                reason = type(error).__name__
                url = self.login.url
                raise CommandError(self._speaker.say("no_answer", url=url, reason=reason)) from None
            if answer.status == HTTPStatus.OK:
                break
            refused = self._refused(method, path.partition("?")[0], answer)
            if refused.status not in _AGAIN or wait > _LONGEST_WAIT_SECONDS:
                raise refused
            time.sleep(max(wait, min(refused.retry_after, _LONGEST_WAIT_SECONDS)))
            wait *= 2
        try:
            found: Object = answer.json()
        except ValueError:
            reason = "no JSON"
            url = self.login.url
            raise CommandError(self._speaker.say("no_answer", url=url, reason=reason)) from None
        return found

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.login.key}",
            "Accept-Language": self._speaker.language,
        }

    def _refused(self, method: str, path: str, answer: urllib3.BaseHTTPResponse) -> Refused:
        try:
            error = answer.json()["error"]
        except (ValueError, KeyError, TypeError):
            error = {}
        code = str(error.get("code", "?"))
        message = self._speaker.say(
            "refused",
            method=method,
            path=path,
            status=answer.status,
            code=code,
            message=error.get("message", ""),
            request=answer.headers.get("Request-Id", "?"),
        )
        after = answer.headers.get("Retry-After", "")
        return Refused(message, answer.status, code, float(after) if after.isdigit() else 0.0)
