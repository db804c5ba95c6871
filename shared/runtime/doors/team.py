"""The operations on the people of an account, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.domain.errors import NotFound, NotPermitted
from shared.operations import manage_team, people_objects
from shared.operations.manage_team import InvitePerson, TeamActor
from shared.operations.objects import list_object
from shared.runtime import wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import read_key


def show_team(call: Call) -> Answer:
    """GET /v1/team."""
    call.refuse_query()
    store = wiring.team(call.authenticated().tenant.account)
    members = manage_team.list_team(store, now=wiring.now())
    data = [people_objects.team_member_object(member) for member in members]
    return Answer(body=list_object("/v1/team", data, has_more=False))


def show_invitations(call: Call) -> Answer:
    """GET /v1/invitations."""
    call.refuse_query()
    store = wiring.team(call.authenticated().tenant.account)
    found = manage_team.list_invitations(store, now=wiring.now())
    data = [people_objects.invitation_object(invitation) for invitation in found]
    return Answer(body=list_object("/v1/invitations", data, has_more=False))


def invite(call: Call) -> Answer:
    """POST /v1/invitations. The same call again is refused, for the first one stands."""
    read_key(call.idempotency_key)
    command = InvitePerson.parse(call.body(), language=call.authenticated().language)
    actor = _actor(call)
    invitation = manage_team.invite_person(command, wiring.team(actor.member.account), actor)
    return Answer(body=people_objects.invitation_object(invitation))


def revoke(call: Call) -> Answer:
    """POST /v1/invitations/{id}/revoke; the same call again is harmless."""
    call.refuse_fields()
    read_key(call.idempotency_key)
    actor = _actor(call)
    store = wiring.team(actor.member.account)
    invitation = manage_team.revoke_invitation(call.path_params["id"], store, actor)
    return Answer(body=people_objects.invitation_object(invitation))


def accept(call: Call) -> Answer:
    """POST /v1/invitations/accept, by a person who need not be in any account yet."""
    read_key(call.idempotency_key)
    token = manage_team.parse_token(call.body())
    directory, person = wiring.directory(), call.signed_in().id
    account = manage_team.accept_invitation(
        token,
        person,
        find=directory.find_invitation,
        store_of=wiring.team,
        origin=wiring.origin(call),
    )
    for membership in directory.find_memberships(person):
        if membership.account == account:
            return Answer(body=people_objects.membership_object(membership))
    # Somebody has removed her in the moment between.
    raise NotFound("resource_missing", "token")


def change_duty(call: Call) -> Answer:
    """POST /v1/team/{person}; the same call again is harmless."""
    read_key(call.idempotency_key)
    duty = manage_team.parse_duty_change(call.body())
    actor = _actor(call)
    store = wiring.team(actor.member.account)
    member = manage_team.change_duty(call.path_params["person"], duty, store, actor)
    return Answer(body=people_objects.team_member_object(member))


def remove(call: Call) -> Answer:
    """POST /v1/team/{person}/remove; who is gone is not there a second time."""
    call.refuse_fields()
    read_key(call.idempotency_key)
    actor = _actor(call)
    store = wiring.team(actor.member.account)
    member = manage_team.remove_member(call.path_params["person"], store, actor)
    return Answer(body=people_objects.team_member_object(member))


def _actor(call: Call) -> TeamActor:
    """Return the member who calls. Raises NotPermitted for whoever is none."""
    caller = call.authenticated()
    if caller.member is None:
        raise NotPermitted("permission_denied")
    return TeamActor(caller.member, caller.suspended, wiring.origin(call))


HANDLERS: Final[Mapping[str, Handler]] = {
    "list_team": show_team,
    "change_duty": change_duty,
    "remove_member": remove,
    "list_invitations": show_invitations,
    "invite_person": invite,
    "revoke_invitation": revoke,
    "accept_invitation": accept,
}
