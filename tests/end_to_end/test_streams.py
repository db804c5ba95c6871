"""Many clients of the live stream, while its function is killed (E36).

Who does not read is let go in `tests/functions/test_stream_events.py`.
"""

import asyncio
import os
import random
import signal
import time
from dataclasses import dataclass
from typing import Final

import aiohttp

from shared.domain.account import Tenant
from shared.operations.provision_account import ProvisionedAccount
from tests.end_to_end.followers import Follower
from tests.system import LocalSystem, is_listening, listener
from tests.telling import Write, open_accounts, writing
from tests.trials import Trial

_KILLS: Final = (signal.SIGKILL, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Storm:
    """How long events are written, how fast, and how often the function is killed meanwhile."""

    seconds: int
    per_second: int
    kill_every: int
    chance: random.Random


@dataclass(slots=True)
class Shop:
    """A merchant with her clients, and the events written for her, in order."""

    tenant: Tenant
    followers: list[Follower]
    written: list[str]


def test_no_client_misses_an_event_or_sees_one_twice(
    local_system: LocalSystem, trial: Trial
) -> None:
    """Each sees all of its merchant's events once, in order, and none of others.

    Over kills of the function, by key and by ticket; and no ticket works twice or on another page.
    """
    storm = Storm(trial.size(3, 1800), trial.size(10, 17), trial.size(2, 45), trial.chance)
    made = open_accounts(local_system, [None] * trial.size(2, 25))
    with writing(local_system, threads=1) as write:
        shops = [_open(local_system, account, write, trial.size(4, 20)) for account in made]
        kills = asyncio.run(_run(local_system, shops, write, storm))
    everybody = [one for shop in shops for one in shop.followers]
    wrong = sum(one.ids != shop.written[1:] for shop in shops for one in shop.followers)
    trial.record(
        "clients of the stream (E36)",
        len(everybody),
        wrong=wrong + sum(one.let_in_wrongly for one in everybody),
        events_seen=sum(len(one.ids) for one in everybody),
        kills=kills,
        cuts=sum(one.cuts for one in everybody),
        tickets=sum(one.tickets for one in everybody),
    )


def _open(system: LocalSystem, account: ProvisionedAccount, write: Write, clients: int) -> Shop:
    tenant, key = Tenant(account.id, livemode=False), account.modes[0].secret_key
    first = write(tenant)
    followers = [
        Follower(system.base_url, key, first, is_socket=number % 2 == 0, by_ticket=number % 4 > 1)
        for number in range(clients)
    ]
    return Shop(tenant, followers, [first])


async def _run(system: LocalSystem, shops: list[Shop], write: Write, storm: Storm) -> int:
    """Follow while events are written and the function is killed; how often it was."""
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        tasks = [
            asyncio.create_task(one.follow(session)) for shop in shops for one in shop.followers
        ]
        began, kills = time.monotonic(), 0
        for number in range(storm.seconds * storm.per_second):
            due = began + number / storm.per_second
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            shop = shops[number % len(shops)]
            shop.written.append(await asyncio.to_thread(write, shop.tenant))
            if time.monotonic() - began > (kills + 1) * storm.kill_every:
                kills += 1
                await asyncio.to_thread(_kill, system, storm.chance.choice(_KILLS))
        for shop in shops:
            await asyncio.gather(*(one.until(len(shop.written) - 1) for one in shop.followers))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return kills


def _kill(system: LocalSystem, how: signal.Signals) -> None:
    """Kill the function, where it is not away from the last time."""
    port = system.ports["stream_events"]
    if is_listening(port):
        os.kill(listener(port), how)
