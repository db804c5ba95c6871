"""Wires what the owner of all schemas does for administrators and for owners of accounts."""

from shared.db.account_settings import PostgresSettings
from shared.db.accounts import PostgresAccounts
from shared.db.approval_rules import PostgresApprovalRules
from shared.db.first_owner import FirstOwners
from shared.db.owner import unavailable_when_away
from shared.db.provisioning import PostgresAccountStore
from shared.db.test_data import delete_test_data as delete
from shared.domain.audit import Actor, ActorKind, Origin
from shared.domain.egress import check_url
from shared.domain.errors import InvalidRequest
from shared.operations.account_orders import CreateAccount
from shared.operations.manage_accounts import By
from shared.operations.provision_account import (
    Creation,
    ProvisionedAccount,
    provision_account,
)
from shared.runtime import wiring
from shared.runtime.http import Call
from shared.runtime.sealing import Sealer
from shared.runtime.settings import settings


def store() -> PostgresAccounts:
    """Return the accounts of the platform."""
    return PostgresAccounts(wiring.owner_engine())


def origin(call: Call) -> Origin:
    """Return which administrator calls, when and from where."""
    actor = Actor(ActorKind.PERSON, call.signed_in().id)
    return Origin(actor, wiring.now(), call.remote_address or None, call.request_id)


def by(call: Call) -> By:
    """Return what an administrator changes accounts with."""
    return By(origin(call), store())


def create(command: CreateAccount, call: Call, *, key: str) -> ProvisionedAccount:
    """Make an account that begins onboarding. Raises Refusal."""
    order = command.order
    if order.webhook_url is not None:
        try:
            check_url(
                order.webhook_url, livemode=False, allow_loopback=settings().webhook_allow_loopback
            )
        except InvalidRequest as error:
            raise InvalidRequest(error.code, "webhook_url") from None
    creation = Creation(is_active=False, key=key, sha256=command.sha256)
    with unavailable_when_away():
        return provision_account(
            order,
            PostgresAccountStore(wiring.owner_engine()),
            seal=Sealer(wiring.key_bytes("webhook_sealing_key")).seal,
            pepper=wiring.key_bytes("api_key_pepper"),
            origin=origin(call),
            creation=creation,
        )


def first_owners() -> FirstOwners:
    """Return where first owners are asked."""
    return FirstOwners(wiring.owner_engine())


def approval_rules() -> PostgresApprovalRules:
    """Return which payouts need approval, to be changed."""
    return PostgresApprovalRules(wiring.owner_database())


def account_settings() -> PostgresSettings:
    """Return what owners say of their accounts, to be changed."""
    return PostgresSettings(wiring.owner_database())


def delete_test_data(call: Call) -> int:
    """Empty the test mode of the caller's account; return how many charges it had."""
    return delete(wiring.owner_engine(), call.authenticated().tenant, wiring.origin(call))
