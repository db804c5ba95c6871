"""The public form of people, of the keys that they make, and of what they did."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shared.domain.audit import Link
from shared.domain.people import Membership, Person
from shared.domain.team import Invitation, TeamMember
from shared.operations.objects import seconds_or_none, unix_seconds
from shared.operations.stored_keys import PREFIX, MadeKey, StoredKey


def api_key_object(key: StoredKey, *, now: datetime) -> dict[str, Any]:
    """Return a key without its secret; `active` tells whether it opens anything now."""
    return {
        "id": PREFIX + key.id,
        "object": "api_key",
        "kind": key.kind.name.lower(),
        "name": key.name,
        "last4": key.last4,
        "scopes": list(key.scopes),
        "allowed_from": list(key.allowed_from),
        "active": key.works(now),
        "made_by": key.made_by,
        "created": unix_seconds(key.created_at),
        "expires_at": seconds_or_none(key.expires_at),
        "last_used_at": seconds_or_none(key.last_used_at),
        "rotated_to": None if key.rotated_to is None else PREFIX + key.rotated_to,
        "overlap_until": seconds_or_none(key.overlap_until),
        "review_by": seconds_or_none(key.review_by),
        "revoked_at": seconds_or_none(key.revoked_at),
        "livemode": key.livemode,
    }


def made_key_object(made: MadeKey, *, now: datetime) -> dict[str, Any]:
    """Return a new key with its text, which no other answer holds."""
    return {**api_key_object(made.key, now=now), "secret": made.text}


def person_object(person: Person, memberships: Iterable[Membership]) -> dict[str, Any]:
    """Return who signed in, and where she is a member."""
    return {
        "id": person.id,
        "object": "person",
        "roles": sorted(person.roles),
        "signed_in_at": seconds_or_none(person.signed_in_at),
        "accounts": [membership_object(membership) for membership in memberships],
    }


def membership_object(membership: Membership) -> dict[str, Any]:
    """Return an account as one of its members sees it."""
    return {
        "id": membership.account,
        "object": "membership",
        "name": membership.name,
        "state": membership.state,
        "duty": membership.duty,
        "modes": list(membership.modes),
    }


def team_member_object(member: TeamMember) -> dict[str, Any]:
    """Return a member of a team."""
    return {
        "id": member.person,
        "object": "team_member",
        "email": member.email,
        "language": member.language,
        "duty": member.duty,
        "added_by": member.added_by,
        "created": unix_seconds(member.joined_at),
    }


def invitation_object(invitation: Invitation) -> dict[str, Any]:
    """Return an invitation; its token is in the mail alone."""
    return {
        "id": invitation.id,
        "object": "invitation",
        "email": invitation.email,
        "language": invitation.language,
        "duty": invitation.duty,
        "made_by": invitation.made_by,
        "created": unix_seconds(invitation.created_at),
        "expires_at": unix_seconds(invitation.expires_at),
        "revoked_at": seconds_or_none(invitation.revoked_at),
    }


def audit_entry_object(link: Link, *, livemode: bool) -> dict[str, Any]:
    """Return an audit entry at its place; hashes in hex, `at` to the microsecond."""
    entry = link.entry
    return {
        "id": entry.id,
        "object": "audit_entry",
        "position": link.position,
        "created": unix_seconds(entry.at),
        "at": entry.at.isoformat(timespec="microseconds"),
        "actor": {"kind": entry.actor.kind.value, "id": entry.actor.id},
        "action": entry.action,
        "target": {"type": entry.object_type, "id": entry.object_id},
        "before": None if entry.before is None else json.loads(entry.before),
        "after": None if entry.after is None else json.loads(entry.after),
        "remote_address": entry.remote_address,
        "reason": entry.reason,
        "request_id": entry.request_id,
        "chain": link.chain,
        "previous_hash": link.previous_hash.hex(),
        "hash": link.hash.hex(),
        "livemode": livemode,
    }
