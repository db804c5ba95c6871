"""Has the invited address told of an invitation, in the transaction that makes it."""

from shared.db import notices
from shared.db.transaction import Transaction
from shared.domain.account import Tenant
from shared.domain.notification import Kind, Notification, Recipient
from shared.domain.team import Invitation, InvitationToken
from shared.runtime.settings import settings


def link_of(token: InvitationToken) -> str:
    """Return where the invited person accepts; what follows `#` reaches no server and no log."""
    return f"{settings().public_base_url}/dashboard/invitation#{token.text}"


def notify(
    transaction: Transaction, tenant: Tenant, invitation: Invitation, token: InvitationToken
) -> None:
    """Put the mail to be sent with the invitation: its link is sealed until then, and gone after.

    It is worth sending for as long as the kind says, which is less than the invitation lasts.
    """
    from shared.runtime import notice_secrets  # noqa: PLC0415 - cryptography that others need not

    notice = Notification.of(
        Kind.INVITATION,
        tenant.account,
        invitation.words(),
        livemode=tenant.livemode,
        now=invitation.created_at,
        to=Recipient(invitation.email, invitation.language),
        secret=link_of(token),
        seal=notice_secrets.seal,
    )
    notices.add(transaction, notice)
