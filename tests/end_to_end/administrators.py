"""Administrators of the platform at the running system, each in a browser of her own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

from playwright.sync_api import Browser

from knative.components.keycloak.access import REALM, connect, read_pair
from knative.components.keycloak.person import Person as NewPerson
from knative.components.keycloak.person import ensure_person
from tests.browser import Tab, open_tab
from tests.end_to_end.dashboard import sign_in
from tests.sign_in import Person
from tests.system import LocalSystem

_PASSWORD: Final = "plantains in the sun"


@contextmanager
def open_platform(system: LocalSystem, chromium: Browser, **looks: Any) -> Iterator[Tab]:
    """The platform's pages, for a new administrator who sets up her second factor on the way."""
    person = Person(_make_administrator(system), _PASSWORD)
    with open_tab(chromium, **looks) as tab:
        page = tab.page
        page.goto(f"{system.base_url}/dashboard/platform")
        page.locator("main button.button").click()
        sign_in(page, {"username": person.email, "password": person.password})
        code = page.locator("#totp")
        code.wait_for()
        person.device = page.locator("input[name=totpSecret]").input_value()
        code.fill(person.code())
        page.locator("#saveTOTPBtn").click()
        page.wait_for_url(f"{system.base_url}/dashboard/platform")
        tab.complaints.clear()
        yield tab
        assert tab.complaints == []


def _make_administrator(system: LocalSystem) -> str:
    """The address of a person who may administer the platform."""
    client_id, secret = read_pair(system.data_dir / "secrets" / "keycloak_administration")
    url = str(system.credentials["identity_url"]).removesuffix(f"/realms/{REALM}")
    administration = connect(
        url, realm=REALM, client_id=client_id, client_secret=secret, client_realm=REALM
    )
    email = f"admin-{uuid4().hex[:12]}@pay.example"
    ensure_person(administration, NewPerson(email, _PASSWORD, "admin", "A.", "Dib"))
    return email
