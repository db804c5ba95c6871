"""The public page of a receipt and its PDF: proof for whoever holds the code alone."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.database import Account
from tests.functions.door import Door, Reply
from tests.functions.till import Till
from tests.scripted_server import Play, ScriptedServer, answer

PDF = b"%PDF-1.7 a receipt"
SHA256 = hashlib.sha256(PDF).hexdigest()


@pytest.fixture(scope="module")
def till(make_till: Callable[[Account], Till], shop: Account) -> Iterator[Till]:
    """One shop for the tests of this file."""
    with make_till(shop) as ready:
        yield ready


@pytest.fixture
def receipt(till: Till) -> dict[str, Any]:
    """The receipt of a paid charge, not yet stored."""
    return till.paid()


@pytest.fixture
def stored(till: Till, receipt: dict[str, Any]) -> dict[str, Any]:
    """The same once its PDF lies in write-once storage."""
    till.rows.run(
        f"UPDATE \"{till.account.test.schema}\".receipts SET object_key = :key, version_id = 'v1',"
        " sha256 = :sha, stored_at = now() WHERE id = :id",
        key=f"receipts/{receipt['charge_id']}.pdf",
        sha=SHA256,
        id=receipt["id"],
    )
    return receipt


@pytest.fixture
def verify(door: Callable[[str], Door]) -> Callable[..., Reply]:
    """GET below /verify/, without any key."""
    return lambda path, **headers: door("verify_receipt").get(f"/verify/{path}", headers=headers)


@pytest.fixture
def serve(object_store: ScriptedServer) -> Iterator[Callable[[Play], None]]:
    """Tell the object store what to answer in this test."""
    forbidding = object_store.script

    def play(answering: Play) -> None:
        object_store.script = lambda _: answering

    yield play
    object_store.script = forbidding


def test_a_receipt_not_yet_stored_has_a_page(
    verify: Callable[..., Reply], receipt: dict[str, Any]
) -> None:
    """The payment is proven at once; the PDF is said to come, and is not there yet."""
    reply = verify(receipt["code"])

    page = reply.content.decode()
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert receipt["number"] in page
    assert "Ce reçu est authentique" in page
    assert "Le PDF est en préparation" in page
    assert ".pdf" not in page
    assert verify(f"{receipt['code']}.pdf").status == 404


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "vous qui avez payé ?"), ("en", "Was it you who paid?")]
)
def test_whoever_paid_is_led_to_her_payments(
    verify: Callable[..., Reply], receipt: dict[str, Any], language: str, words: str
) -> None:
    """The way there takes the code along, behind `#`: no server is told."""
    page = verify(receipt["code"], **{"Accept-Language": language}).content.decode()

    assert f"/dashboard/my#{receipt['code']}" in page
    assert words in page


def test_a_stored_receipt_shows_its_hash(
    verify: Callable[..., Reply], stored: dict[str, Any]
) -> None:
    """Whoever holds a PDF can compare, and can open the original."""
    page = verify(stored["code"], **{"Accept-Language": "en"}).content.decode()

    assert "This receipt is genuine" in page
    assert SHA256 in page
    assert f"https://api.example.cm/verify/{stored['code']}.pdf" in page


def test_the_page_names_no_payer(verify: Callable[..., Reply], stored: dict[str, Any]) -> None:
    """Neither number nor key, and nothing that a browser would run or send on."""
    reply = verify(stored["code"])

    page = reply.content.decode()
    assert "670000001" not in page
    assert "<script" not in page
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert reply.headers["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize(
    ("accepted", "asked", "language"),
    [("", "", "fr"), ("en", "", "en"), ("en", "?language=fr", "fr"), ("fr", "?language=en", "en")],
)
def test_a_reader_chooses_the_language(
    verify: Callable[..., Reply], receipt: dict[str, Any], accepted: str, asked: str, language: str
) -> None:
    """By a link, else by the browser, else French."""
    reply = verify(f"{receipt['code']}{asked}", **{"Accept-Language": accepted})

    assert reply.headers["Content-Language"] == language
    assert f'lang="{language}"' in reply.content.decode()


@pytest.mark.parametrize(
    "code",
    ["7" * 26, "x", "A" * 26, "7" * 25, "7" * 27, "7" * 25 + "1", "7" * 25 + "\x00", "é", "<b>"],
)
def test_an_unknown_code_has_a_page_too(verify: Callable[..., Reply], code: str) -> None:
    """People mistype: they read a page, with 404, that repeats nothing of what they sent."""
    for language in ("fr", "en"):
        reply = verify(code, **{"Accept-Language": language})
        assert (reply.status, reply.headers["Content-Language"]) == (404, language)
        assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "<b>" not in reply.content.decode()
        pdf = verify(f"{code}.pdf", **{"Accept-Language": language})
        assert (pdf.status, pdf.error["code"]) == (404, "resource_missing")


def test_a_code_of_another_receipt_shows_that_one(
    verify: Callable[..., Reply], till: Till, receipt: dict[str, Any]
) -> None:
    """One code, one payment."""
    other = till.paid()

    page = verify(other["code"]).content.decode()

    assert other["number"] in page
    assert receipt["number"] not in page


def test_the_pdf_is_what_was_stored(
    verify: Callable[..., Reply], stored: dict[str, Any], serve: Callable[[Play], None]
) -> None:
    """Byte for byte, to be shown under its number."""
    serve(answer(200, PDF, content_type="application/pdf", extra="x-amz-version-id: v1\r\n"))

    reply = verify(f"{stored['code']}.pdf")

    assert (reply.status, reply.content) == (200, PDF)
    assert reply.headers["Content-Type"] == "application/pdf"
    assert reply.headers["Content-Disposition"] == f'inline; filename="{stored["number"]}.pdf"'
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_a_damaged_pdf_is_not_shown(
    verify: Callable[..., Reply], stored: dict[str, Any], serve: Callable[[Play], None]
) -> None:
    """Other bytes under a right key are a fault of ours, told as one in the reader's language."""
    serve(answer(200, PDF + b" ", content_type="application/pdf"))

    replies = [verify(f"{stored['code']}.pdf", **{"Accept-Language": one}) for one in ("fr", "en")]

    assert {(reply.status, reply.error["code"]) for reply in replies} == {(503, "receipt_damaged")}
    assert replies[0].error["message"] != replies[1].error["message"]
    assert all(PDF not in reply.content for reply in replies)


def test_a_store_that_is_away_is_told_as_such(
    verify: Callable[..., Reply], stored: dict[str, Any]
) -> None:
    """The page still stands; the PDF is to be asked for again."""
    reply = verify(f"{stored['code']}.pdf")

    assert (reply.status, reply.error["code"]) == (503, "temporarily_unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    assert verify(stored["code"]).status == 200


def test_a_payment_that_was_taken_back_no_longer_stands(
    verify: Callable[..., Reply], till: Till, receipt: dict[str, Any]
) -> None:
    """The receipt stays genuine; its page says that the operator reversed the payment."""
    till.rows.run(
        f'UPDATE "{till.account.test.schema}".charges SET amount_reversed = amount WHERE id = :id',
        id=receipt["charge_id"],
    )
    page = verify(receipt["code"]).content.decode()

    assert "Ce reçu est authentique" in page
    assert "Annulé par l" in page
