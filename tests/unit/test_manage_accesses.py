"""Accesses: what a wish may say, how one stands, and what is told of it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from shared.domain.account import Tenant
from shared.domain.account_access import (
    US,
    AccessStatus,
    AccountAccess,
    ending,
    opened_notice,
    opening,
    used,
)
from shared.domain.audit import Actor, ActorKind, Origin
from shared.domain.errors import InvalidRequest
from shared.domain.notification import OWNER, TERMS
from shared.operations.manage_accesses import OpenAccess
from tests.fakes import START

REASON: Final = "Ticket 4211: a payment is missing"
ADA: Final = Origin(Actor(ActorKind.PERSON, "ada"), START, "192.0.2.9", "req_1")
ACCESS: Final = AccountAccess(
    id="acs_1",
    tenant=Tenant("acct_2222222222222222", livemode=True),
    reason=REASON,
    opened_by="ada",
    created_at=START,
    expires_at=START + timedelta(minutes=30),
)


@pytest.mark.parametrize(
    ("minutes", "lasts"), [({}, 30), ({"minutes": None}, 30), ({"minutes": 5}, 5),
                           ({"minutes": 60}, 60)]
)  # fmt: skip
def test_an_access_lasts_as_long_as_she_says(minutes: dict[str, Any], lasts: int) -> None:
    """Half an hour where she says nothing, five minutes at least, an hour at most."""
    wish = OpenAccess.parse({"mode": "live", "reason": f" {REASON} ", **minutes})

    assert wish == OpenAccess(livemode=True, reason=REASON, lasts=timedelta(minutes=lasts))


@pytest.mark.parametrize("reason", ["ten digits", "a line\n" * 71 + "end"])
def test_a_reason_has_lines_and_a_length(reason: str) -> None:
    """Ten letters to five hundred, in several lines where she likes."""
    assert OpenAccess.parse({"mode": "test", "reason": reason}).reason == reason


@pytest.mark.parametrize("reason", ["677 00 00 01 !", "sk_live_" + "x" * 30, "+237 677 000 001"])
def test_a_reason_is_more_than_what_is_masked(reason: str) -> None:
    """What is left when numbers and keys are gone must still be a reason."""
    with pytest.raises(InvalidRequest, match="parameter_invalid") as refused:
        OpenAccess.parse({"mode": "test", "reason": reason})

    assert refused.value.param == "reason"


def test_an_access_is_open_until_it_ends_or_its_time_is_over() -> None:
    """What ended it first is what is told, also long after."""
    ended = ACCESS.ended(replace(ADA, at=START + timedelta(minutes=29)))
    late = START + timedelta(days=1)

    assert ACCESS.status(START + timedelta(minutes=29, seconds=59)) is AccessStatus.OPEN
    assert ACCESS.status(START + timedelta(minutes=30)) is AccessStatus.EXPIRED
    assert ended.status(START) is ended.status(late) is AccessStatus.ENDED
    assert (ended.ended_by, ended.ended_at) == ("ada", START + timedelta(minutes=29))


def test_the_account_hears_of_the_platform_and_the_platform_of_her() -> None:
    """The same facts in both chains; person and address in one of them."""
    for told in (opening(ACCESS, ADA), ending(ACCESS.ended(ADA), ADA)):
        own, whole = told.to_the_account, told.to_the_platform

        assert (own.actor, own.remote_address, own.object_id) == (US, None, ACCESS.id)
        assert (whole.actor, whole.remote_address) == (ADA.actor, ADA.remote_address)
        assert whole.object_id == ACCESS.tenant.account
        assert own.reason == whole.reason
        assert "ada" not in str(own)
        assert json.loads(whole.after or "") == {
            "access": ACCESS.id, **json.loads(own.after or "")
        }  # fmt: skip
    assert opening(ACCESS, ADA).to_the_account.reason == REASON


def test_a_request_is_told_by_its_operation_and_its_path() -> None:
    """What a caller put into the path is cut, shown as it is, and never a whole secret."""
    path = {"id": "a\x00b\u202e " + "c" * 40 + " d" * 200}
    entry = used("acs_1", "read_charge", path, at=START, request_id="req_1")
    after = json.loads(entry.after or "")

    assert (entry.action, entry.object_id, entry.request_id) == (
        "account_access.used", "acs_1", "req_1"
    )  # fmt: skip
    assert (entry.actor, entry.remote_address) == (US, None)
    assert after == {"operation": "read_charge", "id": "a b [hidden]" + " d" * 27 + "…"}


def test_owners_alone_are_told() -> None:
    """With reason, end and the access to look for, in the mode that it opens."""
    notice = opened_notice(ACCESS)

    assert TERMS[notice.kind].duties == (OWNER,)
    assert notice.livemode
    assert notice.data == {
        "access": "acs_1", "reason": REASON, "until": ACCESS.expires_at.isoformat()
    }  # fmt: skip
