"""Keys: shown once, never more than their maker, and what has ended stays ended."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.account import Caller, Tenant
from shared.domain.api_key import ApiKey, KeyKind
from shared.domain.errors import InvalidRequest, NotAuthenticated, NotFound, NotPermitted, Refusal
from shared.operations.manage_keys import (
    MOST_KEYS,
    REVIEW_WITHIN,
    CreateKey,
    KeyMaker,
    RotateKey,
    create_api_key,
    list_api_keys,
    narrow_api_key,
    read_api_key,
    revoke_api_key,
    rotate_api_key,
)
from shared.operations.stored_keys import MadeKey, StoredKey
from tests.factories import an_origin
from tests.fakes import START
from tests.key_box import KeyBox

PEPPER = b"p" * 32
LATER = START + timedelta(hours=1)
NOW = an_origin(START)
MAKER = StoredKey(
    id="maker00000",
    kind=KeyKind.SECRET,
    livemode=False,
    last4="last",
    scopes=("*",),
    created_at=START,
)
CALLER = Caller(
    tenant=Tenant("acct_2222222222222222", livemode=False),
    key_id=MAKER.id,
    kind="sk",
    scopes=frozenset({"*"}),
    language="fr",
    charges_enabled=True,
    suspended=False,
    active=True,
)
RESTRICTED = replace(MAKER, kind=KeyKind.RESTRICTED, scopes=("charges:read", "keys:write"))


def seconds(days: int = 0) -> int:
    """Unix seconds, so many days after the start."""
    return int((START + timedelta(days=days)).timestamp())


def make(box: KeyBox, caller: Caller = CALLER, **body: Any) -> MadeKey:
    """Create a key."""
    command = CreateKey.parse({"kind": "restricted", "scopes": ["charges:read"]} | body, now=START)
    return create_api_key(command, KeyMaker(caller, box, PEPPER, NOW))


def rotate(box: KeyBox, key: StoredKey, caller: Caller = CALLER, **body: Any) -> MadeKey:
    """Rotate a key."""
    command = RotateKey.parse(body, now=START)
    return rotate_api_key(f"key_{key.id}", command, KeyMaker(caller, box, PEPPER, NOW))


def refusal_of(act: Callable[[], object]) -> tuple[type[Refusal], str, str | None]:
    """Kind, code and field of the refusal."""
    with pytest.raises(Refusal) as refusal:
        act()
    return type(refusal.value), refusal.value.code, refusal.value.param


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"kind": None}, "parameter_missing", "kind"),
        ({"kind": "sk"}, "parameter_invalid", "kind"),
        ({"kind": ["secret"]}, "parameter_invalid", "kind"),
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"name": ""}, "parameter_invalid", "name"),
        ({"name": "  "}, "parameter_invalid", "name"),
        ({"name": "n" * 81}, "parameter_invalid", "name"),
        ({"name": "a\nb"}, "parameter_invalid", "name"),
        ({"name": 5}, "parameter_invalid", "name"),
        ({"scopes": None}, "parameter_missing", "scopes"),
        ({"scopes": []}, "parameter_invalid", "scopes"),
        ({"scopes": "charges:read"}, "parameter_invalid", "scopes"),
        ({"scopes": ["*"]}, "parameter_invalid", "scopes[0]"),
        ({"scopes": ["charges:read", "charges:read"]}, "parameter_invalid", "scopes[1]"),
        ({"scopes": [{}]}, "parameter_invalid", "scopes[0]"),
        ({"kind": "secret"}, "parameter_invalid", "scopes"),
        ({"kind": "publishable"}, "parameter_invalid", "scopes"),
        ({"expires_at": seconds()}, "parameter_invalid", "expires_at"),
        ({"expires_at": seconds(366)}, "parameter_invalid", "expires_at"),
        ({"expires_at": "2027-01-01"}, "parameter_invalid", "expires_at"),
        ({"expires_at": True}, "parameter_invalid", "expires_at"),
        ({"expires_at": 10**30}, "parameter_invalid", "expires_at"),
        ({"allowed_from": "10.0.0.1"}, "parameter_invalid", "allowed_from"),
        ({"allowed_from": ["192.0.2.1"] * 21}, "parameter_invalid", "allowed_from"),
        ({"allowed_from": ["10.0.0.1/8"]}, "parameter_invalid", "allowed_from[0]"),
        ({"allowed_from": ["0.0.0.0/0"]}, "parameter_invalid", "allowed_from[0]"),
        ({"allowed_from": ["::/0"]}, "parameter_invalid", "allowed_from[0]"),
        ({"allowed_from": ["::ffff:192.0.2.1"]}, "parameter_invalid", "allowed_from[0]"),
        ({"allowed_from": ["192.0.2.1", "example.com"]}, "parameter_invalid", "allowed_from[1]"),
        ({"allowed_from": ["fe80::1%eth0"]}, "parameter_invalid", "allowed_from[0]"),
        ({"allowed_from": ["fe80::%1/64"]}, "parameter_invalid", "allowed_from[0]"),
        ({"allowed_from": [1]}, "parameter_invalid", "allowed_from[0]"),
    ],
)
def test_a_malformed_wish_names_its_field(body: dict[str, Any], code: str, param: str) -> None:
    """Each field is read once, at the edge, and nothing is stored."""
    box = KeyBox(MAKER)

    assert refusal_of(lambda: make(box, **body)) == (InvalidRequest, code, param)
    assert list(box.keys) == [MAKER.id]


@pytest.mark.parametrize("value", [-1, 7 * 86_400 + 1, "1", True])
def test_an_overlap_is_at_most_seven_days(value: object) -> None:
    """An overlap is whole seconds within a week."""
    with pytest.raises(InvalidRequest, match="parameter_invalid"):
        RotateKey.parse({"overlap_seconds": value}, now=START)


def test_a_key_is_shown_once_and_kept_as_an_hmac() -> None:
    """The text proves itself against what is stored, and appears in nothing that is read later."""
    box = KeyBox(MAKER)
    made = make(box, name=" Till ", expires_at=seconds(365), allowed_from=["192.0.2.0/24"])
    key = ApiKey.parse(made.text)
    read = read_api_key(f"key_{key.id}", box)

    assert key.matches(box.hmacs[key.id], PEPPER)
    assert (key.kind, key.livemode, read.last4) == (KeyKind.RESTRICTED, False, made.text[-4:])
    assert (read.name, read.scopes, read.made_by) == ("Till", ("charges:read",), "key_maker00000")
    assert (read.expires_at, read.allowed_from) == (
        START + timedelta(days=365), ("192.0.2.0/24",)
    )  # fmt: skip
    assert key.secret not in repr(made) + repr(box.keys)


@pytest.mark.parametrize(
    ("maker", "body", "param"),
    [
        (RESTRICTED, {"scopes": ["charges:write"]}, "scopes"),
        (RESTRICTED, {"scopes": ["charges:read", "keys:read"]}, "scopes"),
        (RESTRICTED, {"kind": "secret", "scopes": None}, "scopes"),
        (replace(RESTRICTED, scopes=("*",)), {"scopes": ["keys:write"]}, "scopes"),
        (replace(MAKER, allowed_from=("192.0.2.0/24",)), {"allowed_from": ["192.0.0.0/16"]},
         "allowed_from"),
        (replace(MAKER, allowed_from=("192.0.2.0/24",)), {"allowed_from": ["2001:db8::/64"]},
         "allowed_from"),
        (replace(MAKER, expires_at=LATER), {"expires_at": seconds(1)}, "expires_at"),
    ],
)  # fmt: skip
def test_no_key_makes_one_that_can_do_more(
    maker: StoredKey, body: dict[str, Any], param: str
) -> None:
    """Neither in scope nor in place nor in time does a key outgrow its maker."""
    box = KeyBox(maker)

    assert refusal_of(lambda: make(box, **body)) == (NotPermitted, "scope_not_held", param)
    assert list(box.keys) == [maker.id]


def test_a_limited_maker_hands_its_limits_on() -> None:
    """What is not said is as with the maker, never without a limit."""
    box = KeyBox(replace(MAKER, allowed_from=("192.0.2.0/24",), expires_at=LATER))
    key = make(box).key
    narrower = make(box, allowed_from=["192.0.2.7"]).key

    assert (key.allowed_from, key.expires_at) == (("192.0.2.0/24",), LATER)
    assert narrower.allowed_from == ("192.0.2.7/32",)


@pytest.mark.parametrize("kind", ["secret", "publishable"])
def test_a_secret_key_of_the_test_mode_makes_every_kind(kind: str) -> None:
    """Kinds other than restricted have all that theirs may hold."""
    made = make(KeyBox(MAKER), kind=kind, scopes=None)

    assert made.text.startswith({"secret": "sk_test_", "publishable": "pk_test_"}[kind])
    assert made.key.scopes == ("*",)


def test_live_keys_need_an_active_account_and_secret_ones_a_person() -> None:
    """A live key is made by a key only where the account is active, and never a secret one."""
    maker = replace(MAKER, livemode=True, scopes=("*", "keys:write"))
    caller = replace(CALLER, tenant=replace(CALLER.tenant, livemode=True))
    box = KeyBox(maker)

    assert make(box, caller).text.startswith("rk_live_")
    assert refusal_of(lambda: make(box, caller, kind="secret", scopes=None)) == (
        NotPermitted, "live_secret_key_refused", "kind"
    )  # fmt: skip
    assert refusal_of(lambda: rotate(box, maker, caller))[1] == "live_secret_key_refused"
    assert refusal_of(lambda: make(box, replace(caller, active=False)))[1] == "account_not_active"


def test_a_suspended_account_makes_no_keys_but_revokes() -> None:
    """Nothing new comes of a suspended account; what is dangerous can still be ended."""
    box = KeyBox(MAKER)
    suspended = replace(CALLER, suspended=True)

    assert refusal_of(lambda: make(box, suspended))[1] == "account_suspended"
    assert refusal_of(lambda: rotate(box, MAKER, suspended))[1] == "account_suspended"
    assert revoke_api_key("key_maker00000", box, NOW).revoked_at == START


@pytest.mark.parametrize(
    ("maker", "kind"),
    [
        (replace(MAKER, revoked_at=START), NotAuthenticated),
        (replace(MAKER, expires_at=START), NotAuthenticated),
        (replace(MAKER, overlap_until=LATER, rotated_to="other00000"), NotPermitted),
        (replace(MAKER, review_by=LATER), NotPermitted),
    ],
)
def test_a_key_that_ends_makes_no_others(maker: StoredKey, kind: type[Refusal]) -> None:
    """Whoever holds a key that was revoked, rotated or is under review cannot outlive it."""
    assert refusal_of(lambda: make(KeyBox(maker)))[0] is kind


@pytest.mark.parametrize(
    ("ended", "refusal"),
    [
        ({"revoked_at": START}, (NotAuthenticated, "api_key_invalid", None)),
        ({"review_by": LATER}, (NotPermitted, "permission_denied", None)),
        ({"scopes": ("keys:write",)}, (NotPermitted, "scope_not_held", "scopes")),
    ],
)
def test_a_key_that_changes_while_it_makes_another_is_told_so(
    ended: dict[str, Any], refusal: tuple[type[Refusal], str, str | None]
) -> None:
    """Between the look at the maker and the storing, neither a key nor a successor comes to be."""
    other = make(KeyBox(MAKER)).key

    class Changing(KeyBox):
        """Changes the maker right after it was read."""

        def find(self, key_id: str) -> StoredKey | None:
            found = super().find(key_id)
            if key_id == MAKER.id:
                self.keys[key_id] = replace(MAKER, **ended)
            return found

    first, second = Changing(MAKER, other), Changing(MAKER, other)

    assert refusal_of(lambda: make(first)) == refusal
    assert refusal_of(lambda: rotate(second, other)) == refusal
    assert first.keys.keys() == second.keys.keys() == {MAKER.id, other.id}
    assert second.keys[other.id] == other


def test_there_is_an_end_to_how_many_keys_work() -> None:
    """Past the limit a key is refused, and revoking one makes room."""
    box = KeyBox(MAKER)
    first = make(box).key
    for _ in range(MOST_KEYS - 2):
        make(box)

    assert refusal_of(lambda: make(box))[1] == "too_many_keys"
    revoke_api_key(f"key_{first.id}", box, NOW)
    assert make(box)


def test_a_rotated_key_works_until_its_overlap_ends() -> None:
    """The new key is as the old one was; each answer holds one secret, the new one's."""
    box = KeyBox(MAKER)
    old = make(box, name="Till", allowed_from=["192.0.2.1"]).key
    made = rotate(box, old, overlap_seconds=60)
    left = box.keys[old.id]

    assert made.text.startswith("rk_test_")
    assert (made.key.name, made.key.scopes, made.key.allowed_from) == (
        old.name, old.scopes, old.allowed_from
    )  # fmt: skip
    assert (left.rotated_to, left.overlap_until) == (made.key.id, START + timedelta(seconds=60))
    assert left.works(START + timedelta(seconds=59))
    assert not left.works(START + timedelta(seconds=60))
    assert made.key.works(LATER)


def test_a_rotation_without_overlap_ends_the_old_key_at_once() -> None:
    """An overlap of 0 s is none; without a word it is a day."""
    box = KeyBox(MAKER)
    at_once, usual = make(box).key, make(box).key
    rotate(box, at_once, overlap_seconds=0)
    rotate(box, usual)

    assert not box.keys[at_once.id].works(START)
    assert box.keys[usual.id].overlap_until == START + timedelta(days=1)


@pytest.mark.parametrize(
    "ended",
    [
        {"revoked_at": START},
        {"expires_at": START},
        {"rotated_to": "other00000", "overlap_until": LATER},
    ],
)
def test_what_has_ended_is_not_rotated(ended: dict[str, Any]) -> None:
    """No rotation gives a revoked, expired or rotated key a successor."""
    box = KeyBox(MAKER)
    key = make(box).key
    box.keys[key.id] = replace(key, **ended)

    assert refusal_of(lambda: rotate(box, key)) == (InvalidRequest, "key_ended", "id")
    assert len(box.keys) == 2


def test_a_rotation_that_lost_its_race_gives_no_key() -> None:
    """Of two rotations at once one is told that the key has ended."""
    box = KeyBox(MAKER)
    key = make(box).key
    box.replace = lambda *_, **__: False  # type: ignore[method-assign]  # the winner came between

    assert refusal_of(lambda: rotate(box, key))[1] == "key_ended"


def test_rotating_a_stronger_key_is_refused() -> None:
    """A restricted key does not get the secret of a key with more rights by rotating it."""
    other = replace(MAKER, id="other00000")
    box = KeyBox(RESTRICTED, other)

    assert refusal_of(lambda: rotate(box, other))[1:] == ("scope_not_held", "scopes")
    assert box.keys[other.id] == other


def test_a_revoked_key_stays_revoked() -> None:
    """Revoking again answers the same and moves nothing."""
    box = KeyBox(MAKER)
    public = f"key_{make(box).key.id}"
    first = revoke_api_key(public, box, NOW)

    assert revoke_api_key(public, box, an_origin(LATER)) == first
    assert not first.works(START - timedelta(days=1))


def test_keys_of_a_revoked_key_are_reviewed() -> None:
    """What a revoked key made works for a week; rotating it is the review, and it lives on."""
    box = KeyBox(MAKER, replace(MAKER, id="other00000"))
    child = make(box).key
    revoke_api_key("key_maker00000", box, NOW)
    suspect = box.keys[child.id]
    renewed = rotate(box, suspect, replace(CALLER, key_id="other00000"))

    assert suspect.works(START)
    assert suspect.review_by == START + REVIEW_WITHIN
    assert not suspect.works(START + REVIEW_WITHIN)
    assert renewed.key.review_by is None


def test_what_a_key_under_review_made_is_reviewed_too() -> None:
    """A thief who has a second key make the third has gained nothing."""
    box = KeyBox(MAKER)
    second = make(box, kind="secret", scopes=None).key
    third = make(box, replace(CALLER, key_id=second.id)).key
    revoke_api_key("key_maker00000", box, NOW)

    assert box.keys[second.id].review_by == START + REVIEW_WITHIN
    assert box.keys[third.id].review_by == START + REVIEW_WITHIN


def test_a_key_that_rotated_itself_may_be_revoked() -> None:
    """The key that took its place is not reviewed as one that it made."""
    box = KeyBox(MAKER)
    made = rotate(box, MAKER)
    revoke_api_key("key_maker00000", box, NOW)

    assert box.keys[made.key.id].made_by is None
    assert box.keys[made.key.id].review_by is None


def test_a_key_gets_narrower_and_never_wider() -> None:
    """Scopes and networks can be taken away; adding one is refused and changes nothing."""
    box = KeyBox(MAKER)
    key = make(box, scopes=["charges:read", "events:read"], allowed_from=["192.0.2.0/24"]).key

    def narrow(scopes: list[str], ranges: list[str]) -> StoredKey:
        return narrow_api_key(f"key_{key.id}", box, NOW, scopes=scopes, ranges=ranges)

    narrowed = narrow(["events:read"], ["192.0.2.8/29"])

    assert (narrowed.scopes, narrowed.allowed_from) == (("events:read",), ("192.0.2.8/29",))
    assert refusal_of(lambda: narrow(["charges:read"], ["192.0.2.8"]))[1] == "scope_not_held"
    assert refusal_of(lambda: narrow(["events:read"], []))[2] == "allowed_from"
    assert refusal_of(lambda: narrow(["events:read"], ["192.0.2.0/24"]))[2] == "allowed_from"
    assert box.keys[key.id] == narrowed


def test_a_key_that_changed_is_not_narrowed() -> None:
    """What was revoked meanwhile is left as it is."""
    box = KeyBox(MAKER)
    public = f"key_{make(box).key.id}"
    revoke_api_key(public, box, NOW)

    assert (
        refusal_of(lambda: narrow_api_key(public, box, NOW, scopes=["charges:read"], ranges=[]))
    )[1] == "key_ended"


@pytest.mark.parametrize("text", ["", "key_", "maker00000", "key_maker0000", "key_maker0000é"])
def test_what_is_no_id_of_a_key_is_not_found(text: str) -> None:
    """Any text but `key_` and ten characters is told the same as an unknown key."""
    assert refusal_of(lambda: read_api_key(text, KeyBox(MAKER))) == (
        NotFound, "resource_missing", "id"
    )  # fmt: skip


def test_keys_are_listed_newest_first_by_pages() -> None:
    """Pages follow one another without a gap, and the last says so."""
    box = KeyBox(MAKER)
    made = [make(box).key.id for _ in range(3)]
    first, has_more = list_api_keys({"limit": "2"}, box)
    second, more = list_api_keys({"limit": "2", "starting_after": f"key_{first[-1].id}"}, box)

    assert ([key.id for key in first], has_more) == ([made[2], made[1]], True)
    assert ([key.id for key in second], more) == ([made[0], MAKER.id], False)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": "0"}, "limit_invalid"),
        ({"limit": "101"}, "limit_invalid"),
        ({"limit": "٣"}, "limit_invalid"),
        ({"starting_after": "ch_1"}, "cursor_invalid"),
        ({"page": "2"}, "parameter_unknown"),
    ],
)
def test_a_malformed_page_is_refused(query: dict[str, str], code: str) -> None:
    """What asks for a page that cannot be is told so."""
    assert refusal_of(lambda: list_api_keys(query, KeyBox(MAKER)))[1] == code
