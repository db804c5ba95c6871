"""A shop whose people sit at the dashboard, each in a tab of her own that stays open."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import uuid4

import urllib3
from playwright.sync_api import Browser

from knative.components.keycloak.access import connect, read_pair
from knative.components.keycloak.person import Person, ensure_person
from tests.browser import Tab
from tests.chaos.judge import superuser
from tests.end_to_end.administrators import open_platform
from tests.end_to_end.dashboard import (
    PATIENCE_SECONDS,
    charge,
    open_dashboard_as,
    owned_merchant,
)
from tests.end_to_end.looks import Look, wait_for_stream
from tests.end_to_end.merchant import Merchant
from tests.end_to_end.money import top_up
from tests.identity import PASSWORD
from tests.system import LocalSystem

PAYS: Final = "670000001"
Who = Literal["owner", "finance", "viewer", "ada", "grace"]
"""Of the shop by their duties; the last two administer the platform."""
_ADMINISTRATORS: Final = frozenset({"ada", "grace"})
_FUNDS: Final = 5_000_000
_RULE: Final = """
INSERT INTO platform.dated_rules (id, kind, livemode, account_id, valid_from, data)
VALUES (:id, 'approval', false, :account, '2020-01-01Z', '{"people_from": 50000}')"""
_MEMBER: Final = """
INSERT INTO platform.members (account_id, person, email, language, duty)
VALUES (:account, :person, :email, 'en', :duty)"""


@dataclass(frozen=True, slots=True)
class Desk:
    """A shop with money, where a second person approves what people pay out from 50,000 on."""

    system: LocalSystem
    merchant: Merchant
    chromium: Browser
    tabs: ExitStack
    seated: dict[Who, Tab] = field(default_factory=dict)

    def seat(self, who: Who, look: Look) -> Tab:
        """Her tab, in this look; she signs in where she has not yet."""
        if who not in self.seated:
            self.seated[who] = self.tabs.enter_context(self._open(who, look))
            if who not in _ADMINISTRATORS:
                wait_for_stream(self.seated[who].page, look)
            self.seated[who].complaints.clear()  # of the stream of an account before, cut short
        look.put_on(self.seated[who])
        return self.seated[who]

    def _open(self, who: Who, look: Look) -> AbstractContextManager[Tab]:
        if who in _ADMINISTRATORS:
            return open_platform(self.system, self.chromium, **look.options)
        known = self.system.credentials["dashboard"]
        person = known if who == "owner" else self._hire(who)
        return open_dashboard_as(person, self.system, self.merchant, self.chromium, **look.options)

    def _hire(self, duty: Who) -> Mapping[str, str]:
        """Somebody new in the account, who signs in by a password."""
        email = f"{duty}-{uuid4().hex[:12]}@noun.example"
        url, _, realm = self.system.credentials["identity_url"].partition("/realms/")
        client_id, secret = read_pair(self.system.data_dir / "secrets" / "keycloak_administration")
        keycloak = connect(
            url, realm=realm, client_id=client_id, client_secret=secret, client_realm=realm
        )
        person = ensure_person(keycloak, Person(email, PASSWORD, "merchant", "Dib", "Eyidi"))
        values = {"account": self.merchant.account, "person": person, "email": email}
        with superuser(self.system) as connection:
            connection.run(_MEMBER, duty=duty, **values)
        return {"username": email, "password": PASSWORD}

    def read(self, path: str) -> Any:
        """What the API says to the shop's own server."""
        return self.merchant.read(path)

    def listed(self, path: str) -> list[Any]:
        """The objects of a list there, the newest first."""
        found: list[Any] = self.read(path)["data"]
        return found

    def booked(self, source: str) -> list[int]:
        """What each line of the books about an object changed the balance by, the newest first."""
        return [line["net"] for line in self.listed(f"/v1/balance_transactions?source={source}")]

    def paid(self) -> str:
        """A payment that has succeeded; its id."""
        made = charge(self.merchant, PAYS)
        ended = self.merchant.wait_final(made, seconds=PATIENCE_SECONDS)
        assert ended["status"] == "succeeded"
        return made

    def status_with(self, key: str) -> int:
        """What the API answers to a key."""
        url, headers = f"{self.system.base_url}/v1/balance", {"Authorization": f"Bearer {key}"}
        return urllib3.request("GET", url, headers=headers, retries=False).status


@contextmanager
def open_desk(system: LocalSystem, chromium: Browser) -> Iterator[Desk]:
    """The shop, in which nobody has signed in yet; all tabs are closed on leaving."""
    with owned_merchant(system, "Coopérative du Noun") as merchant, ExitStack() as tabs:
        top_up(system, merchant, _FUNDS)
        with superuser(system) as connection:
            rule = f"approval {merchant.account}"
            connection.run(_RULE, id=rule, account=merchant.account)
        yield Desk(system, merchant, chromium, tabs)
