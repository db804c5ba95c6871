"""Payers at their door: only the holder of a number sees its payments, and nobody learns more."""

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from pg8000.native import Connection

from shared.domain.customer import Customer
from shared.domain.errors import InvalidRequest, NotAuthenticated
from shared.domain.receipt import new_receipt_code
from shared.operations import read_customer
from shared.operations.read_customer import CreateChallenge, OpenSession, Proving
from shared.runtime import customers, notice_secrets, wiring
from tests.database import Account, Database, MakeAccount
from tests.factories import an_id
from tests.fakes import START
from tests.functions.door import Door, Reply
from tests.functions.payer import CHALLENGES, END, PAYMENTS, SESSIONS, Payer, wrong
from tests.functions.realm import Realm
from tests.functions.rows import PLATFORM_TABLES
from tests.functions.team import Team
from tests.functions.till import PAYER, Till

AT_ONCE = 20
REFUSED = (400, "customer_code_invalid")


@pytest.fixture
def customer_door(door: Callable[[str], Door]) -> Door:
    """The door of read_customer."""
    return door("read_customer")


@pytest.fixture
def make_payer(customer_door: Door, superuser: Connection) -> Callable[[], Payer]:
    """Return somebody new."""
    return lambda: Payer(customer_door, superuser)


@pytest.fixture
def payer(make_payer: Callable[[], Payer]) -> Payer:
    """Somebody who pays."""
    return make_payer()


def status_of(reply: Reply) -> tuple[int, str]:
    """Status and code of a refusal."""
    return reply.status, reply.error["code"]


def at_once(act: Callable[[int], Reply]) -> list[Reply]:
    """Do it many times in the same moment."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(act, range(AT_ONCE)))


def test_a_payer_proves_her_number_and_sees_what_she_paid(
    till: Till, payer: Payer, migrated: Database, customer_door: Door
) -> None:
    """From a payment over the code on her phone to the payment and its receipt."""
    receipt = till.paid()
    asked = payer.asks(receipt["code"].upper(), PAYER.removeprefix("237"))
    (notice,) = till.rows.platform("notifications", "kind = 'sign_in_code'")
    text = till.message("notification-due", notice["id"])
    assert till.push("send_notification", text).status == 204
    phone = (migrated.secrets_dir.parent / "texts" / f"{notice['id']}.txt").read_text()
    assert phone.startswith(f"To: +{PAYER}\n")
    (code,) = re.findall(r"\b[0-9]{6}\b", phone.partition("\n\n")[2])
    session = payer.gives(asked.json["id"], code).json

    page = customer_door.get(f"{PAYMENTS}?limit=20", key=session["token"])
    [mine] = [each for each in page.json["data"] if each["id"] == receipt["charge_id"]]
    created = till.charge(receipt["charge_id"])["created_at"].timestamp()
    assert mine.pop("created") == pytest.approx(created, abs=60)
    assert mine == {
        "id": receipt["charge_id"],
        "object": "customer_payment",
        "merchant": "Boutique Mballa",
        "amount": 1500,
        "currency": "xaf",
        "status": "succeeded",
        "receipt_url": f"https://api.example.cm/verify/{receipt['code']}",
        "livemode": False,
    }
    assert page.headers["Cache-Control"] == "no-store"


def test_no_platform_table_holds_her_number(
    payer: Payer, shop: Account, superuser: Connection
) -> None:
    """Neither number nor address, code or token stand anywhere as they are."""
    token = payer.proves(payer.pays(shop)[1])
    stored = "".join(
        str(superuser.run(f"SELECT string_agg(t::text, '|') FROM platform.{table} t"))
        for table in PLATFORM_TABLES
    )

    assert payer.hmac in stored
    for plain in (payer.phone.national, payer.remote, f",{payer.codes()[-1]},", token):
        assert plain not in stored


def test_the_answer_tells_nothing_of_what_was_found(
    make_payer: Callable[[], Payer], shop: Account
) -> None:
    """A wrong number, an unknown code, one code too many: the words of a right one, and no text."""
    payer, other = make_payer(), make_payer()
    code = payer.pays(shop)[1]
    right = [payer.asks(code) for _ in range(4)]
    wrongs = [payer.asks(code, other.phone.e164), payer.asks(new_receipt_code())]

    assert len(payer.codes()) == 3
    assert other.codes() == []
    assert {reply.status for reply in right + wrongs} == {200}
    assert len({frozenset(reply.json) for reply in right + wrongs}) == 1
    assert len({len(reply.content) for reply in right + wrongs}) == 1
    for reply in (right[-1], *wrongs):
        refusals = [payer.gives(reply.json["id"], f"{guess:06}") for guess in range(6)]
        assert {status_of(refusal) for refusal in refusals} == {REFUSED}
    assert payer.gives(right[2].json["id"], payer.codes()[2]).status == 200


def test_whatever_is_wrong_with_a_code_is_told_in_the_same_words(
    payer: Payer, shop: Account
) -> None:
    """Every refusal of a code has the same words, whatever is wrong with it."""
    code = payer.pays(shop)[1]
    asked, decoy = payer.asks(code), payer.asks(new_receipt_code())
    right = payer.codes()[-1]
    ended = payer.asks(code)
    assert payer.gives(ended.json["id"], payer.codes()[-1]).status == 200
    replies = [
        payer.gives(asked.json["id"], wrong(right)),
        payer.gives(decoy.json["id"], right),
        payer.gives(an_id("cch"), right),
        payer.gives(ended.json["id"], payer.codes()[-1]),
    ]

    assert {status_of(reply) for reply in replies} == {REFUSED}
    assert len({reply.error["message"] for reply in replies}) == 1


def test_a_code_is_right_once(payer: Payer, shop: Account, superuser: Connection) -> None:
    """However many give it in the same moment, one session opens."""
    asked = payer.asks(payer.pays(shop)[1])
    code = payer.codes()[-1]
    replies = at_once(lambda _: payer.gives(asked.json["id"], code))

    assert sorted(reply.status for reply in replies) == [200] + [400] * (AT_ONCE - 1)
    opened = superuser.run(
        "SELECT count(*) FROM platform.customer_sessions WHERE number_hmac = :n", n=payer.hmac
    )
    assert opened == [[1]]


def test_after_five_tries_the_right_code_is_wrong_too(payer: Payer, shop: Account) -> None:
    """Also where they come in the same moment; the fifth may still be right."""
    code = payer.pays(shop)[1]
    first, second = payer.asks(code), payer.asks(code)
    one, two = payer.codes()
    for _ in range(4):
        payer.gives(first.json["id"], wrong(one))
    at_once(lambda _: payer.gives(second.json["id"], wrong(two)))

    assert payer.gives(first.json["id"], one).status == 200
    assert status_of(payer.gives(second.json["id"], two)) == REFUSED


def test_a_number_gets_three_codes_at_most(payer: Payer, shop: Account) -> None:
    """Over both modes and all receipts, however many ask in the same moment."""
    receipts = [payer.pays(shop)[1], payer.pays(shop, livemode=True)[1]]
    replies = at_once(lambda turn: payer.asks(receipts[turn % 2]))

    assert {reply.status for reply in replies} == {200}
    assert len(payer.codes()) == 3


def test_one_address_asks_so_often(payer: Payer) -> None:
    """Whoever tries numbers or codes is stopped, and told nothing but that."""
    replies = [payer.asks(new_receipt_code()) for _ in range(61)]

    assert {reply.status for reply in replies[:60]} == {200}
    assert status_of(replies[60]) == (429, "rate_limited")
    assert status_of(payer.gives(an_id("cch"), "123456")) == (429, "rate_limited")


class Clerk:
    """The same operations on the same rows, at times of one's choice."""

    def __init__(self, payer: Payer, receipt_code: str) -> None:
        self._payer, self._receipt_code = payer, receipt_code
        self.sealed: list[str] = []

    def how(self, after: timedelta) -> Proving:
        """What proving needs, some time after START."""

        def seal(text: str, row: str) -> str:
            self.sealed.append(text)
            return notice_secrets.seal(text, row)

        key = wiring.key_bytes("number_key")
        return Proving(START + after, self._payer.remote, "fr", key, seal)

    def asks(self, after: timedelta) -> tuple[str, str]:
        """Return a challenge, and the code that was sent or might have been."""
        command = CreateChallenge(self._receipt_code, self._payer.phone)
        answer, _ = read_customer.create_challenge(command, customers.store(), self.how(after))
        return answer["id"], self.sealed[-2]

    def gives(self, challenge: str, code: str, after: timedelta) -> str | None:
        """Return a token, or None."""
        try:
            opened = read_customer.open_session(
                OpenSession(challenge, code), customers.store(), self.how(after)
            )
        except InvalidRequest:
            return None
        return str(opened["token"])


def test_a_code_lives_ten_minutes_and_a_session_thirty(payer: Payer, shop: Account) -> None:
    """By the clock that is handed in, to the second."""
    clerk = Clerk(payer, payer.pays(shop)[1])
    late, early = clerk.asks(timedelta()), clerk.asks(timedelta())
    token = clerk.gives(*early, timedelta(minutes=9, seconds=59))

    assert clerk.gives(*late, timedelta(minutes=10)) is None
    assert token is not None
    ends = START + timedelta(minutes=39, seconds=59)
    found = read_customer.recognise(
        f"Bearer {token}", customers.store(), now=ends - timedelta(seconds=1)
    )
    assert found == Customer(payer.hmac, livemode=False)
    with pytest.raises(NotAuthenticated):
        read_customer.recognise(f"Bearer {token}", customers.store(), now=ends)


def test_a_number_is_guessed_at_twenty_times_a_day(payer: Payer, shop: Account) -> None:
    """Over all challenges, so that nobody comes to a million; a day later it is open again."""
    clerk, step = Clerk(payer, payer.pays(shop)[1]), timedelta(minutes=11)
    for turn in range(4):
        challenge, code = clerk.asks(turn * step)
        for _ in range(5):
            assert clerk.gives(challenge, wrong(code), turn * step) is None
    fifth, next_day = 5 * step, timedelta(days=1, minutes=1)

    assert clerk.gives(*clerk.asks(fifth), fifth) is None
    assert clerk.gives(*clerk.asks(next_day), next_day) is not None


def test_nobody_stands_in_her_way_by_asking_for_others(
    make_payer: Callable[[], Payer], shop: Account
) -> None:
    """Whoever knows a number and no receipt of it uses up none of its codes and guesses."""
    payer, other = make_payer(), make_payer()
    code = payer.pays(shop)[1]
    for _ in range(5):
        asked = other.asks(new_receipt_code(), payer.phone.e164)
        for _ in range(5):
            other.gives(asked.json["id"], "123456")

    assert payer.sees(payer.proves(code)) != []


def test_she_sees_her_own_payments_of_that_mode(
    make_payer: Callable[[], Payer],
    customer_door: Door,
    shop: Account,
    make_account: MakeAccount,
) -> None:
    """Of all merchants; another's payment and one of the other mode are as if they never were."""
    payer, other = make_payer(), make_payer()
    first, code = payer.pays(shop)
    second, _ = payer.pays(make_account(), state="expired")
    real, real_code = payer.pays(shop, livemode=True)
    foreign, _ = other.pays(shop)
    token, live_token = payer.proves(code), payer.proves(real_code)

    found = {each["id"]: (each["status"], each["livemode"]) for each in payer.sees(token)}
    assert found == {second: ("failed", False), first: ("succeeded", False)}
    assert [each["id"] for each in payer.sees(live_token)] == [real]
    assert payer.sees(token)[0].keys().isdisjoint({"metadata", "description", "reference"})
    for hidden in (foreign, real, an_id("ch"), "ch_1' OR '1'='1"):
        reply = customer_door.get(f"{PAYMENTS}/{hidden}", key=token)
        assert status_of(reply) == (404, "resource_missing")
    one = customer_door.get(f"{PAYMENTS}/{second}", key=token).json
    assert (one["id"], one["receipt_url"]) == (second, None)


def test_pages_follow_one_another(payer: Payer, customer_door: Door, shop: Account) -> None:
    """Newest first, each payment once; a page holds 20 at most."""
    paid = [payer.pays(shop) for _ in range(5)]
    token = payer.proves(paid[0][1])
    seen: list[str] = []
    has_more, query = True, "?limit=2"
    while has_more:
        page = customer_door.get(PAYMENTS + query, key=token).json
        has_more, seen = page["has_more"], [*seen, *(each["id"] for each in page["data"])]
        query = f"?limit=2&starting_after={seen[-1]}"

    assert seen == sorted((charge for charge, _ in paid), reverse=True)
    for bad in ("?limit=21", "?limit=0", "?starting_after=x", "?phone=1"):
        assert customer_door.get(PAYMENTS + bad, key=token).status == 400


def test_an_ended_session_opens_nothing(payer: Payer, customer_door: Door, shop: Account) -> None:
    """From the next call on; another session of hers goes on."""
    code = payer.pays(shop)[1]
    token, kept = payer.proves(code), payer.proves(code)
    assert customer_door.post(END, key=token).json["ended"] is True

    assert status_of(customer_door.get(PAYMENTS, key=token)) == (401, "token_invalid")
    assert customer_door.post(END, key=token).status == 401
    assert payer.sees(kept) != []


def test_nobody_else_comes_in_and_she_goes_nowhere_else(
    payer: Payer, customer_door: Door, door: Callable[[str], Door], *,
    realm: Realm, superuser: Connection, shop: Account,
) -> None:  # fmt: skip
    """Keys, people and nobody get 401 here; her token gets it at every other door."""
    charge, code = payer.pays(shop)
    token = payer.proves(code)
    person = realm.token(Team(superuser).join(shop.id, "owner"))
    strangers: list[Mapping[str, str]] = [
        {},
        *({"Authorization": f"Bearer {each}"} for each in
          (shop.secret_key, person, realm.token("somebody", "customer"), f"cst_{'2' * 52}", "")),
        {"Authorization": token},
        {"Authorization": f"Basic {token}"},
    ]  # fmt: skip
    for headers in strangers:
        for method, path in (("GET", PAYMENTS), ("GET", f"{PAYMENTS}/{charge}"), ("POST", END)):
            assert customer_door.call(method, path, headers=headers).status == 401
    here = {"Pay-Account": shop.id, "Pay-Mode": "test"}
    for function, path in (("read_payments", "/v1/charges"), ("manage_account", "/v1/api_keys"),
                           ("manage_account", "/v1/me"), ("manage_account", "/v1/team"),
                           ("read_payments", "/v1/balance")):  # fmt: skip
        assert door(function).get(path, key=token, headers=here).status == 401


@pytest.mark.parametrize(
    ("path", "body", "code", "param"),
    [
        (CHALLENGES, {}, "parameter_missing", "receipt_code"),
        (CHALLENGES, {"receipt_code": "7" * 26}, "parameter_missing", "phone"),
        (CHALLENGES, {"receipt_code": "7" * 25, "phone": "1"}, "parameter_invalid", "receipt_code"),
        (CHALLENGES, {"receipt_code": 7, "phone": "1"}, "parameter_invalid", "receipt_code"),
        (CHALLENGES, {"receipt_code": "7" * 26, "phone": "12"}, "phone_invalid", "phone"),
        (CHALLENGES, {"receipt_code": "7" * 26, "phone": "+33612345678"}, "phone_foreign", "phone"),
        (CHALLENGES, {"email": "x"}, "parameter_unknown", "email"),
        (SESSIONS, {"challenge": "cch_1", "code": "123456"}, "parameter_invalid", "challenge"),
        (SESSIONS, {"challenge": "cch_" + "2" * 24, "code": "12345"}, "parameter_invalid", "code"),
        (SESSIONS, {"challenge": "cch_" + "2" * 24, "code": "١٢٣٤٥٦"}, "parameter_invalid", "code"),
        (SESSIONS, {"challenge": "cch_" + "2" * 24}, "parameter_missing", "code"),
    ],
)
def test_what_cannot_be_right_is_named(
    payer: Payer, customer_door: Door, path: str, *, body: dict[str, Any], code: str, param: str
) -> None:
    """A mistyped field is told at once; it says nothing of receipts and numbers that exist."""
    reply = customer_door.post(path, body, remote=payer.remote)

    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param)
