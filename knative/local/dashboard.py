"""Serves the dashboard once people can sign in; nothing waits for it, not even for its build."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp

from knative.local.dashboard_build import BUILD_NOTICE, DashboardError, built_dashboard
from knative.local.environment import program_environment
from knative.local.identity import ways_out
from knative.local.layout import HOST, Layout, reason_of
from knative.local.left_out import DASHBOARD as NAME
from knative.local.node import NodeError, node_of_the_wheel
from knative.local.programs import Program, rotate_log
from knative.local.readiness import Beside
from knative.local.steps import run_step
from knative.local.supervisor import Condition, StartError, Supervisor

# A slow line may take its time: nobody waits.
_BUILD_SECONDS: Final = 1800.0
_START_SECONDS: Final = 120.0
_PATH: Final = "/dashboard"
_OK: Final = 200
# What JavaScript keeps; past it V8 collects harder instead of growing.
_HEAP_MEGABYTES: Final = 128
# Longer than the gateway keeps an idle connection: Node's own 5 s end some that it is about to use.
_KEEP_ALIVE_MILLISECONDS: Final = 75_000
_EXPECTED: Final = (DashboardError, NodeError, OSError, StartError)


class Dashboard:
    """The dashboard of one local system: whatever keeps it from starting, the rest runs on."""

    def __init__(self, layout: Layout, announce: Callable[[str], None], *, is_wanted: bool) -> None:
        """`announce` gets a line when it is there, and one when it is not and why."""
        self._layout = layout
        self._announce = announce
        # Nobody can look at anything without a sign-in.
        self._is_wanted = is_wanted and layout.keycloak_url is not None
        self._supervisor = Supervisor(announce)
        self._is_ready = False
        self._is_missing = False
        self._task: asyncio.Task[None] | None = None

    def beside(self) -> Beside:
        """Say what is not there."""
        if not self._is_wanted:
            return Beside(left_out=(NAME,))
        if self._is_missing:
            return Beside(missing=(NAME,))
        if not self._is_ready:
            return Beside(Condition((NAME,), {}))
        return Beside(self._supervisor.condition())

    def begin(
        self,
        session: aiohttp.ClientSession,
        elapsed: Callable[[], str],
        *,
        after: Callable[[], Awaitable[bool]],
    ) -> None:
        """Start when `after` says yes, without being waited for; give up when it says no."""
        if self._is_wanted:
            self._task = asyncio.create_task(self._start(session, elapsed, after))

    async def stop(self) -> None:
        """End the server and whatever was under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._supervisor.stop([NAME])

    async def _start(
        self,
        session: aiohttp.ClientSession,
        elapsed: Callable[[], str],
        after: Callable[[], Awaitable[bool]],
    ) -> None:
        if not await after():
            self._is_missing = True
            return
        try:
            program = await self._built_program()
            url = f"{self._layout.url(NAME)}{_PATH}"
            self._supervisor.start(program, lambda: _serves(session, url))
            await self._supervisor.until_ready([NAME], seconds=_START_SECONDS)
        except _EXPECTED as error:
            self._is_missing = True
            await self._supervisor.stop([NAME])
            self._announce(f"The dashboard is not there, all else runs on: {reason_of(error)}")
        else:
            self._is_ready = True
            self._announce(
                f"{NAME} ready after {elapsed()}, at {self._layout.base_url}/: sign in as the"
                f" {NAME}'s user of credentials.json"
            )

    async def _built_program(self) -> Program:
        layout = self._layout
        if built_dashboard() is None:
            self._announce(BUILD_NOTICE)
            # A process of its own: a thread could be neither ended nor left behind.
            await run_step(
                layout,
                "dashboard_build",
                "knative.local.dashboard_build",
                program_environment(layout) | ways_out() | _registry(),
                seconds=_BUILD_SECONDS,
            )
        folder = built_dashboard()
        if folder is None:
            raise DashboardError("its sources changed while it was built: start again")
        log = layout.logs / f"{NAME}.log"
        rotate_log(log)
        return Program(
            name=NAME,
            argv=(
                str(node_of_the_wheel()),
                f"--max-old-space-size={_HEAP_MEGABYTES}",
                str(folder / "server.js"),
            ),
            log=log,
            folder=folder,
            environment={
                "NODE_ENV": "production",
                "NEXT_TELEMETRY_DISABLED": "1",
                "KEEP_ALIVE_TIMEOUT": str(_KEEP_ALIVE_MILLISECONDS),
                "HOSTNAME": HOST,
                "PORT": str(layout.ports[NAME]),
                "PUBLIC_BASE_URL": layout.base_url,
                "IDENTITY_URL": str(layout.identity_url),
            },
            stop_seconds=1.0,
        )


def _registry() -> dict[str, str]:
    """How npm finds its packages on this machine, where somebody has said so."""
    return {
        name: word
        for name, word in os.environ.items()
        if name.lower().startswith("npm_config_") or name == "NODE_EXTRA_CA_CERTS"
    }


async def _serves(session: aiohttp.ClientSession, url: str) -> bool:
    """Whether its first page comes."""
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with session.get(url, allow_redirects=False) as response:
            return response.status == _OK
    return False
