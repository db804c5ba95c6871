"""E35: nothing that a merchant names, and no name that changes its meaning, leads to the inside."""

import ipaddress
import itertools
import random
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

import pytest

from shared.domain.egress import DENIED_NETWORKS
from shared.messaging.webhook_sender import EgressSender, dial
from shared.operations.webhook_ports import WebhookAnswer, WebhookRequest
from shared.runtime import webhooks
from tests.certificates import Authority
from tests.functions.webhooks import SPAN, Merchant
from tests.scripted_server import Play, ScriptedServer, Seen, answer
from tests.trials import Trial
from tests.unit.test_egress import HOSTILE

PUBLIC: Final = "93.184.216.34"
METADATA: Final = "169.254.169.254"
ALIASES: Final = ("127.0.0.1", "127.0.0.2", "127.254.1.7")
"""Where canaries listen: addresses that any machine has."""
TARGETS: Final = (*ALIASES, METADATA, "10.0.0.1", "172.16.0.1", "192.168.1.1")
INSIDE: Final = (
    *(METADATA, METADATA, METADATA, *TARGETS, "::1", "::ffff:169.254.169.254"),
    *("64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "fd00:ec2::254", "fe80::1", "0.0.0.1"),
)
HOSTS: Final = tuple(f"rebind{number}.shop.cm" for number in range(4))
EVENTS: Final = 10


def other_words(text: str) -> Iterator[str]:
    """An IPv4 address as C libraries, browsers and IPv6 write it too."""
    address = ipaddress.IPv4Address(text)
    parts = text.split(".")
    whole, low = int(address), int(address) & 0xFFFFFF
    yield from (text, f"{text}.", f"{whole}", f"0x{whole:x}", f"0{whole:o}")
    yield from (f"{parts[0]}.{low}", f"{parts[0]}.{parts[1]}.{low & 0xFFFF}")
    yield from (".".join(f"0{int(part):o}" for part in parts), ".".join(map(hex, map(int, parts))))
    yield from (
        text.replace(".", "\u3002"),
        text.translate({ord("0") + d: 0xFF10 + d for d in range(10)}),
    )
    yield from ("".join(f"%{ord(letter):02x}" for letter in text), f"{text}.shop.cm.localhost")
    v6 = f"{whole >> 16:x}:{whole & 0xFFFF:x}"
    yield from (
        f"[::ffff:{text}]",
        f"[::ffff:{v6}]",
        f"[::{v6}]",
        f"[64:ff9b::{v6}]",
        f"[2002:{v6}::]",
    )


def hostile_urls(port: int) -> list[str]:
    """Each known trick, each end of each network that is closed, and our canaries in every form."""
    ends = {str(end) for network in DENIED_NETWORKS for end in (network[0], network[-1])}
    hosts = [f"[{end}]" if ":" in end else end for end in sorted(ends)]
    forms = [form for target in TARGETS for form in other_words(target)]
    homes = (*ALIASES, "localhost", "[::1]")
    urls = [f"https://{host}/" for host in (*hosts, *forms)]
    urls += [
        f"{scheme}://{host}:{port}/" for host in (*homes, *forms) for scheme in ("https", "http")
    ]
    urls += [f"https://shop.cm@{host}:{port}/" for host in homes]
    urls += [f"https://{host}:{port}\\@shop.cm/" for host in homes]
    return list(dict.fromkeys([*HOSTILE, *urls]))


class Canaries:
    """Listeners on this machine that nothing may ever reach."""

    def __init__(self) -> None:
        self.touched: list[str] = []
        self._listeners = [socket.create_server((ALIASES[0], 0))]
        self.port = int(self._listeners[0].getsockname()[1])

    def __enter__(self) -> Self:
        for alias in ALIASES[1:]:
            self._listeners.append(socket.create_server((alias, self.port)))
        for listener in self._listeners:
            listener.settimeout(0)
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self._listeners:
            listener.close()

    def look(self) -> int:
        """How many connections came to any of them so far."""
        for listener in self._listeners:
            try:
                sock, address = listener.accept()
            except BlockingIOError:
                continue
            sock.close()
            self.touched.append(str(address))
        return len(self.touched)


def test_no_hostile_url_reaches_anything_or_tells_what_is_open(trial: Trial) -> None:
    """By the real resolver and real sockets, in both modes, with every port allowed."""
    with Canaries() as canaries:
        urls = hostile_urls(canaries.port)
        closed = canaries.port - 1 if canaries.port > 60_000 else canaries.port + 1
        sender = EgressSender(
            clock=time.monotonic,
            wall_clock=lambda: datetime.now(UTC),
            user_agent="Pay-Webhooks/1",
            other_ports={canaries.port, closed},
        )

        def told(url: str, *, livemode: bool) -> tuple[int, str | None, str]:
            request = WebhookRequest(url, b"{}", (("webhook-id", "evt_1"),))
            found = sender.send(request, livemode=livemode)
            return found.status, found.error, found.body_start

        wrong, gossip = 0, 0
        for url, livemode in itertools.product(urls, (True, False)):
            refused = told(url, livemode=livemode)
            wrong += refused[0] != 0 or not (refused[1] or "").startswith("url_")
            elsewhere = url.replace(f":{canaries.port}", f":{closed}")
            gossip += told(elsewhere, livemode=livemode) != refused
        reached = canaries.look()

    assert len(urls) >= 200
    trial.record(
        "E35 hostile addresses",
        2 * len(urls),
        wrong=wrong + gossip + reached,
        different_addresses=len(urls),
        canaries=len(ALIASES),
        connections=reached,
        told_apart=gossip,
    )


class Rebinding:
    """A name server whose answers last for no time: public at first, then whatever hurts."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self.public = 0
        self.inside = 0

    def resolve(self, host: str, _port: int) -> Sequence[str]:
        """Answer anew each time."""
        with self._lock:
            if host not in self._known or self._chance.random() < 0.3:
                self._known.add(host)
                self.public += 1
                return [PUBLIC]
            self.inside += 1
            inside = self._chance.choice(INSIDE)
            return self._chance.choice(([inside], [PUBLIC, inside], [inside, PUBLIC]))


class Outward:
    """The product's sender, with a rebinding resolver; a dial to anything inside meets a canary."""

    def __init__(
        self, rebinding: Rebinding, *, home: int, canary: int, authority: Authority
    ) -> None:
        self.dialled: list[str] = []
        self.answers: list[WebhookAnswer] = []
        self._ports = {True: home, False: canary}
        self._sender = EgressSender(
            clock=time.monotonic,
            wall_clock=lambda: datetime.now(UTC),
            user_agent="Pay-Webhooks/1",
            ca_file=str(authority.file),
            resolve=rebinding.resolve,
            dial=self._dial,
        )

    def send(self, request: WebhookRequest, *, livemode: bool) -> WebhookAnswer:
        """Send, and keep what came of it."""
        found = self._sender.send(request, livemode=livemode)
        self.answers.append(found)
        return found

    def _dial(self, address: str, _port: int, seconds: float) -> socket.socket:
        self.dialled.append(address)
        return dial("127.0.0.1", self._ports[address == PUBLIC], seconds)


def test_a_name_that_is_rebound_never_reaches_the_inside(
    merchant: Merchant, trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the dispatcher's own door: each attempt checks what it dials, follows nothing, and the
    log says of all that is refused the same."""
    authority, rebinding = Authority(tmp_path), Rebinding(trial.chance)
    wanted = trial.size(60, 2_000)
    with ScriptedServer(lambda _: answer(200)) as canary:

        def script(seen: Seen) -> Play:
            """A receiver that tries it by a redirect as well."""
            to = f"Location: {canary.url}/\r\n" if seen.connection % 4 == 0 else ""
            return answer(307 if to else 200, extra=to)

        with ScriptedServer(script, tls=authority.server(*HOSTS)) as server:
            outward = Outward(rebinding, home=server.port, canary=canary.port, authority=authority)
            monkeypatch.setattr(webhooks, "sender", lambda: outward)
            made = [merchant.make(url=f"https://{host}/hooks")["id"] for host in HOSTS]
            for _ in range(EVENTS):
                merchant.till.create()
            while rebinding.inside < wanted:
                for endpoint in made:
                    merchant.post(f"/{endpoint}/resend", SPAN)
                for _, endpoint in itertools.product(range(EVENTS), made):
                    merchant.dispatch(endpoint)
            logged = merchant.till.rows.of("webhook_deliveries")
        words = {line["error"] for row in logged for line in row["attempt_log"]}
        refused = sum(found.error == "url_host_not_allowed" for found in outward.answers)
        outside = [address for address in outward.dialled if address != PUBLIC]
        taken = sum(found.status in {200, 307} for found in outward.answers)

        assert words == {None, "url_host_not_allowed"}
        trial.record(
            "E35 rebound names",
            rebinding.inside,
            wrong=canary.connections
            + len(outside)
            + abs(rebinding.inside - refused)
            + abs(rebinding.public - taken)
            + abs(len(outward.dialled) - rebinding.public),
            connections=canary.connections,
            attempts=len(outward.answers),
            public_answers=rebinding.public,
            redirects=sum(found.status == 307 for found in outward.answers),
        )
