"""Where a merchant may not make us go: every hostile address is refused before a socket exists."""

import ipaddress

import pytest

from shared.domain.egress import check_url, is_denied
from shared.domain.errors import InvalidRequest

HOSTILE = [
    # numbers that C resolvers take for addresses
    "https://2852039166/", "https://0xA9FEA9FE/", "https://0251.0376.0251.0376/",
    "https://127.1/", "https://①②⑦.0.0.1/", "https://0x7f.1/", "https://017700000001/",
    "https://127.0.0.1.:443/", "https://0/", "https://1.2.3.4.5/", "https://evil.example.0x7f/",
    "https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/", "https://169.254.169.254./", "https://127。0。0。1/",
    # internal addresses as they are
    "https://127.0.0.1/", "https://10.0.0.1/", "https://100.64.0.1/", "https://169.254.169.254/",
    "https://172.16.0.1/", "https://172.31.255.255/", "https://192.168.1.1/",
    "https://192.0.0.192/", "https://192.0.2.1/", "https://192.88.99.1/", "https://198.18.0.1/",
    "https://198.51.100.1/", "https://203.0.113.1/", "https://224.0.0.1/", "https://240.0.0.1/",
    "https://255.255.255.255/", "https://0.0.0.0/", "https://[::]/", "https://[::1]/",
    "https://[::127.0.0.1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:a9fe:a9fe]/",
    "https://[64:ff9b::169.254.169.254]/", "https://[64:ff9b:1::1]/", "https://[100::1]/",
    "https://[2001::1]/", "https://[2001:db8::1]/", "https://[2002:a9fe:a9fe::]/",
    "https://[3fff::1]/", "https://[5f00::1]/", "https://[fc00::1]/", "https://[fd00:ec2::254]/",
    "https://[fe80::1]/", "https://[fe80::1%25eth0]/", "https://[fec0::1]/", "https://[ff02::1]/",
    # names of the inside
    "https://localhost/", "https://LOCALHOST/", "https://a.localhost/", "https://metadata/",
    "https://metadata.google.internal/", "https://postgres.pay.svc/", "https://intranet/",
    "https://kubernetes.default.svc.cluster.local/", "https://printer.local/",
    "https://ⓛocalhost/", "https://local.host.test/", "https://1.0.0.127.in-addr.arpa/",
    # schemes and ports
    "http://example.com/", "http://169.254.169.254/latest/meta-data/", "ftp://example.com/",
    "file:///etc/passwd", "gopher://example.com/", "javascript:alert(1)", "//example.com/",
    "example.com", "", "https://", "https:///path", "https://example.com:22/",
    "https://example.com:6379/", "https://example.com:80/", "https://example.com:0/",
    "https://example.com:99999/", "https://example.com:-1/", "https://example.com:/",
    "https://example.com:https/", "http://127.0.0.1:8080/", "http://localhost:8080/",
    # users, fragments, what parsers read differently
    "https://user@example.com/", "https://user:pass@example.com/", "https://@example.com/",
    "https://example.com@169.254.169.254/", "https://example.com#@169.254.169.254/",
    "https://example.com\\@169.254.169.254/", "https://169.254.169.254\\.example.com/",
    "https://example.com/#fragment", "https://exam ple.com/", "https://example.com/a b",
    "https://exa\tmple.com/", "https://example.com/\r\nHost: x", "https://example.com\x00.evil/",
    " https://example.com/", "https://example.com/ünïcode", "https://example.com/%zz\u2028",
    "https://[::1", "https://[example.com]/", "https://example.com,169.254.169.254/",
    # host names that are none
    "https://-bad.example.com/", "https://bad-.example.com/", "https://a..example.com/",
    "https://.example.com/", "https://under_score.example.com/", "https://example.com./",
    "https://" + "a" * 64 + ".com/", "https://" + "a." * 130 + "com/", "https://xn--a.com/",
    "https://*.example.com/", "https://%6c%6fcalhost/", "https://exa\u00admple/",
    "https://hooks.example.com/" + "a" * 2048,
]  # fmt: skip

WELCOME = [
    ("https://hooks.shop.cm/pay", "hooks.shop.cm", 443, "/pay"),
    ("https://hooks.shop.cm", "hooks.shop.cm", 443, "/"),
    ("HTTPS://Hooks.Shop.CM:443/a/b;c?d=e%20f&g", "hooks.shop.cm", 443, "/a/b;c?d=e%20f&g"),
    ("https://bücher.de/x", "xn--bcher-kva.de", 443, "/x"),
    ("https://shop.cm?x=1", "shop.cm", 443, "/?x=1"),
    ("https://shop.cm:8443/", "shop.cm", 8443, "/"),
    ("https://1.shop.cm/", "1.shop.cm", 443, "/"),
]


@pytest.mark.parametrize("livemode", [True, False])
@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_url_is_refused(url: str, livemode: bool) -> None:  # noqa: FBT001 - a table
    """None of these passes in either mode, and the refusal names the field."""
    with pytest.raises(InvalidRequest) as refused:
        check_url(url, livemode)

    assert refused.value.param == "url"


def test_the_table_is_long_enough() -> None:
    """The list of hostile addresses holds at least sixty different ones."""
    assert len(set(HOSTILE)) == len(HOSTILE) >= 60


@pytest.mark.parametrize(("url", "host", "port", "target"), WELCOME)
def test_an_honest_url_is_taken(url: str, host: str, port: int, target: str) -> None:
    """A public name over https passes; the host is kept in ASCII."""
    destination = check_url(url, livemode=True, other_ports={8443})

    assert (destination.host, destination.port, destination.target) == (host, port, target)
    assert not destination.is_plain


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://a b.cm/", "url_invalid"),
        ("http://shop.cm/", "url_not_https"),
        ("https://shop.cm:8443/", "url_port_not_allowed"),
        ("https://8.8.8.8/", "url_host_not_allowed"),
    ],
)
def test_each_refusal_has_its_code(url: str, code: str) -> None:
    """A merchant learns which rule the address breaks."""
    with pytest.raises(InvalidRequest, match=code):
        check_url(url, livemode=True)


def test_a_public_address_is_for_test_mode_only() -> None:
    """A literal address may serve in test mode, never in live mode."""
    assert check_url("https://8.8.8.8/", livemode=False).host == "8.8.8.8"
    assert check_url("https://[2606:4700::1]/", livemode=False).host_header == "[2606:4700::1]"
    with pytest.raises(InvalidRequest):
        check_url("https://[2606:4700::1]/", livemode=True)


def test_the_local_exception_is_one_address() -> None:
    """With the local flag plain http to 127.0.0.1 and a port passes, and nothing like it."""
    taken = check_url("http://127.0.0.1:9000/hook", livemode=False, allow_loopback=True)
    assert (taken.is_plain, taken.host_header) == (True, "127.0.0.1:9000")

    passed = []
    for url in HOSTILE:
        try:
            check_url(url, livemode=False, allow_loopback=True)
        except InvalidRequest:
            continue
        passed.append(url)
    assert passed == ["http://127.0.0.1:8080/"]
    for url in (
        "http://127.0.0.1/",
        "http://127.0.0.2:80/",
        "http://127.1:80/",
        "http://[::1]:80/",
    ):
        with pytest.raises(InvalidRequest):
            check_url(url, livemode=False, allow_loopback=True)


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("::ffff:10.0.0.1", True),
        ("::ffff:8.8.8.8", False),
        ("64:ff9b::8.8.8.8", True),
        ("2002:808:808::1", True),
        ("fe80::1%eth0", True),
        ("2606:4700::1%eth0", True),
        ("8.8.8.8", False),
        ("2606:4700::1", False),
        ("100.63.255.255", False),
        ("100.128.0.0", False),
        ("172.32.0.0", False),
        ("192.0.1.0", False),
        ("223.255.255.255", False),
        ("41.202.219.73", False),
    ],
)
def test_an_address_is_judged_by_what_it_reaches(text: str, denied: bool) -> None:  # noqa: FBT001 - a table
    """Mapped addresses are judged by the inner one; the neighbours of denied networks pass."""
    assert is_denied(ipaddress.ip_address(text)) is denied


def test_our_own_entrance_is_denied() -> None:
    """Networks of our own ingress and egress are denied on top."""
    own = [ipaddress.ip_network("41.202.219.0/24")]

    assert is_denied(ipaddress.ip_address("41.202.219.73"), own)
    assert is_denied(ipaddress.ip_address("::ffff:41.202.219.73"), own)
