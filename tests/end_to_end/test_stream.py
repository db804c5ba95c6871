"""The live stream through the gateway: a payment is seen as it happens, and across a restart."""

import asyncio
import json
import os
import signal
from typing import Any, Final

import aiohttp
import pytest

from tests.end_to_end.merchant import Merchant, Order, open_merchant
from tests.system import LocalSystem, listener

PATIENCE_SECONDS: Final = 20.0
PHONE: Final = "+237670000001"
GOING_AWAY: Final = 1001


async def _until_succeeded(socket: aiohttp.ClientWebSocketResponse, charge: str) -> list[str]:
    """The ids of the events up to the one that says the charge is paid."""
    ids = []
    while True:
        event: dict[str, Any] = json.loads(await socket.receive_str(timeout=PATIENCE_SECONDS))
        if event["object"] != "event":
            continue
        ids.append(event["id"])
        about = event["data"]["object"]
        if event["type"] == "charge.succeeded" and about["id"] == charge:
            return ids


async def _again(session: aiohttp.ClientSession, url: str) -> aiohttp.ClientWebSocketResponse:
    """Come back as soon as the function is there again."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                return await session.ws_connect(url)
            except aiohttp.WSServerHandshakeError:
                await asyncio.sleep(0.1)


async def _follow(system: LocalSystem, merchant: Merchant) -> None:
    url = f"{system.base_url}/v1/stream"
    bearer = {"Authorization": f"Bearer {merchant.secret_key}"}
    async with aiohttp.ClientSession(headers=bearer) as session:
        async with session.get(url, headers={"Authorization": "Bearer sk_test_x"}) as refused:
            assert (refused.status, (await refused.json())["error"]["code"]) == (
                401,
                "api_key_invalid",
            )
        with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
            await session.ws_connect(f"{url}?after=evt_{'2' * 24}")

        socket = await session.ws_connect(url)
        first = json.loads(await socket.receive_str(timeout=PATIENCE_SECONDS))
        assert first["object"] == "stream"
        charge = (await asyncio.to_thread(merchant.charge, Order(PHONE))).id
        seen = await _until_succeeded(socket, charge)

        os.kill(listener(system.ports["stream_events"]), signal.SIGTERM)
        while (last := json.loads(await socket.receive_str(timeout=PATIENCE_SECONDS))).get("id"):
            seen.append(last["id"])  # what follows a payment: its receipt
        closed = await socket.receive(timeout=PATIENCE_SECONDS)
        assert (last["object"], last["code"]) == ("stream_end", "server_stopping")
        assert closed.data == GOING_AWAY
        missed = (await asyncio.to_thread(merchant.charge, Order(PHONE))).id
        socket = await _again(session, f"{url}?after={last['cursor']}")
        seen += await _until_succeeded(socket, missed)
        await socket.close()
        assert len(seen) == len(set(seen))

        # Server-sent events from the start: the same ids in the same order.
        headers = {"Accept": "text/event-stream", "Last-Event-ID": seen[0]}
        async with session.get(url, headers=headers) as events:
            ids = []
            async for line in events.content:
                if line.startswith(b"id: "):
                    ids.append(line.removeprefix(b"id: ").strip().decode())
                if len(ids) == len(seen):
                    break
        assert ids == seen


def test_a_payment_is_seen_as_it_happens_and_across_a_restart(local_system: LocalSystem) -> None:
    """Over WebSocket and as server-sent events: none is missing and none comes twice."""
    with open_merchant(local_system, "Stream") as merchant:
        asyncio.run(_follow(local_system, merchant))
