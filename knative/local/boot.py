"""Brings the local system up, in parallel where nothing waits for it, and down in order."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Final

import aiohttp
from pg8000.exceptions import DatabaseError, InterfaceError

from knative.catalogue import FunctionEntry
from knative.local import gateway
from knative.local.cluster import HOST, SUPERUSER, PostgresError, prepare_cluster
from knative.local.credentials import Credentials, ensure_account
from knative.local.dashboard import Dashboard
from knative.local.environment import (
    function_environment,
    owner_environment,
    program_environment,
    pubsub_environment,
)
from knative.local.identity import Identity
from knative.local.layout import PUBSUB_PROJECT, Layout, LayoutError, reason_of
from knative.local.left_out import DASHBOARD, read_left_out
from knative.local.mailbox import serve_mail
from knative.local.object_store import (
    ObjectStoreError,
    StorePlan,
    answers,
    make_bucket,
    make_open_buckets,
    remove_sockets,
    store_program,
)
from knative.local.postgres import Server, is_answering, postgres_program, prepare_server
from knative.local.programs import rotate_log
from knative.local.readiness import Readiness, serve_readiness
from knative.local.steps import python_program, run_step
from knative.local.supervisor import ReadyCheck, StartError, Supervisor
from knative.local.ticks import Schedule, tick

ACCOUNT_NAME: Final = "Boutique Démo"
_PART_SECONDS: Final = 120.0
_SERVER_FAILURE: Final = 500
_EXPECTED: Final = (
    DatabaseError,
    InterfaceError,
    StartError,
    PostgresError,
    ObjectStoreError,
    LayoutError,
    OSError,
)
_INFRASTRUCTURE: Final = ("gateway", "pubsub", "object_store")


class LocalSystem:
    """Every part of one system; made in the event loop that runs it."""

    def __init__(
        self,
        layout: Layout,
        entries: tuple[FunctionEntry, ...],
        store: StorePlan,
        announce: Callable[[str], None],
        *,
        database: Server | None,
    ) -> None:
        """`announce` gets one line for each step and for each program that ended unasked.

        `database` is a server that somebody else runs; without one, ours is started.
        """
        self._layout = layout
        self._entries = tuple(entry for entry in entries if entry.kind != "operation")
        self._store = store
        self._database = database
        self._announce = announce
        self._began = time.monotonic()
        self._supervisor = Supervisor(announce)
        self._identity = Identity(layout, announce)
        is_wanted = DASHBOARD not in read_left_out(os.environ)
        self._dashboard = Dashboard(layout, announce, is_wanted=is_wanted)
        self._pending = {"database", "object store bucket", "topics", "account"}
        self._ticks: list[asyncio.Task[None]] = []

    def readiness(self) -> Readiness:
        """What is still to do."""
        steps = tuple(sorted(self._pending))
        beside = self._identity.beside() | self._dashboard.beside()
        return Readiness(steps, self._supervisor.condition(), beside)

    async def run(self, show: Callable[[Credentials, Readiness], None]) -> int:
        """Start, show what to use, run until SIGINT or SIGTERM, stop; the exit code."""
        leave = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, leave.set)
        web = await serve_readiness(self._layout.ports["readiness"], self.readiness)
        mail = await serve_mail(self._layout.ports["mail"], self._layout.mailbox, self._announce)
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2))
        boot = asyncio.create_task(self._boot())
        leaving = asyncio.create_task(leave.wait())
        code = 0
        try:
            await asyncio.wait({boot, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if boot.done():
                show(boot.result(), self.readiness())
                # Only now: beside the functions its start would take the processor from theirs.
                self._identity.begin(self._session, self._elapsed)
                self._dashboard.begin(
                    self._session, self._elapsed, after=self._identity.until_settled
                )
                await leaving
        except* _EXPECTED as problems:
            for error in _leaves(problems):
                self._announce(reason_of(error))
            code = 1
        finally:
            boot.cancel()
            leaving.cancel()
            await asyncio.gather(boot, leaving, return_exceptions=True)
            await self._stop()
            await self._session.close()
            mail.close()
            await web.cleanup()
        return code

    async def _boot(self) -> Credentials:
        self._start_gateway()
        # A group: when one part cannot start, the others are not waited for.
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._start_store())
            parts.create_task(self._start_messages())
            await self._start_database()
            self._start_functions()
            credentials = await ensure_account(self._layout, name=ACCOUNT_NAME)
            self._done("account")
        await self._await_functions()
        return credentials

    async def _start_database(self) -> None:
        server = self._database or await self._start_postgres()
        await asyncio.to_thread(prepare_server, server, self._layout.secrets_dir)
        await run_step(
            self._layout, "migrate", "shared.db.migrate", owner_environment(self._layout)
        )
        self._done("database")

    async def _start_postgres(self) -> Server:
        cluster = await asyncio.to_thread(prepare_cluster, self._layout.data_dir)
        server = Server(HOST, self._layout.ports["postgres"], SUPERUSER, cluster.password)

        async def is_ready() -> bool:
            return await asyncio.to_thread(is_answering, server)

        self._supervisor.start(postgres_program(cluster, port=server.port), is_ready)
        await self._supervisor.until_ready(["postgres"], seconds=_PART_SECONDS)
        return server

    async def _start_store(self) -> None:
        async def is_ready() -> bool:
            return await asyncio.to_thread(answers, self._store)

        self._supervisor.start(store_program(self._store), is_ready)
        await self._supervisor.until_ready(["object_store"], seconds=_PART_SECONDS)
        await asyncio.to_thread(make_bucket, self._store)
        await asyncio.to_thread(make_open_buckets, self._store)
        self._done("object store bucket")

    async def _start_messages(self) -> None:
        layout = self._layout
        words = {
            "--data-dir": str(layout.data_dir / "pubsub"),
            "--project": PUBSUB_PROJECT,
            "--port": str(layout.ports["pubsub"]),
            "--http-port": str(layout.ports["pubsub_http"]),
        }
        environment = program_environment(layout)
        program = python_program(
            layout, "pubsub", "knative.local.pubsub", environment, *chain(*words.items())
        )
        self._supervisor.start(
            replace(program, stop_seconds=0.7), self._http_check(f"{layout.push_issuer}/healthz")
        )
        await self._supervisor.until_ready(["pubsub"], seconds=_PART_SECONDS)
        await run_step(
            layout,
            "topology",
            "knative.local.topology",
            program_environment(layout) | pubsub_environment(layout),
            str(layout.data_dir / "ports.json"),
        )
        self._done("topics")

    def _start_gateway(self) -> None:
        program = gateway.gateway_program(self._layout)
        rotate_log(program.log)
        self._supervisor.start(program, self._http_check(gateway.ready_url(self._layout)))

    def _start_functions(self) -> None:
        for entry in self._entries:
            environment = function_environment(entry, self._layout)
            program = python_program(self._layout, entry.name, entry.server, environment)
            url = self._layout.url(entry.name) + "/"
            self._supervisor.start(program, self._http_check(url))
            if entry.schedule is not None:
                self._start_tick(entry.name, entry.schedule, url)

    def _start_tick(self, name: str, schedule: str, url: str) -> None:
        calls = tick(
            Schedule.parse(schedule), url, until_up=lambda: self._supervisor.until_up(name)
        )
        self._ticks.append(asyncio.create_task(calls, name=f"tick {name}"))

    async def _await_functions(self) -> None:
        names = [entry.name for entry in self._entries]
        try:
            await self._supervisor.until_ready([*names, "gateway"], seconds=_PART_SECONDS)
        except StartError as error:
            # The rest runs on and /readyz names it: a developer repairs it while all is up.
            self._announce(f"{error}")
        else:
            self._announce(f"{len(names)} functions ready after {self._elapsed()}")

    def _http_check(self, url: str) -> ReadyCheck:
        """Any answer but a server's failure counts: a function may well refuse `GET /`."""

        async def is_ready() -> bool:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with self._session.get(url, allow_redirects=False) as response:
                    return response.status < _SERVER_FAILURE
            return False

        return is_ready

    def _done(self, step: str) -> None:
        self._pending.discard(step)
        self._announce(f"{step} ready after {self._elapsed()}")

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._began:.1f} s"

    async def _stop(self) -> None:
        for task in self._ticks:
            task.cancel()
        await asyncio.gather(*self._ticks, return_exceptions=True)
        await self._supervisor.stop([entry.name for entry in self._entries])
        await asyncio.gather(
            self._supervisor.stop(_INFRASTRUCTURE),
            self._identity.stop(),
            self._dashboard.stop(),
        )
        await self._supervisor.stop(["postgres"])
        remove_sockets(self._store)


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
