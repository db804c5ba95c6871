"""The realm job and the first people, on a running Keycloak: what drifts, what is left alone."""

from typing import Any

import pytest
from keycloak import KeycloakAdmin
from keycloak.exceptions import KeycloakError as Refused

from knative.components.keycloak.person import Person as NewPerson
from knative.components.keycloak.person import ensure_person
from tests.identity import PASSWORD, REDIRECT_URI, Identity
from tests.sign_in import Person, claims_of

# The first run in a checkout fetches and builds the server.
pytestmark = pytest.mark.timeout(400)


def test_the_realm_job_done_twice_changes_nothing(identity: Identity) -> None:
    """A deployment may run it as often as it likes."""
    again = identity.realm_job()

    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert identity.realm_job("--check").returncode == 0


def test_drift_is_reported_and_mended(identity: Identity) -> None:
    """What somebody turned by hand is named setting by setting, and turned back by the job."""
    admin = identity.admin("keycloak_admin", "master")
    dashboard = admin.get_client_id("dashboard")
    service = admin.get_client_id("administration")
    assert dashboard is not None
    assert service is not None
    admin.update_realm("pay", {"accessTokenLifespan": 3600, "bruteForceProtected": False})
    admin.update_realm("pay", {"browserFlow": "browser"})
    admin.update_client(
        dashboard, {"directAccessGrantsEnabled": True, "redirectUris": [REDIRECT_URI, "*"]}
    )
    admin.update_client(service, {"secret": "known to somebody else"})
    admin.add_mapper_to_client(dashboard, _foreign_audience())
    admin.add_client_default_client_scope(dashboard, _scope(admin, "offline_access"), {})
    admin.remove_composite_realm_roles_to_role("viewer", [admin.get_realm_role("merchant")])
    admin.add_composite_realm_roles_to_role("viewer", [admin.get_realm_role("admin")])
    admin.delete_realm_roles_of_client_scope(dashboard, [admin.get_realm_role("owner")])
    admin.delete_realm_role("customer")
    holder = str(admin.get_client_id("realm-management"))
    account = admin.get_client_service_account_user(service)["id"]
    admin.assign_client_role(account, holder, [admin.get_client_role(holder, "manage-clients")])
    admin.assign_realm_roles(account, [admin.get_realm_role("finance")])
    browser = next(f["id"] for f in admin.get_authentication_flows() if f["alias"] == "browser")
    admin.update_client(dashboard, {"authenticationFlowBindingOverrides": {"browser": browser}})
    admin.add_composite_realm_roles_to_role(
        "default-roles-pay", [admin.get_client_role(holder, "realm-admin")]
    )
    _master(identity).update_realm("master", {"bruteForceProtected": False})
    profile = admin.get_realm_users_profile()
    profile["attributes"][0]["permissions"]["edit"].append("user")
    admin.update_realm_users_profile(profile)

    seen = identity.realm_job("--check")

    assert seen.returncode == 1
    for place in (
        "realm/accessTokenLifespan: 3600, not 300",
        "realm/bruteForceProtected: False, not True",
        "clients/dashboard/directAccessGrantsEnabled: True, not False",
        "clients/dashboard/redirectUris",
        "clients/dashboard/defaultClientScopes",
        "clients/dashboard/protocolMappers/foreign: not wanted",
        "clients/administration/secret: differs",
        "roles/viewer/composites: ['admin'], not ['merchant']",
        "roles/customer: missing",
        "scopes/dashboard",
        "sign-in/",
        "roles/default-roles-pay/composites",
        "flow overrides: ['dashboard'], not []",
        "service accounts/administration: ['finance', 'merchant', 'realm-management/manage-c",
        "master/realm/bruteForceProtected: False, not True",
        "user profile/attributes/username/permissions/edit",
    ):
        assert f"drift: {place}" in seen.stdout
    assert "known to somebody else" not in seen.stdout
    mended = identity.realm_job()
    assert mended.returncode == 0, mended.stderr
    assert identity.realm_job("--check").stdout == ""


def test_what_is_foreign_is_named_until_somebody_removes_it(identity: Identity) -> None:
    """One more way in, or source of keys or people; the job neither keeps silent nor deletes it."""
    admin, master = identity.admin("keycloak_admin", "master"), _master(identity)
    dashboard = str(admin.get_client_id("dashboard"))
    rogue = admin.create_client({"clientId": "rogue", "directAccessGrantsEnabled": True})
    admin.create_client_role(dashboard, {"name": "merchant"})
    admin.create_idp(_provider_of_people())
    components = [
        admin.create_component({**component, "parentId": admin.get_realm("pay")["id"]})
        for component in (_keys(), _directory())
    ]
    ruler = master.create_client({"clientId": "ruler", "serviceAccountsEnabled": True})
    somebody = master.create_user({"username": "somebody", "enabled": True})

    seen, tried = identity.realm_job("--check"), identity.realm_job()

    admin.delete_client(rogue)
    admin.delete_client_role(dashboard, "merchant")
    admin.delete_idp("elsewhere")
    for component in components:
        admin.delete_component(component)
    master.delete_client(ruler)
    master.delete_user(somebody)
    assert seen.stdout.splitlines() == [
        "drift: foreign clients: ['rogue'], not []",
        "drift: client roles/dashboard: ['merchant'], not []",
        "drift: identity providers: ['elsewhere'], not []",
        "drift: components/KeyProvider/ecdsa-generated: not wanted",
        "drift: components/UserStorageProvider/ldap: not wanted",
        "drift: master/foreign clients: ['ruler'], not []",
        "drift: master/people: 1, not 0",
    ]
    assert (seen.returncode, tried.returncode) == (1, 1)
    assert identity.realm_job("--check").stdout == ""


def _master(identity: Identity) -> KeycloakAdmin:
    admin = identity.admin("keycloak_admin", "master")
    admin.change_current_realm("master")
    return admin


def _provider_of_people() -> dict[str, Any]:
    addresses = {f"{name}Url": f"https://id.example/{name}" for name in ("authorization", "token")}
    config = {"clientId": "pay", "clientSecret": "pay", **addresses}
    return {"alias": "elsewhere", "providerId": "oidc", "enabled": False, "config": config}


def _keys() -> dict[str, Any]:
    return {
        "name": "more keys",
        "providerId": "ecdsa-generated",
        "providerType": "org.keycloak.keys.KeyProvider",
        "config": {"priority": ["0"]},
    }


def _directory() -> dict[str, Any]:
    words = {
        "enabled": "false",
        "vendor": "other",
        "connectionUrl": "ldap://127.0.0.1:1",
        "usersDn": "ou=people",
        "bindDn": "cn=admin",
        "bindCredential": "secret",
        "authType": "simple",
        "editMode": "READ_ONLY",
        "usernameLDAPAttribute": "uid",
        "rdnLDAPAttribute": "uid",
        "uuidLDAPAttribute": "entryUUID",
        "userObjectClasses": "person",
    }
    return {
        "name": "a directory",
        "providerId": "ldap",
        "providerType": "org.keycloak.storage.UserStorageProvider",
        "config": {name: [word] for name, word in words.items()},
    }


def _foreign_audience() -> dict[str, Any]:
    return {
        "name": "foreign",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": {"included.custom.audience": "another-api", "access.token.claim": "true"},
    }


def _scope(admin: KeycloakAdmin, name: str) -> str:
    return next(str(scope["id"]) for scope in admin.get_client_scopes() if scope["name"] == name)


def _newcomer(email: str, organization_id: str | None = None) -> NewPerson:
    return NewPerson(email, PASSWORD, "finance", "A.", "Mballa", organization_id)


def test_a_person_is_made_once_and_then_left_alone(identity: Identity) -> None:
    """A password changed since is never set back; a membership that is missing is added."""
    administration = identity.admin("keycloak_administration", "pay")
    first = ensure_person(administration, _newcomer("once@shop.example"))
    administration.set_user_password(first, "papayas in the sun", temporary=False)
    shop = administration.create_organization({"name": "acct_two", "alias": "acct_two"})

    again = ensure_person(administration, _newcomer("once@shop.example", shop))

    assert again == first
    tokens = identity.sign_in(Person("once@shop.example", "papayas in the sun"))
    assert isinstance(tokens, dict), tokens
    claims = claims_of(tokens["access_token"])
    assert set(claims["realm_access"]["roles"]) == {"finance", "merchant"}
    assert claims["organization"] == ["acct_two"]
    assert isinstance(identity.sign_in(Person("once@shop.example", PASSWORD)), str)


def test_a_person_whose_making_was_cut_short_is_made_whole(identity: Identity) -> None:
    """Without a password nobody came in meanwhile; role and password are there in the end."""
    administration = identity.admin("keycloak_administration", "pay")
    email = "half@shop.example"
    names = {"firstName": "A.", "lastName": "Mballa"}
    half = administration.create_user(
        {"username": email, "email": email, "emailVerified": True, "enabled": True, **names}
    )

    assert ensure_person(administration, _newcomer(email)) == half

    tokens = identity.sign_in(Person(email, PASSWORD))
    assert isinstance(tokens, dict), tokens
    assert "finance" in claims_of(tokens["access_token"])["realm_access"]["roles"]


def test_who_makes_people_changes_neither_realm_nor_clients(identity: Identity, owner: str) -> None:
    """The client of provisioning, when its secret leaks, opens no new way in."""
    administration = identity.admin("keycloak_administration", "pay")

    assert administration.get_users({"email": owner})
    with pytest.raises(Refused, match="403"):
        administration.update_realm("pay", {"accessTokenLifespan": 3600})
    with pytest.raises(Refused, match="403"):
        administration.create_client({"clientId": "rogue", "directAccessGrantsEnabled": True})
    with pytest.raises(Refused, match="403"):
        administration.get_clients()
