"""What verifiers and watchers read over HTTP: discovery, key set, health.

Three fixed documents need no framework, whose import would double the server's start.
"""

import asyncio
import contextlib
import json

from knative.local.pubsub.issuer import Issuer, Json

REQUEST_SECONDS = 5.0
MAX_HEAD_BYTES = 16 * 1024


async def serve_http(issuer: Issuer, port: int) -> asyncio.Server:
    """Listen on the loopback interface; raises OSError where the port is taken."""
    documents: dict[str, Json] = {
        "/.well-known/openid-configuration": issuer.discovery(),
        "/jwks": issuer.jwks(),
        "/healthz": {"status": "ok"},
    }

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            writer.write(_answer(documents, await _request_line(reader)))
            await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", port, limit=MAX_HEAD_BYTES)


async def _request_line(reader: asyncio.StreamReader) -> list[str]:
    """Method, target and version; empty for what is no request."""
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        return []
    return head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")


def _answer(documents: dict[str, Json], line: list[str]) -> bytes:
    body: Json
    if len(line) != 3 or not line[2].startswith("HTTP/1."):  # noqa: PLR2004 - of a request line
        status, body = "400 Bad Request", {"error": "bad request"}
    elif line[1].split("?")[0] not in documents:
        status, body = "404 Not Found", {"error": "not found"}
    elif line[0] not in {"GET", "HEAD"}:
        status, body = "405 Method Not Allowed", {"error": "method not allowed"}
    else:
        status, body = "200 OK", documents[line[1].split("?")[0]]
    data = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n"
        "Cache-Control: max-age=600\r\nAllow: GET, HEAD\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (b"" if line[:1] == ["HEAD"] else data)
