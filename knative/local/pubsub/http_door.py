"""The HTTP door: reads one request, lets the first room that knows its path answer, closes.

A framework's import would double the server's start; what is needed here is HTTP/1.1 with a length.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from knative.local.pubsub.issuer import Json

REQUEST_SECONDS = 5.0
MAX_HEAD_BYTES = 16 * 1024
MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_LENGTH_DIGITS = 18

_STATUS_WORDS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    411: "INVALID_ARGUMENT",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `query` is still encoded, header names are in small letters."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON document with its status, and header lines beyond the usual ones."""

    status: int
    document: Json
    headers: tuple[str, ...] = ()


# A room answers what it knows and None for paths that are not its own.
Room: TypeAlias = Callable[[Request], Awaitable[Answer | None]]


class BadRequestError(Exception):
    """A request that no room gets to see; carries the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = refusal(status, message)


def refusal(status: int, message: str, *, word: str = "", **more: object) -> Answer:
    """A refusal in the shape of Google's APIs; `word` is the gRPC status."""
    error = {"code": status, "message": message, "status": word or _STATUS_WORDS[status]}
    return Answer(status, {"error": error | more})


def documents(known: Mapping[str, Json]) -> Room:
    """A room of fixed documents, for GET and HEAD."""

    async def answer(request: Request) -> Answer | None:
        if request.path not in known:
            return None
        if request.method not in {"GET", "HEAD"}:
            refused = refusal(405, f"{request.path} is read by GET.")
            return Answer(refused.status, refused.document, headers=("Allow: GET, HEAD",))
        return Answer(200, known[request.path], headers=("Cache-Control: max-age=600",))

    return answer


async def serve_http(port: int, rooms: Sequence[Room]) -> asyncio.Server:
    """Listen on the loopback interface; raises OSError where the port is taken."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await _serve_one(rooms, reader, writer)
        finally:
            writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", port, limit=MAX_HEAD_BYTES)


async def _serve_one(
    rooms: Sequence[Room], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    request = None
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            request = await _read_request(reader, writer)
        answer = await _answer(rooms, request)
    except BadRequestError as error:
        answer = error.answer
    writer.write(_encoded(answer, with_body=request is None or request.method != "HEAD"))
    await writer.drain()
    writer.write_eof()
    async with asyncio.timeout(REQUEST_SECONDS):  # a rest unread would reset the connection
        while request is None and await reader.read(MAX_BODY_BYTES):
            pass


async def _answer(rooms: Sequence[Room], request: Request) -> Answer:
    if "origin" in request.headers:  # a page in a browser, which has no business here
        return refusal(403, "Requests of web pages are not served.")
    for room in rooms:
        answer = await room(request)
        if answer is not None:
            return answer
    return refusal(404, f"Nothing is served at {request.method} {request.path[:300]}.")


async def _read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise BadRequestError(400, "The request's head is too long.") from error
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):  # noqa: PLR2004 - of a request line
        raise BadRequestError(400, "This is no HTTP/1.1 request.")
    headers = {
        name.strip().lower(): value.strip()
        for name, found, value in (line.partition(":") for line in lines)
        if found
    }
    try:
        target = urlsplit(words[1])
    except ValueError as error:
        raise BadRequestError(400, "The request's target is no URL.") from error
    body = await reader.readexactly(_body_length(headers, writer))
    return Request(words[0], unquote(target.path), target.query, headers, body)


def _body_length(headers: Mapping[str, str], writer: asyncio.StreamWriter) -> int:
    if "transfer-encoding" in headers:
        raise BadRequestError(411, "A body needs a Content-Length.")
    length = headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > MAX_LENGTH_DIGITS:
        raise BadRequestError(400, "The Content-Length is no number.")
    if int(length) > MAX_BODY_BYTES:
        raise BadRequestError(
            400, f"Request payload size exceeds the limit: {MAX_BODY_BYTES} bytes."
        )
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return int(length)


def _encoded(answer: Answer, *, with_body: bool) -> bytes:
    body = json.dumps(answer.document).encode()
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *answer.headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + (body if with_body else b"")
