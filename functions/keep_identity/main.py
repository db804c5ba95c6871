"""Brings Keycloak to what our rows say of people and accounts."""

from shared.operations.keep_identity import keep_identity as keep
from shared.runtime import logs, wiring
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Look at the rows and bring Keycloak there; while it is away the message comes again."""
    now = wiring.now()
    outcome = keep(push.message, wiring.people_rows(now), wiring.identity_server(), now=now)
    logs.info("identity_kept", object_id=push.message.object_id, outcome=outcome)


keep_identity = push_function("keep_identity", handle)
