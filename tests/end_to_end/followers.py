"""Clients of the stream that come back after every cut, by WebSocket and by server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

PAGE: Final = "https://shop.example.com"
ELSEWHERE: Final = "https://elsewhere.example.com"
PATIENCE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.2
_CUT: Final = (aiohttp.ClientError, OSError, TimeoutError)


@dataclass(slots=True)
class Follower:
    """One client. `ids` are the events that it was shown, in order; `cursor` is the last of them.

    By `by_ticket` it is a page: it asks for a ticket before each connection, and tries it twice.
    """

    base_url: str
    key: str
    cursor: str
    is_socket: bool
    by_ticket: bool = False
    ids: list[str] = field(default_factory=list)
    cuts: int = 0
    tickets: int = 0
    let_in_wrongly: int = 0
    _had_one: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self, session: aiohttp.ClientSession) -> None:
        """Read until cancelled, whatever is cut."""
        while True:
            try:
                await self._read(session)
            except _CUT:
                self.cuts += 1
                await asyncio.sleep(_PAUSE_SECONDS)

    async def until(self, count: int) -> None:
        """Wait until it was shown so many events."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.ids) < count:
                self._had_one.clear()
                await self._had_one.wait()

    async def _read(self, session: aiohttp.ClientSession) -> None:
        query, headers = f"after={self.cursor}", {"Authorization": f"Bearer {self.key}"}
        ticket = None
        if self.by_ticket:
            ticket = await self._ticket(session)
            await self._try_elsewhere(session)
            query, headers = f"{query}&ticket={ticket}", {"Origin": PAGE}
        url = f"{self.base_url}/v1/stream?{query}"
        reading = by_socket if self.is_socket else by_events
        async with reading(session, url, headers) as frames:
            async for frame in frames:
                if ticket is not None:
                    await self._try_again(session, ticket)
                    ticket = None
                if frame["object"] == "event":
                    self.cursor = frame["id"]
                    self.ids.append(frame["id"])
                    self._had_one.set()
        raise aiohttp.ClientConnectionError

    async def _ticket(self, session: aiohttp.ClientSession) -> str:
        bearer = {"Authorization": f"Bearer {self.key}"}
        url = f"{self.base_url}/v1/stream_tickets"
        async with session.post(url, json={"origin": PAGE}, headers=bearer) as answer:
            answer.raise_for_status()
            self.tickets += 1
            return str((await answer.json())["ticket"])

    async def _try_again(self, session: aiohttp.ClientSession, ticket: str) -> None:
        await self._refused(session, ticket, PAGE, {401})

    async def _try_elsewhere(self, session: aiohttp.ClientSession) -> None:
        await self._refused(session, await self._ticket(session), ELSEWHERE, {403})

    async def _refused(
        self, session: aiohttp.ClientSession, ticket: str, origin: str, expected: set[int]
    ) -> None:
        url = f"{self.base_url}/v1/stream?ticket={ticket}"
        async with session.get(url, headers={"Origin": origin}) as answer:
            is_ours = answer.status < 500
            self.let_in_wrongly += is_ours and answer.status not in expected


@asynccontextmanager
async def by_socket(
    session: aiohttp.ClientSession, url: str, headers: Mapping[str, str]
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """Read a stream's frames over WebSocket."""
    async with session.ws_connect(url, headers=headers, max_msg_size=0) as opened:

        async def found() -> AsyncIterator[dict[str, Any]]:
            async for message in opened:
                yield json.loads(message.data)

        yield found()


@asynccontextmanager
async def by_events(
    session: aiohttp.ClientSession, url: str, headers: Mapping[str, str]
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """Read them as server-sent events."""
    async with session.get(url, headers=headers) as answer:
        answer.raise_for_status()

        async def found() -> AsyncIterator[dict[str, Any]]:
            rest = b""
            async for part in answer.content.iter_any():
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    if line.startswith(b"data: "):
                        yield json.loads(line.removeprefix(b"data: "))

        yield found()
