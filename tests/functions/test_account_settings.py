"""What an owner says of an account, and its receipts after that; her mails, and its terms."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import pypdf
import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from shared.domain.events import FILE_UPLOADED, PAYMENT_FINAL, Message
from tests.database import Account, Database
from tests.file_samples import MULTIPART, form, logo, pdf, png
from tests.functions.bucket import Bucket
from tests.functions.door import Door, Reply
from tests.functions.pushes import Issuer, push_body
from tests.functions.realm import Realm
from tests.functions.team import Team
from tests.functions.till import Till
from tests.scripted_server import ScriptedServer

PATH: Final = "/v1/account"
NOTICES: Final = "/v1/account/notifications"
FOOTER: Final = "Akwa, Douala · 6 77 00 00 00"
CHECK_VIOLATED: Final = "23514"


@dataclass
class House:
    """A shop with people, and the store where its files and receipts lie."""

    till: Till
    door: Callable[[str], Door]
    issuer: Issuer
    realm: Realm
    team: Team
    store: Bucket

    def ask(
        self, path: str, body: object, duty: str = "owner", *, mode: str = "test", ago: int = 0
    ) -> Reply:
        """A call of somebody of that duty, signed in so many seconds ago; a GET without a body."""
        account = self.till.account.id
        function = "provision_account" if path == PATH and body is not None else "manage_account"
        headers = {"Pay-Account": account, "Pay-Mode": mode}
        token = self.realm.token(self.team.join(account, duty), signed_in_ago=ago)
        door = self.door(function)
        if body is None:
            return door.get(path, key=token, headers=headers)
        return door.post(path, body, key=token, headers=headers)

    def hand_in(
        self, content: bytes, name: str = "logo.png", purpose: str = "business_logo"
    ) -> Any:
        """A file; the answer's body."""
        return self.door("create_file").post(
            "/v1/files",
            form(content, name, fields={"purpose": purpose}),
            key=self.till.account.secret_key,
            headers={"Content-Type": MULTIPART},
        )

    def scan(self, file_id: str) -> None:
        """Have it looked through."""
        (row,) = self.till.rows.platform("outbox", "object_id = :id", id=file_id)
        message = Message(row["id"], FILE_UPLOADED, row["account_id"], row["livemode"], file_id)
        headers = self.issuer.headers("scan_file")
        assert self.door("scan_file").post("/", push_body(message), headers=headers).status == 204

    def logo(self, content: bytes) -> str:
        """A logo that was looked through."""
        file_id: str = self.hand_in(content).json["id"]
        self.scan(file_id)
        return file_id

    def receipt(self, charge_id: str) -> bytes:
        """Have a receipt printed; its bytes as they lie in the store."""
        message = self.till.message(PAYMENT_FINAL, charge_id)
        assert self.till.push("render_receipt", message).status == 204
        return self.store.objects[self.place(charge_id)]

    def place(self, charge_id: str) -> str:
        """Where a receipt lies."""
        return f"receipts/receipts/{self.till.account.id}/test/{charge_id}.pdf"


@pytest.fixture
def house(
    till: Till,
    door: Callable[[str], Door],
    issuer: Issuer,
    realm: Realm,
    superuser: Connection,
    *,
    object_store: ScriptedServer,
) -> Iterator[House]:
    """A shop of the test's own with a store of its own."""
    forbidding, bucket = object_store.script, Bucket()
    object_store.script = bucket
    yield House(till, door, issuer, realm, Team(superuser), bucket)
    object_store.script = forbidding


def page_of(receipt: bytes) -> pypdf.PageObject:
    """The one page of a receipt."""
    (page,) = pypdf.PdfReader(io.BytesIO(receipt)).pages
    return page


def test_what_an_owner_says_stands_on_the_next_receipt(house: House) -> None:
    """Footer and logo from then on, never on what was printed; null takes them off again."""
    before = house.till.paid_charge()
    plain = house.receipt(before)
    file_id = house.logo(logo())

    reply = house.ask(PATH, {"receipt_footer": f"  {FOOTER} ", "receipt_logo": file_id})

    assert (reply.status, reply.json["receipt_footer"]) == (200, FOOTER), reply.json
    assert reply.json["receipt_logo"] == file_id
    assert house.ask(PATH, None, "viewer").json == reply.json
    assert house.receipt(before) == plain
    page = page_of(house.receipt(house.till.paid_charge()))
    assert FOOTER in page.extract_text()
    assert len(page.images) == 1
    [entry] = house.till.rows.of("audit_entries", "action = 'account.updated'")
    after = json.loads(entry["after"])
    assert (after["receipt_logo"], after["receipt_footer"][:13]) == (file_id, FOOTER[:13])

    reply = house.ask(PATH, {"receipt_logo": None, "language": "en"})

    assert (reply.json["receipt_footer"], reply.json["receipt_logo"]) == (FOOTER, None)
    assert reply.json["language"] == "en"
    page = page_of(house.receipt(house.till.paid_charge()))
    assert (len(page.images), page.extract_text().index("Payment receipt") < 40) == (0, True)


def test_a_receipt_is_printed_again_as_it_was_first(house: House) -> None:
    """A printer that died before it recorded prints the same bytes, whatever was set meanwhile."""
    file_id = house.logo(logo())
    assert house.ask(PATH, {"receipt_footer": FOOTER, "receipt_logo": file_id}).status == 200
    charge_id = house.till.paid_charge()
    first = house.receipt(charge_id)
    house.till.rows.run(
        f"UPDATE {house.till.account.test.schema}.receipts SET stored_at = NULL, object_key = NULL,"
        " version_id = NULL, sha256 = NULL WHERE charge_id = :id",
        id=charge_id,
    )
    other = house.logo(logo(red=10))
    changed = {"receipt_footer": None, "receipt_logo": other, "language": "en"}
    assert house.ask(PATH, changed).status == 200
    del house.store.objects[house.place(charge_id)]

    assert house.receipt(charge_id) == first


def test_a_logo_that_is_gone_stops_no_receipt(house: House) -> None:
    """It is printed without, and stays so."""
    file_id = house.logo(logo(red=99))
    assert house.ask(PATH, {"receipt_logo": file_id}).status == 200
    for place in [place for place in house.store.objects if file_id in place]:
        del house.store.objects[place]

    assert len(page_of(house.receipt(house.till.paid_charge())).images) == 0


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (pdf(), "logo.pdf"),
        (png(width=1001), "logo.png"),
        (logo(filler=512_000), "logo.png"),
    ],
    ids=["no picture", "too wide", "too large"],
)
def test_what_is_no_logo_is_not_taken(house: House, content: bytes, name: str) -> None:
    """Refused before anything is stored, with what a logo is; for another purpose it is taken."""
    reply = house.hand_in(content, name)

    assert (reply.status, reply.error["code"], reply.error["param"]) == (
        400, "logo_unsuitable", "file",
    )  # fmt: skip
    assert house.hand_in(content, name, "business_document").status == 200


def test_only_a_logo_of_this_mode_that_was_looked_through_is_set(house: House) -> None:
    """Each other file is refused at its field, and nothing is changed."""
    waiting = house.hand_in(logo()).json["id"]
    paper = house.hand_in(png(), purpose="business_document").json["id"]
    house.scan(paper)

    for file_id, status, code in (
        (waiting, 400, "file_not_available"),
        (paper, 400, "logo_unsuitable"),
        ("file_" + "a" * 24, 404, "resource_missing"),
        ("'; --", 404, "resource_missing"),
    ):
        reply = house.ask(PATH, {"receipt_logo": file_id, "language": "en"})
        assert (reply.status, reply.error["code"], reply.error["param"]) == (
            status, code, "receipt_logo",
        )  # fmt: skip
    shown = house.ask(PATH, None).json
    assert (shown["receipt_logo"], shown["language"]) == (None, "fr")
    assert house.till.rows.of("audit_entries", "action = 'account.updated'") == []


@pytest.mark.parametrize(
    "body",
    [
        {"receipt_footer": "x" * 201},
        {"receipt_footer": ""},
        {"receipt_footer": "   "},
        {"receipt_footer": "a\nb"},
        {"receipt_footer": 7},
        {"receipt_logo": 7},
        {"language": "de"},
        {"name": "MTN"},
    ],
    ids=str,
)
def test_what_cannot_be_said_is_refused_at_its_field(house: House, body: dict[str, Any]) -> None:
    """Nor does anybody give herself another name than the one that was looked at."""
    reply = house.ask(PATH, body)

    assert (reply.status, reply.error["param"]) == (400, next(iter(body)))


def test_a_page_hands_a_logo_in_for_a_person(house: House) -> None:
    """Her token comes with no request by itself, so a page's own form is taken; never a key's."""
    account, content = (
        house.till.account,
        form(logo(), "a.png", fields={"purpose": "business_logo"}),
    )
    token = house.realm.token(house.team.join(account.id, "owner"))
    page = {"Content-Type": MULTIPART, "Origin": "https://pay.example"}
    where = {"Pay-Account": account.id, "Pay-Mode": "test"}
    door = house.door("create_file")

    assert door.post("/v1/files", content, key=token, headers=page | where).status == 200
    assert door.post("/v1/files", content, key=account.secret_key, headers=page).status == 415


def test_only_the_owner_says_it(house: House) -> None:
    """Nobody of another duty, and no key."""
    body = {"receipt_footer": FOOTER}
    for duty in ("developer", "finance", "viewer"):
        assert house.ask(PATH, body, duty).status == 403
    key = house.till.account.secret_key
    assert house.door("provision_account").post(PATH, body, key=key).status == 403
    assert house.ask(PATH, None).json["receipt_footer"] is None


def test_real_receipts_want_a_fresh_sign_in(
    account_in_both_modes: Account,
    house: House,
    make_till: Callable[[Account], Till],
) -> None:
    """In the live mode; what is set there is not set in the other."""
    house.till = make_till(account_in_both_modes)
    body = {"receipt_footer": FOOTER}

    stale = house.ask(PATH, body, mode="live", ago=600)
    fresh = house.ask(PATH, body, mode="live")

    assert (stale.status, stale.error["code"]) == (403, "step_up_required")
    assert (fresh.status, fresh.json["receipt_footer"]) == (200, FOOTER)
    assert house.ask(PATH, None).json["receipt_footer"] is None
    assert house.ask(PATH, body, ago=600).status == 200


# --- what a member is told -----------------------------------------------------------------------


def test_a_member_has_what_is_not_grave_left_out(house: House) -> None:
    """Her own mails alone; each kind by itself, and the rest of hers cannot be left out."""
    token = house.realm.token(house.team.join(house.till.account.id, "finance"))
    headers = {"Pay-Account": house.till.account.id, "Pay-Mode": "test"}
    door = house.door("manage_account")

    def choose(body: object) -> Reply:
        return door.post(NOTICES, body, key=token, headers=headers)

    reply = choose({"case_opened": False})
    again = choose({"case_opened": False, "approval_wanted": True})

    assert reply.status == again.status == 200, reply.json
    assert reply.json == again.json == door.get(NOTICES, key=token, headers=headers).json
    sent = {kind["kind"]: kind["sent"] for kind in reply.json["kinds"]}
    silent = [kind["kind"] for kind in reply.json["kinds"] if kind["may_be_silent"]]
    assert (sent["case_opened"], sent["approval_wanted"]) == (False, True)
    assert silent == ["approval_wanted", "case_opened"]
    assert sent["approval_rule_changed"]
    assert "key_made" not in sent, "not of her duty"
    [entry] = house.till.rows.of("audit_entries", "action = 'member.notifications_chosen'")
    assert json.loads(entry["after"]) == {"silenced": ["case_opened"]}
    other = house.ask(NOTICES, None, "finance").json
    assert all(kind["sent"] for kind in other["kinds"])
    assert choose({"approval_rule_changed": False}).error["param"] == "approval_rule_changed"
    assert choose({"case_opened": "no"}).error["param"] == "case_opened"
    assert house.ask(NOTICES, None, "viewer").json["kinds"] == []
    key = house.till.account.secret_key
    assert door.get(NOTICES, key=key).status == door.post(NOTICES, {}, key=key).status == 403


def test_the_database_silences_nothing_that_keeps_an_account_safe(
    house: House, superuser: Connection
) -> None:
    """Whatever code forgets."""
    person = house.team.join(house.till.account.id, "owner")

    with pytest.raises(DatabaseError) as refused:
        superuser.run(
            "UPDATE platform.members SET silenced = '{key_made}' WHERE person = :person",
            person=person,
        )
    assert refused.value.args[0]["C"] == CHECK_VIOLATED


# --- terms ---------------------------------------------------------------------------------------


def test_an_account_reads_what_holds_and_what_will(house: House, migrated: Database) -> None:
    """Its own rule before everybody's; a later one with its day; who may look may read it."""
    account = house.till.account.id
    fee = {
        "of": "charge",
        "line": "platform",
        "basis_points": 180,
        "flat": 5,
        "borne_by": "merchant",
    }
    migrated.rule(account, "fee", fee)
    migrated.rule(account, "hold", {"seconds": 3 * 86_400})
    later = datetime.now().astimezone() + timedelta(days=30)
    migrated.look(
        "INSERT INTO platform.dated_rules (id, kind, account_id, livemode, valid_from, data)"
        " VALUES (:id, 'hold', :account, false, :later, '{\"seconds\": 86400}')",
        id=f"hold {account}",
        account=account,
        later=later,
    )

    terms = house.ask("/v1/account/terms", None, "viewer").json

    [own] = [
        each for each in terms["fees"] if each["line"] == "platform" and each["of"] == "charge"
    ]
    assert (own["basis_points"], own["flat"], own["operator"]) == (180, 5, None)
    assert (terms["hold_seconds"], terms["fee_returned_on_refund"]) == (3 * 86_400, False)
    [coming] = terms["coming"]
    assert (coming["hold_seconds"], coming["fee"]) == (86_400, None)
    assert coming["valid_from"] == int(later.timestamp())
    assert {(each["of"], each["operator"]) for each in terms["payment_limits"]} >= {
        ("charge", "mtn"), ("charge", "orange"),
    }  # fmt: skip
    key = house.till.account.secret_key
    assert house.door("manage_account").get("/v1/account/terms", key=key).json == terms
