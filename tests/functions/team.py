"""Who is a member of which account, past the doors."""

import time
import uuid
from dataclasses import dataclass
from typing import Final

from pg8000.native import Connection

from shared.domain.ids import new_id

MEMBER_EMAIL: Final = "someone@shop.example"


@dataclass(frozen=True, slots=True)
class Team:
    """People as rows."""

    database: Connection

    def join(self, account: str, duty: str, *, email: str = MEMBER_EMAIL) -> str:
        """Make somebody new a member; return who it is."""
        person = str(uuid.uuid4())
        self.database.run(
            "INSERT INTO platform.members (account_id, person, email, language, duty)"
            " VALUES (:account, :person, :email, 'fr', :duty)",
            account=account,
            person=person,
            email=email,
            duty=duty,
        )
        return person

    def offer(self, account: str, maker: str) -> str:
        """Invite somebody, in nobody's audit trail; return the invitation."""
        invitation = new_id("inv", int(time.time() * 1000))
        self.database.run(
            "INSERT INTO platform.invitations (id, account_id, email, language, duty, token_hash,"
            " made_by, created_at, expires_at)"
            " VALUES (:id, :account, 'invited@shop.example', 'fr', 'viewer', decode(:hash, 'hex'),"
            " :maker, now(), now() + interval '168 hours')",
            id=invitation,
            account=account,
            hash="00" * 32,
            maker=maker,
        )
        return invitation

    def leave(self, person: str) -> None:
        """Make somebody a member no more."""
        self.database.run(
            "UPDATE platform.members SET ended_at = now() WHERE person = :id", id=person
        )
