"""Brings Keycloak, its realm and its first people up beside the rest, which never waits for it."""

import asyncio
import contextlib
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from knative.local.credentials import Login, read_credentials, record_people
from knative.local.environment import mail_environment, owner_environment, program_environment
from knative.local.keycloak import (
    ADMIN_SECRET,
    NAME,
    START_SECONDS,
    keycloak_program,
    make_keycloak_secrets,
    plan_keycloak,
)
from knative.local.keycloak_build import BUILD_NOTICE, KeycloakError, built_distribution
from knative.local.layout import HOST, Layout, LayoutError, reason_of
from knative.local.left_out import read_left_out
from knative.local.readiness import Beside
from knative.local.secret_files import read_or_make
from knative.local.steps import run_step
from knative.local.supervisor import Condition, StartError, Supervisor

# A slow line may take its time: nobody waits.
_FETCH_SECONDS: Final = 3600.0
_PROBE_SECONDS: Final = 0.25
_OK: Final = 200
# A machine busy with something else may let a question time out; each is asked again.
_WAITS_SECONDS: Final = (2.0, 10.0, 30.0)
_EXPECTED: Final = (KeycloakError, LayoutError, OSError, StartError)
_PEOPLE: Final = ("admin", "owner")
_NETWORK: Final = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"),
)


def choose_keycloak(environ: Mapping[str, str], port: int) -> str | None:
    """Say where Keycloak will be: at `KEYCLOAK_URL`, else on our `port`; None where left out.

    Raises LayoutError for an address or a name of a part that cannot be meant.
    """
    if NAME in read_left_out(environ):
        return None
    url = environ.get("KEYCLOAK_URL", "").rstrip("/")
    if url and not _is_address(url):
        raise LayoutError("KEYCLOAK_URL is http(s)://host[:port][/path], without user or password.")
    return url or f"http://{HOST}:{port}"


def _is_address(url: str) -> bool:
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        # Asking for the port is what proves it a number.
        is_plain = parts.port != 0 and not (parts.username or parts.query or parts.fragment)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and is_plain
    return False


class Identity:
    """Sign-in for one local system: whatever keeps it from starting, the rest runs on."""

    def __init__(self, layout: Layout, announce: Callable[[str], None]) -> None:
        """`announce` gets a line when people can sign in, and one when they cannot and why."""
        self._layout = layout
        self._announce = announce
        self._supervisor = Supervisor(self._announce_end)
        self._is_ours = layout.keycloak_url == f"http://{HOST}:{layout.ports.get(NAME)}"
        self._serves = False
        self._is_ready = False
        self._is_missing = False
        self._task: asyncio.Task[None] | None = None
        if layout.keycloak_url is not None:
            # Functions are given links to them when they start, before there is any server.
            make_keycloak_secrets(layout.secrets_dir, is_ours=self._is_ours)

    def beside(self) -> Beside:
        """Say what is not there."""
        if self._layout.keycloak_url is None:
            return Beside(left_out=(NAME,))
        if self._is_missing:
            return Beside(missing=(NAME,))
        if not self._is_ready:
            return Beside(Condition((NAME,), {}))
        return Beside(self._supervisor.condition())

    def begin(self, session: aiohttp.ClientSession, elapsed: Callable[[], str]) -> None:
        """Start without being waited for; `session` is used until the end."""
        url = self._layout.keycloak_url
        if url is not None:
            self._task = asyncio.create_task(self._start(url, session, elapsed))

    async def until_settled(self) -> bool:
        """Wait for the end of the start; whether people can sign in."""
        if self._task is not None:
            await asyncio.wait({self._task})
        return self._is_ready

    async def stop(self) -> None:
        """End the server and whatever was under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._supervisor.stop([NAME])

    async def _start(
        self, url: str, session: aiohttp.ClientSession, elapsed: Callable[[], str]
    ) -> None:
        try:
            if self._is_ours:
                await self._start_server(url, session)
            await self._make_realm(url, session)
        except _EXPECTED as error:
            self._is_missing = True
            if not self._serves:
                await self._supervisor.stop([NAME])
            self._announce(f"Sign-in is not there, all else runs on: {reason_of(error)}")
        else:
            self._is_ready = True
            self._announce(f"{NAME} ready after {elapsed()}, {self._sign_in()}")

    async def _start_server(self, url: str, session: aiohttp.ClientSession) -> None:
        layout = self._layout
        if built_distribution() is None:
            self._announce(BUILD_NOTICE)
            # A process of its own: a thread could be neither ended nor left behind.
            await run_step(
                layout,
                "keycloak_build",
                "knative.local.keycloak_build",
                program_environment(layout) | ways_out(),
                seconds=_FETCH_SECONDS,
            )
        distribution = built_distribution()
        if distribution is None:
            raise KeycloakError("Keycloak was built and is gone: start again to build it anew")
        plan = plan_keycloak(
            distribution, layout.data_dir, layout.secrets_dir, port=layout.ports[NAME]
        )
        self._supervisor.start(keycloak_program(plan), lambda: _serves_realms(session, url))
        await self._supervisor.until_ready([NAME], seconds=START_SECONDS)
        self._serves = True

    async def _make_realm(self, url: str, session: aiohttp.ClientSession) -> None:
        layout = self._layout
        secret = layout.secrets_dir / ADMIN_SECRET
        if not secret.exists():
            raise LayoutError(
                "KEYCLOAK_URL needs a client of the realm master that may change all realms:"
                f" write <client id>:<secret> into {secret}"
            )
        if not self._is_ours:
            await _await_server(session, url)
        environment = program_environment(layout) | {"KEYCLOAK_URL": url}
        await _run_again(layout, "keycloak_realm", "knative.components.keycloak", environment)
        if self._is_ours:
            await self._make_people(environment)
            by_mail = environment | mail_environment(layout)
            await _run_again(layout, "keycloak_mail", "knative.components.keycloak.mail", by_mail)

    async def _make_people(self, environment: Mapping[str, str]) -> None:
        layout = self._layout
        people = {role: _recorded(layout, role) for role in _PEOPLE}
        module = "knative.components.keycloak.person"
        printed = await _run_again(
            layout, "keycloak_people", module, environment, *_PEOPLE, capture=True
        )
        record_people(layout.data_dir, admin=people["admin"], owner=people["owner"])
        known = read_credentials(layout.data_dir)
        if known is not None:
            words = known.account, json.loads(printed)["owner"], people["owner"].username
            module = "shared.runtime.first_owner"
            await _run_again(layout, "first_owner", module, owner_environment(layout), *words)

    def _sign_in(self) -> str:
        known = read_credentials(self._layout.data_dir)
        if known is None or known.admin is None or not self._is_ours:
            return f"at {self._layout.keycloak_url}"
        return (
            f"sign in at {known.identity_url}/account as {known.admin.username};"
            " the password is in credentials.json"
        )

    def _announce_end(self, line: str) -> None:
        # Before it first serves, one line in the end says it all.
        if self._serves:
            self._announce(line)


def ways_out() -> dict[str, str]:
    """How this machine reaches the network, where not directly."""
    return {name: os.environ[name] for name in _NETWORK if name in os.environ}


async def _run_again(
    layout: Layout,
    name: str,
    module: str,
    environment: Mapping[str, str],
    *words: str,
    capture: bool = False,
) -> str:
    """Run a repeatable step until it succeeds. Raises StartError when that was tried often."""
    for wait in _WAITS_SECONDS:
        try:
            return await run_step(layout, name, module, environment, *words, capture=capture)
        except StartError:
            await asyncio.sleep(wait)
    return await run_step(layout, name, module, environment, *words, capture=capture)


def _recorded(layout: Layout, role: str) -> Login:
    """The name and first password of a person, written down before the person is made."""
    line = read_or_make(
        layout.secrets_dir / f"person_{role}",
        lambda: f"{role}@pay.local:{secrets.token_urlsafe(18)}",
    )
    username, _, password = line.partition(":")
    return Login(username, password)


async def _serves_realms(session: aiohttp.ClientSession, url: str) -> bool:
    """Whether realms are served; it takes a few seconds from the port to the first of them."""
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with session.get(f"{url}/realms/master") as response:
            return response.status == _OK
    return False


async def _await_server(session: aiohttp.ClientSession, url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if await _serves_realms(session, url):
            return
        await asyncio.sleep(_PROBE_SECONDS)
    raise KeycloakError(f"{url} serves no realms: is KEYCLOAK_URL right?")
