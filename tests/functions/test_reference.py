"""What anyone may read of the API: its contract and a page about every error."""

import gzip
import importlib.metadata
import re
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shared.domain.advice.catalogue import sections
from shared.runtime.doors.reference import FILES
from tests.functions.door import Door

PAGE = "/docs/errors"


@pytest.fixture
def read_payments(door: Callable[[str], Door]) -> Door:
    """The function that serves the documents."""
    return door("read_payments")


def _anchors(page: str) -> set[str]:
    return set(re.findall(r'<article id="([a-z0-9_]+)">', page))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_has_an_anchor_for_every_code(read_payments: Door, language: str) -> None:
    """Whichever language is read, each code's paragraph is there."""
    reply = read_payments.get(f"{PAGE}?lang={language}")

    page = reply.content.decode()
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert reply.headers["Content-Language"] == language
    assert f'<html lang="{language}">' in page
    assert _anchors(page) == {each.code for theme in sections("en").values() for each in theme}


def test_the_address_in_an_error_leads_to_its_paragraph(read_payments: Door) -> None:
    """A developer clicks `doc_url` and stands before the right words, in his language."""
    refused = read_payments.get("/v1/charges", headers={"Accept-Language": "fr"})
    address = urlsplit(refused.error["doc_url"])

    page = read_payments.get(address.path, headers={"Accept-Language": "fr"}).content.decode()

    assert address.fragment in _anchors(page)
    assert refused.json["title"] in unescape(page)


def test_the_query_wins_over_the_header(read_payments: Door) -> None:
    """A link can name the language; else the browser's choice counts, else English."""
    french = {"Accept-Language": "fr"}

    assert read_payments.get(PAGE, headers=french).headers["Content-Language"] == "fr"
    assert read_payments.get(f"{PAGE}?lang=en", headers=french).headers["Content-Language"] == "en"
    assert read_payments.get(PAGE).headers["Content-Language"] == "en"
    assert "Accept-Language" in read_payments.get(PAGE).headers["Vary"]


@pytest.mark.parametrize(
    ("query", "code"), [("lang=de", "parameter_invalid"), ("language=fr", "parameter_unknown")]
)
def test_a_wrong_query_is_refused_by_name(read_payments: Door, query: str, code: str) -> None:
    """Nobody wonders why a page stays English."""
    reply = read_payments.get(f"{PAGE}?{query}")

    assert (reply.status, reply.error["code"]) == (400, code)


def test_the_page_runs_nothing_and_loads_nothing(read_payments: Door) -> None:
    """One style known by its hash, no script, no frame, nothing from elsewhere."""
    reply = read_payments.get(PAGE)

    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    page = reply.content.decode()
    assert not re.search(r"<script|<link|<img|<iframe| style=| on\w+=", page)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_reference_loads_only_from_us(read_payments: Door, language: str) -> None:
    """The viewer works where nothing but this API can be reached, and tells no one who reads."""
    reply = read_payments.get(f"/docs?lang={language}")

    page = reply.content.decode()
    assert (reply.status, reply.headers["Content-Language"]) == (200, language)
    loaded = set(re.findall(r'<(?:script|link)[^>]* (?:src|href)="([^"]+)"', page))
    assert loaded == {f"/docs/{name}" for name in FILES} | {"data:,"}
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=", page)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_reference_is_sent_as_what_it_is(read_payments: Door, name: str) -> None:
    """A browser that must not guess runs the script and takes the style."""
    reply = read_payments.get(f"/docs/{name}")

    assert reply.status == 200
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    assert reply.headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    if name.startswith("swagger"):
        files = Path(str(importlib.metadata.distribution("flask-swagger-ui").locate_file("")))
        assert reply.content == (files / "flask_swagger_ui/dist" / name).read_bytes()
    # The package brings a part of a web framework, which is not wanted.
    assert "flask_swagger_ui" not in sys.modules


@pytest.mark.parametrize("name", ["errors.html", "page.css", "index.html", "%2e%2e", "..", "x"])
def test_no_other_file_is_to_be_had(read_payments: Door, name: str) -> None:
    """What lies beside them stays there."""
    reply = read_payments.get(f"/docs/{name}")

    assert (reply.status, reply.error["code"]) == (404, "resource_missing")


@pytest.mark.parametrize("path", [PAGE, "/docs/swagger-ui.css", "/openapi.json"])
def test_a_document_is_sent_small_and_only_when_it_changed(read_payments: Door, path: str) -> None:
    """Zipped for whoever takes that, by its tag not at all for whoever has it."""
    plain = read_payments.get(path, headers={"Accept-Encoding": "br, gzip;q=0"})
    zipped = read_payments.get(path, headers={"Accept-Encoding": "br, gzip"})

    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.content) == plain.content
    assert len(zipped.content) < len(plain.content)
    tag = plain.headers["ETag"]
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = read_payments.get(path, headers={"If-None-Match": known})
        assert (again.status, again.content) == (304, b"")
        assert again.headers["ETag"] == tag
    assert read_payments.get(path, headers={"If-None-Match": '"other"'}).status == 200
