"""Offers a new account to the address of its first owner; whoever comes later is invited by her."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

from shared.domain.audit import AuditEntry, Origin
from shared.domain.errors import InvalidRequest
from shared.domain.mail_address import read_email
from shared.domain.notification import Kind, Notification, Recipient
from shared.domain.people import Duty
from shared.domain.team import INVITATION_LASTS, PLATFORM, Invitation, InvitationToken
from shared.operations.lists import refuse_unknown
from shared.operations.provision_account import LANGUAGES, platform_origin


@dataclass(frozen=True, slots=True)
class InviteFirstOwner:
    """A well-formed wish; without `language` the mail is in the account's."""

    email: str
    language: str | None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, {"email", "language"})
        language = body.get("language")
        if language is not None and language not in LANGUAGES:
            raise InvalidRequest("parameter_invalid", "language")
        return cls(read_email(body.get("email")), language)


@dataclass(frozen=True, slots=True)
class FirstOffer:
    """What is stored at once: the offer, its mail, and who offered it, in both chains."""

    account: str
    invitation: Invitation
    token: InvitationToken
    notice: Notification
    for_the_account: AuditEntry
    for_the_platform: AuditEntry


class FirstOwnerStore(Protocol):
    """Where it is known whether an account has an owner."""

    def language(self, account_id: str) -> str:
        """Return the language of an account that is not closed. Raises NotFound."""

    def offer(self, offer: FirstOffer) -> bool:
        """Store an offer; False where the account has an owner or one was asked already."""


_FACT: Final = "invitation.created"


def invite_first_owner(
    account_id: str,
    command: InviteFirstOwner,
    store: FirstOwnerStore,
    origin: Origin,
    *,
    link_of: Callable[[InvitationToken], str],
    seal: Callable[[str, str], str],
) -> Invitation:
    """Offer an account to its first owner, for seven days.

    Raises NotFound, and InvalidRequest `owner_known` where it has an owner or one was asked.
    """
    language = command.language or store.language(account_id)
    token = InvitationToken.generate(int(origin.at.timestamp() * 1000))
    invitation = Invitation(
        id=token.invitation,
        email=command.email,
        language=language,
        duty=Duty.OWNER,
        made_by=PLATFORM,
        created_at=origin.at,
        expires_at=origin.at + INVITATION_LASTS,
    )
    notice = Notification.of(
        Kind.INVITATION,
        account_id,
        invitation.words(),
        livemode=False,
        now=origin.at,
        to=Recipient(command.email, language),
        secret=link_of(token),
        seal=seal,
    )
    after = {"duty": Duty.OWNER.value, "language": language, "expires_at": invitation.expires_at}
    own = platform_origin(origin).entry(_FACT, "invitation", invitation.id, after=after)
    whole = origin.entry(_FACT, "account", account_id, after={**after, "invitation": invitation.id})
    if not store.offer(FirstOffer(account_id, invitation, token, notice, own, whole)):
        raise InvalidRequest("owner_known")
    return invitation
