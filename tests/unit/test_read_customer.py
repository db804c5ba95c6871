"""Proving a number: what is found shows neither in the answer nor in the steps taken."""

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from shared.domain.account import Tenant
from shared.domain.customer import (
    Challenge,
    Customer,
    code_hmac,
    is_code,
    is_token,
    new_token,
    token_hash,
)
from shared.domain.errors import TooManyRequests
from shared.domain.phone import PhoneNumber
from shared.operations.lists import PageOf
from shared.operations.read_customer import (
    CreateChallenge,
    OpenSession,
    Payment,
    Proof,
    Proving,
    create_challenge,
    end_session,
    read_token,
)
from tests.fakes import START, TENANT

KEY = bytes(32)
COMMAND = CreateChallenge("7" * 26, PhoneNumber("+237670000001"))


@dataclass
class Rows:
    """CustomerStore that notes what it is asked; `receipt` is what it finds."""

    receipt: Tenant | None = None
    admits: bool = True
    steps: list[str] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def count_address(self, address: str, *, now: datetime) -> bool:
        del address, now
        self.steps.append("count_address")
        return self.admits

    def find_receipt(self, code: str, number_hmac: str) -> Tenant | None:
        del code, number_hmac
        self.steps.append("find_receipt")
        return self.receipt

    def add_challenge(self, proof: Proof) -> bool:
        self.steps.append("add_challenge")
        self.proofs.append(proof)
        return proof.number_hmac is not None

    def open_session(
        self, challenge: str, code_hmac: str, token_hash: str, *, now: datetime, until: datetime
    ) -> bool:
        raise NotImplementedError

    def end_session(self, token_hash: str, *, now: datetime) -> None:
        del now
        self.ended.append(token_hash)

    def find_session(self, token_hash: str, *, now: datetime) -> Customer | None:
        raise NotImplementedError

    def find_payment(self, customer: Customer, payment_id: str) -> Payment | None:
        raise NotImplementedError

    def list_payments(
        self, customer: Customer, *, limit: int, starting_after: str | None
    ) -> PageOf[Payment]:
        raise NotImplementedError


def proving(sealed: list[str]) -> Proving:
    """What proving needs; what is sealed is kept in `sealed`."""

    def seal(text: str, _: str) -> str:
        sealed.append(text)
        return "sealed"

    return Proving(START, "192.0.2.1", "fr", KEY, seal)


def test_a_wrong_number_takes_the_steps_of_a_right_one() -> None:
    """Same questions, same work, an answer of the same form; only the stored row differs."""
    right, wrong = Rows(receipt=TENANT), Rows()
    sealed: tuple[list[str], list[str]] = ([], [])
    answers = [create_challenge(COMMAND, rows, proving(kept))
               for rows, kept in ((right, sealed[0]), (wrong, sealed[1]))]  # fmt: skip

    assert right.steps == wrong.steps == ["count_address", "find_receipt", "add_challenge"]
    assert [len(kept) for kept in sealed] == [2, 2]
    assert answers[0][0].keys() == answers[1][0].keys()
    assert [is_sent for _, is_sent in answers] == [True, False]
    assert right.proofs[0].number_hmac == COMMAND.phone.keyed(KEY)
    assert wrong.proofs[0].number_hmac is None


def test_a_text_carries_the_code_and_its_row_nothing_plain() -> None:
    """Code and number are sealed, and the code's HMAC is that of this challenge alone."""
    rows, sealed = Rows(receipt=TENANT), list[str]()
    create_challenge(COMMAND, rows, proving(sealed))
    [proof] = rows.proofs

    assert sealed == [proof.challenge.code, COMMAND.phone.e164]
    assert proof.notice.to is not None
    assert proof.notice.to.address == "sealed"
    assert proof.notice.account == TENANT.account
    assert proof.code_hmac == code_hmac(proof.challenge.id, proof.challenge.code, KEY)
    assert proof.code_hmac != code_hmac("cch_2", proof.challenge.code, KEY)
    assert proof.challenge.code not in repr(proof)


def test_an_address_with_too_many_questions_gets_no_look_at_anything() -> None:
    """It is counted first, so that what it asks makes no difference."""
    rows = Rows(receipt=TENANT, admits=False)
    with pytest.raises(TooManyRequests):
        create_challenge(COMMAND, rows, proving([]))

    assert rows.steps == ["count_address"]


def test_a_code_has_six_digits() -> None:
    """Zeros in front included; letters and digits of other scripts are none."""
    codes = {Challenge.generate(START).code for _ in range(500)}

    assert len(codes) > 450
    assert all(map(is_code, codes))
    assert not any(map(is_code, ("", "12345", "1234567", "12345a", "١٢٣٤٥٦", "123456\n")))


def test_people_type_codes_as_they_see_them() -> None:
    """Capitals, spaces and hyphens of a printed code are its own; so are spaces of a number."""
    command = CreateChallenge.parse(
        {"receipt_code": " 7777-7777 7777-7777 ABCD-ABCDAB", "phone": "+237 6 70 00 00 01"}
    )

    assert command == CreateChallenge("7" * 16 + "abcdabcdab", COMMAND.phone)
    opened = OpenSession.parse({"challenge": "cch_" + "2" * 24, "code": "123 456"})
    assert opened.code == "123456"


def test_a_token_is_known_by_its_form_and_kept_as_a_hash() -> None:
    """260 random bits behind a prefix; whatever else comes is none, and ends nothing."""
    token, rows = new_token(), Rows()

    assert is_token(token)
    assert token != new_token()
    assert len(token_hash(token)) == 64
    for none in (None, "", token, f"Basic {token}", "Bearer", f"Bearer {token}2",
                 f"Bearer {token[4:]}", f"Bearer {token.upper()}"):  # fmt: skip
        assert read_token(none) is None
        end_session(none, rows, now=START)
    assert rows.ended == []
    end_session(f"bearer {token}", rows, now=START)
    assert rows.ended == [token_hash(token)]
