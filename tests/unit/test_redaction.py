"""What an audit entry keeps of a text: everything but secrets and whole numbers."""

import base64
import re
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.api_key import ApiKey, KeyKind
from shared.domain.audit import Actor, ActorKind
from shared.domain.ids import new_account_id, new_id
from shared.domain.redaction import HIDDEN, LONGEST_TEXT, redacted, redacted_text
from shared.operations.provision_account import new_webhook_secret

AROUND = st.text(alphabet="ab =+-.:/_'\"(1679é\n", max_size=6)
DIGITS = st.text(alphabet="0123456789", min_size=8, max_size=8)
# What no entry may hold, in the words of the database's own check and more.
FORBIDDEN = re.compile(r"[spr]k_(test|live)_|whsec_|2376[0-9]{8}", re.IGNORECASE)


@given(AROUND, AROUND, st.sampled_from(KeyKind), st.booleans())
def test_no_key_is_kept(before: str, after: str, kind: KeyKind, livemode: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    """Of a key not even a part is left, whatever stands around it."""
    key = ApiKey.generate(kind, livemode=livemode)
    kept = redacted_text(before + key.text + after)

    assert not FORBIDDEN.search(kept)
    assert key.secret not in kept
    assert key.text[-10:] not in kept


@given(AROUND, AROUND, st.binary(min_size=32, max_size=32))
def test_no_hmac_token_or_webhook_secret_is_kept(before: str, after: str, raw: bytes) -> None:
    """32 bytes are recognised in every form in which they are written, and so is a JWT."""
    part = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    forms = [raw.hex(), base64.b64encode(raw).decode(), part, new_webhook_secret()]
    forms.append(f"eyJ{part[:12]}.eyJ{part[:12]}.{part[:12]}")
    for form in forms:
        kept = redacted_text(before + form + after)

        assert HIDDEN in kept
        assert form[-12:] not in kept


@given(AROUND, AROUND, DIGITS, st.sampled_from(["+237", "237", "00237", "+237 ", "237-"]))
def test_no_whole_number_is_kept(before: str, after: str, digits: str, code: str) -> None:
    """With the country's code a number is masked anywhere, however it is grouped."""
    for number in (f"6{digits}", f"6 {digits[:2]} {digits[2:4]} {digits[4:6]} {digits[6:]}"):
        kept = redacted_text(f"{before}{code}{number}{after}")

        assert digits not in re.sub(r"[\s.-]", "", kept)
        assert not FORBIDDEN.search(kept)


@pytest.mark.parametrize(
    "text",
    ["677000001", "677 00 00 01", "6 77-00-00-01", "appelez le 677\u202f00\u202f00\u202f01",
     "*126*677000001#", "+33612345678"],
)  # fmt: skip
def test_a_number_alone_is_masked_to_its_end(text: str) -> None:
    """Nine digits that stand alone are a payer's number; the last two may stay."""
    kept = redacted_text(text)

    assert re.sub(r"\D", "", kept).endswith(("01", "78"))
    assert len(re.sub(r"\D", "", kept)) <= 5


@given(AROUND)
def test_what_is_redacted_stays_as_it_is(around: str) -> None:
    """Redacting twice is redacting once."""
    text = f"{around}237677000061{around}sk_test_x{around}{around}677000001"
    once = redacted_text(text)

    assert redacted_text(once) == once


@given(st.ip_addresses(v=4), st.ip_addresses(v=6), st.integers(0, 32))
def test_networks_are_no_numbers(v4: object, v6: object, bits: int) -> None:
    """Addresses and networks, which keys are bound to, are kept whole."""
    networks = [str(IPv4Network((str(v4), bits), strict=False)), str(IPv6Network((str(v6), 128)))]

    assert redacted(networks) == networks


def test_our_ids_are_kept() -> None:
    """Ids, UUIDs, scopes, amounts and times are what an entry is about."""
    ids = [new_id("aud", 1_795_000_000_000), new_account_id(), "key_0123456789"]
    ids += ["7f1b9c3e-8e03-4e43-b493-6894a57f9324", "charges:read", "https://example.com/hooks"]
    kept = {"ids": ids, "amount": 650_000_000, "at": 1_795_000_000, "is_on": True, "none": None}

    assert redacted(kept) == kept


def test_values_are_plain_data() -> None:
    """Moments become seconds, names that say secret hide all, lists end; the rest is refused."""
    moment = datetime(2026, 11, 29, tzinfo=UTC)
    kept = redacted(
        {"at": moment, "webhook_secret": "short", "token": ["a"], "phone": 237677000001,
         "many": ["x"] * 112, "pair": (1, "+237677000001")}
    )  # fmt: skip

    assert kept == {
        "at": 1_795_910_400,
        "webhook_secret": HIDDEN,
        "token": HIDDEN,
        "phone": HIDDEN,
        "many": ["x"] * 100 + ["and 12 more"],
        "pair": [1, "[…01]"],
    }
    for refused in (b"bytes", 1.5, {1}, Actor(ActorKind.KEY, "key_x")):
        with pytest.raises(TypeError):
            redacted({"value": refused})


def test_depth_and_length_have_an_end() -> None:
    """A value that is too deep is refused, and a long text is cut."""
    deep: object = "x"
    for _ in range(9):
        deep = [deep]

    with pytest.raises(TypeError):
        redacted(deep)
    assert len(redacted_text("a b " * 1000)) == LONGEST_TEXT
    assert redacted_text("a\x00b\ud800") == "a\ufffdb\ufffd"
