"""The people of a merchant whose server wants no webhooks any more: they are told by mail."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Final

from pg8000.exceptions import DatabaseError, InterfaceError
from urllib3.exceptions import HTTPError

from tests.chaos.judge import superuser
from tests.end_to_end.merchant import Merchant, Order, open_merchant
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem

LANGUAGES: Final = {"owner": "fr", "developer": "en", "viewer": "en"}
_PATIENCE_SECONDS: Final = 30.0
_KEY: Final = b'{"kind": "restricted", "scopes": ["charges:read"]}'
_OK: Final = 200
_PHONE: Final = "+237670000001"


@dataclass(frozen=True, slots=True)
class Household:
    """A merchant with its people, on a running system."""

    system: LocalSystem
    merchant: Merchant

    def provoke(self) -> None:
        """Have the endpoint disabled, again where it was before, and a key made."""
        with suppress(HTTPError):
            self._make_a_key()
        wait_for("the endpoint enabled", self._enable, seconds=_PATIENCE_SECONDS)
        self.merchant.charge(Order(_PHONE))

    def _make_a_key(self) -> None:
        """And revoke it, since an account has at most a hundred."""
        made = self.merchant.call("POST", "/v1/api_keys", _KEY)
        if made.status == _OK:
            self.merchant.call("POST", f"/v1/api_keys/{made.json()['id']}/revoke")

    def _enable(self) -> bool:
        """Enable the endpoint; False while the database is away."""
        enable = f"""UPDATE "{self.merchant.schema}".webhook_endpoints SET status = 'enabled'"""
        with suppress(DatabaseError, InterfaceError, OSError), superuser(self.system) as connection:
            connection.run(enable)
            return True
        return False

    def mails(self) -> list[tuple[str, EmailMessage]]:
        """Each mail to these people and the duty of who gets it, as the mailbox has them."""
        found = []
        for file in sorted((self.system.data_dir / "mailbox").glob("*.eml")):
            mail = message_from_bytes(file.read_bytes(), policy=default)
            duty, _, domain = str(mail["To"]).partition("@")
            if domain == _domain(self.merchant):
                found.append((duty, mail))
        return found


def _domain(merchant: Merchant) -> str:
    """One of its own: the mailbox is everybody's, and more than one household gets mail there."""
    return f"{merchant.account.replace('_', '-')}.example"


@contextmanager
def open_household(system: LocalSystem, name: str) -> Iterator[Household]:
    """An account whose receiver answers 410 to everything, with a member of each duty."""
    with open_merchant(system, name) as merchant:
        merchant.receiver.is_gone = True
        with superuser(system) as connection:
            for duty, language in LANGUAGES.items():
                connection.run(
                    "INSERT INTO platform.members (account_id, person, email, language, duty)"
                    " VALUES (:account, :person, :email, :language, :duty)",
                    account=merchant.account,
                    person=f"usr_{duty}",
                    email=f"{duty}@{_domain(merchant)}",
                    language=language,
                    duty=duty,
                )
        yield Household(system, merchant)
