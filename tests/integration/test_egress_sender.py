"""The way out to merchants against real receivers: what is dialled, sent, read and cut off."""

import errno
import ipaddress
import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.messaging.webhook_sender import EgressSender, dial
from shared.operations.webhook_ports import WebhookAnswer, WebhookRequest
from tests.certificates import Authority
from tests.scripted_server import RESET, SILENCE, Play, ScriptedServer, Seen, answer
from tests.unit.test_egress import HOSTILE

PUBLIC = "93.184.216.34"
NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
BODY = b'{"type":"charge.succeeded"}'


def request(url: str) -> WebhookRequest:
    return WebhookRequest(
        url, BODY, (("content-type", "application/json"), ("webhook-id", "evt_1"))
    )


class Outside:
    """A sender whose names resolve as told, and whose dials to public addresses come home."""

    def __init__(
        self,
        *lookups: Sequence[str],
        home: int = 0,
        ca_file: str | None = None,
        allow_loopback: bool = False,
        seconds: float = 5,
        own_networks: Sequence[ipaddress.IPv4Network] = (),
    ) -> None:
        self.lookups = list(lookups)
        self.asked: list[str] = []
        self.dialled: list[str] = []
        self.home = home
        self.sender = EgressSender(
            clock=time.monotonic,
            wall_clock=lambda: NOW,
            user_agent="Pay-Webhooks/1",
            allow_loopback=allow_loopback,
            own_networks=own_networks,
            exchange_seconds=seconds,
            ca_file=ca_file,
            resolve=self._resolve,
            dial=self._dial,
        )

    def _resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(f"{host}:{port}")
        return self.lookups.pop(0)

    def _dial(self, address: str, port: int, seconds: float) -> socket.socket:
        self.dialled.append(f"{address}:{port}")
        if address == PUBLIC:
            return dial("127.0.0.1", self.home, seconds)
        return dial(address, port, seconds)

    def send(self, url: str, *, livemode: bool = False) -> WebhookAnswer:
        return self.sender.send(request(url), livemode=livemode)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One authority for all receivers of this module."""
    return Authority(tmp_path_factory.mktemp("authority"))


def local(server: ScriptedServer, **more: object) -> WebhookAnswer:
    seconds = float(str(more.get("seconds", 5)))
    return Outside(allow_loopback=True, seconds=seconds).send(f"{server.url}/hook?x=1")


def receiving(play: Play, *, seconds: float = 5) -> WebhookAnswer:
    with ScriptedServer(lambda _: play) as server:
        return local(server, seconds=seconds)


def test_a_delivery_carries_exact_bytes_and_headers() -> None:
    """The receiver gets the body byte by byte, our headers, and nothing that invites more."""
    with ScriptedServer(lambda _: answer(200, "thanks")) as server:
        found = local(server)

        (seen,) = server.seen
        assert (seen.method, seen.path, seen.body) == ("POST", "/hook?x=1", BODY)
        assert seen.headers == {
            "host": f"127.0.0.1:{server.port}",
            "user-agent": "Pay-Webhooks/1",
            "content-type": "application/json",
            "webhook-id": "evt_1",
            "content-length": str(len(BODY)),
            "accept-encoding": "identity",
            "connection": "close",
        }
        assert (found.status, found.error, found.body_start) == (200, None, "thanks")


def test_the_checked_address_is_dialled_under_the_name(authority: Authority) -> None:
    """The look-up happens once; TLS, SNI and Host carry the name, the socket the address."""
    names: list[str | None] = []
    context = authority.server("hooks.shop.cm")
    context.sni_callback = lambda _sock, name, _context: names.append(name)
    with ScriptedServer(lambda _: answer(204), tls=context) as server:
        outside = Outside([PUBLIC], home=server.port, ca_file=str(authority.file))

        found = outside.send("https://hooks.shop.cm/pay", livemode=True)

        assert (found.status, found.error) == (204, None)
        assert outside.asked == ["hooks.shop.cm:443"]
        assert outside.dialled == [f"{PUBLIC}:443"]
        assert names == ["hooks.shop.cm"]
        assert server.seen[0].headers["host"] == "hooks.shop.cm"


def test_a_certificate_for_another_name_is_refused(authority: Authority) -> None:
    """Nothing is sent to whoever cannot prove the name."""
    with ScriptedServer(lambda _: answer(200), tls=authority.server("other.shop.cm")) as server:
        outside = Outside([PUBLIC], home=server.port, ca_file=str(authority.file))

        assert outside.send("https://hooks.shop.cm/").error == "tls_failed"
        assert server.seen == []


def test_an_unknown_authority_is_refused(authority: Authority) -> None:
    """A self-made authority is not the system's."""
    with ScriptedServer(lambda _: answer(200), tls=authority.server("hooks.shop.cm")) as server:
        outside = Outside([PUBLIC], home=server.port)

        assert outside.send("https://hooks.shop.cm/").error == "tls_failed"
        assert server.seen == []


@pytest.fixture
def canary() -> Iterator[ScriptedServer]:
    """A listener that nothing may ever reach."""
    with ScriptedServer(lambda _: answer(200)) as server:
        yield server


def test_a_rebinding_name_never_reaches_the_inside(
    canary: ScriptedServer, authority: Authority
) -> None:
    """Public at the first attempt, internal at the next: each attempt checks what it dials."""
    url = "https://rebind.shop.cm/"
    with ScriptedServer(lambda _: answer(200), tls=authority.server("rebind.shop.cm")) as server:
        outside = Outside(
            [PUBLIC],
            ["169.254.169.254"],
            ["127.0.0.1"],
            ["::ffff:127.0.0.1"],
            [PUBLIC, "169.254.169.254"],
            ["169.254.169.254", PUBLIC],
            home=server.port,
            ca_file=str(authority.file),
        )
        assert outside.send(url).status == 200

        outside.home = canary.port
        for _ in range(5):
            refused = outside.send(url)
            assert (refused.status, refused.error) == (0, "url_host_not_allowed")

        assert len(outside.asked) == 6
        assert outside.dialled == [f"{PUBLIC}:443"]
        assert canary.connections == 0


INSIDE = (
    *("127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "127.1", "name"),
    *("::1", "::ffff:7f00:1", "fd00::1", "64:ff9b::7f00:1", "2002:7f00:1::", "fe80::1%lo"),
)


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_means_the_inside_is_not_dialled(address: str) -> None:
    """Whatever the resolver says, a denied or unreadable address is not dialled."""
    outside = Outside([address])

    assert outside.send("https://hooks.shop.cm/").error == "url_host_not_allowed"
    assert outside.dialled == []


def test_our_own_entrance_is_not_dialled() -> None:
    """A name that points back at us is refused."""
    outside = Outside([PUBLIC], own_networks=[ipaddress.IPv4Network("93.184.216.0/24")])

    assert outside.send("https://hooks.shop.cm/").error == "url_host_not_allowed"
    assert outside.dialled == []


def test_no_hostile_url_leads_to_a_look_up_or_a_dial() -> None:
    """The table of hostile addresses moves nothing, in either mode."""
    outside = Outside()

    for url in HOSTILE:
        for livemode in (True, False):
            found = outside.send(url, livemode=livemode)
            assert found.status == 0
            assert (found.error or "").startswith("url_")

    assert (outside.asked, outside.dialled) == ([], [])


def test_without_the_local_flag_loopback_is_closed(canary: ScriptedServer) -> None:
    """Plain http to this machine needs the flag of the local system."""
    assert Outside().send(f"{canary.url}/hook").error == "url_not_https"
    assert canary.connections == 0


def test_a_redirect_is_reported_and_not_followed(canary: ScriptedServer) -> None:
    """A 3xx comes back as it is; its target is never called."""
    for status in (301, 302, 307, 308):
        play = answer(status, extra=f"Location: {canary.url}/\r\n")

        assert receiving(play).status == status

    assert canary.connections == 0


def test_proxy_variables_mean_nothing(
    canary: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither proxy variables nor a .netrc change where we go or what we send."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, canary.url)
    (tmp_path / ".netrc").write_text("default login a password b\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with ScriptedServer(lambda _: answer(200)) as server:
        assert local(server).status == 200

        assert "authorization" not in server.seen[0].headers
    assert canary.connections == 0


SLOW = [
    ("silence", SILENCE, 0),
    ("status drips", Play([b"H"] * 1000, gap_seconds=0.02), 0),
    ("headers drip", Play([b"HTTP/1.1 200 OK\r\n"] + [b"a"] * 1000, gap_seconds=0.02), 0),
    (
        "body drips",
        Play([b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"] + [b"a"] * 999, gap_seconds=0.02),
        200,
    ),
    ("100 for ever", Play([b"HTTP/1.1 100 Continue\r\n\r\n"] * 1000, gap_seconds=0.02), 0),
]


@pytest.mark.parametrize(("play", "status"), [row[1:] for row in SLOW], ids=[r[0] for r in SLOW])
def test_a_slow_receiver_is_cut_at_the_deadline(play: Play, status: int) -> None:
    """The limit is on the whole exchange, however the bytes are spread over it."""
    started = time.monotonic()

    found = receiving(play, seconds=0.4)

    assert time.monotonic() - started < 3
    assert 350 <= found.duration_ms <= 2500
    assert (found.status, found.error) == (status, "timeout")


def test_a_slow_resolver_is_cut_too() -> None:
    """A merchant's own name server cannot hold a worker."""
    never = threading.Event()

    def resolve(_host: str, _port: int) -> Sequence[str]:
        never.wait(10)
        return []

    sender = EgressSender(
        clock=time.monotonic,
        wall_clock=lambda: NOW,
        user_agent="t",
        exchange_seconds=0.3,
        resolve=resolve,
    )
    started = time.monotonic()

    found = sender.send(request("https://slow.shop.cm/"), livemode=True)

    assert (found.status, found.error) == (0, "dns_failed")
    assert time.monotonic() - started < 3
    never.set()


OK = b"HTTP/1.1 200 OK\r\n"
NINE = OK + b"Content-Length: 9\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
HEADERS = [b"A: " + b"x" * 4000 + b"\r\n"] * 30
BROKEN: list[tuple[str, Play, int, str | None]] = [
    ("reset", RESET, 0, "connection_broken"),
    ("closed at once", Play([], end="close"), 0, "answer_malformed"),
    ("reset in the body", Play([NINE + b"ab"], end="reset"), 200, "connection_broken"),
    ("cut short", Play([NINE + b"ab"], end="close"), 200, "connection_broken"),
    ("chunks cut short", Play([CHUNKED + b"5\r\nab"], end="close"), 200, "answer_malformed"),
    ("no HTTP", Play([b"220 smtp.example ESMTP\r\n"], end="close"), 0, "answer_malformed"),
    ("endless headers", Play([OK, *HEADERS], end="close"), 0, "answer_malformed"),
    ("until closed", Play([OK + b"\r\nfine"], end="close"), 200, None),
    ("chunks", Play([CHUNKED + b"2\r\nok\r\n0\r\n\r\n"]), 200, None),
]


@pytest.mark.parametrize(
    ("play", "status", "error"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN]
)
def test_a_broken_answer_is_told_as_far_as_it_came(
    play: Play, status: int, error: str | None
) -> None:
    """What came is reported, what broke has a word, and nothing is raised."""
    found = receiving(play)

    assert (found.status, found.error) == (status, error)


@pytest.mark.parametrize("length", ["Content-Length: 99999999999\r\n", ""])
def test_a_huge_body_is_left_unread(length: str) -> None:
    """64 KiB are read, 2 KiB kept; the status counts all the same."""
    head = f"HTTP/1.1 200 OK\r\n{length}\r\n".encode()

    found = receiving(Play([head, *[b"x" * 4096] * 40], end="silence"), seconds=3)

    assert (found.status, found.error) == (200, None)
    assert found.body_start == "x" * 2048


def test_a_body_is_never_unpacked() -> None:
    """What claims to be compressed is kept as it came."""
    found = receiving(answer(200, b"\x1f\x8b\x00bomb", extra="Content-Encoding: gzip\r\n"))

    assert found.body_start == " \N{REPLACEMENT CHARACTER} bomb"


def test_what_is_kept_of_a_body_holds_no_secret() -> None:
    """Numbers of phones and keys are taken out of what a merchant's server echoes."""
    body = json.dumps({"phone": "+237 670 000 001", "key": "sk_test_abc", "n": 12345})

    kept = receiving(answer(500, body)).body_start

    assert "670" not in kept
    assert "abc" not in kept
    assert "12345" in kept


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("-5", None),
        ("soon", None),
        ("9" * 400, 999_999_999),
        ("Wed, 25 Nov 2026 09:32:00 GMT", 120),
        ("Wed, 25 Nov 2026 09:29:00 GMT", None),
        ("Wed, 99 Nov 2026 09:29:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value: str, seconds: int | None) -> None:
    """Both forms of Retry-After are honoured, nonsense is not."""
    found = receiving(answer(429, extra=f"Retry-After: {value}\r\n"))

    assert (found.status, found.retry_after_seconds) == (429, seconds)


def test_nobody_listening_and_no_name_have_words() -> None:
    """A closed port and a name without address are failures like others."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert Outside(allow_loopback=True).send(f"http://127.0.0.1:{port}/").error == "connect_failed"
    assert Outside([]).send("https://hooks.shop.cm/").error == "dns_failed"


@pytest.mark.parametrize("number", [errno.ECONNREFUSED, errno.ETIMEDOUT, errno.EHOSTUNREACH])
def test_why_a_dial_failed_is_not_told(number: int) -> None:
    """Closed, filtered and unreachable are one word: nobody scans with our help."""
    outside = Outside([PUBLIC])

    def refuse(_address: str, _port: int, _seconds: float) -> socket.socket:
        raise OSError(number, os.strerror(number))

    outside.sender._dial = refuse
    found = outside.send("https://hooks.shop.cm/")

    assert (found.status, found.error, found.body_start) == (0, "connect_failed", "")


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "é", "a\x00"])
def test_a_header_cannot_be_smuggled_in(canary: ScriptedServer, value: str) -> None:
    """A value with a line break is not sent at all."""
    bad = WebhookRequest(f"{canary.url}/", BODY, (("webhook-id", value),))

    assert Outside(allow_loopback=True).sender.send(bad, livemode=False).error == "header_malformed"
    assert canary.connections == 0


def test_attempts_do_not_wait_for_each_other() -> None:
    """Ten attempts to a slow receiver at once take the time of one."""

    def script(_: Seen) -> Play:
        return Play([b"HTTP/1.1 200 OK\r\n", b"Content-Length: 0\r\n\r\n"], gap_seconds=0.2)

    with ScriptedServer(script) as server:
        outside = Outside(allow_loopback=True)
        found: list[int] = []

        def send() -> None:
            found.append(outside.send(f"{server.url}/").status)

        threads = [threading.Thread(target=send) for _ in range(10)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

        assert found == [200] * 10
        assert time.monotonic() - started < 1.5
