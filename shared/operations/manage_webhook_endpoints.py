"""Makes, shows, changes and deletes a merchant's webhook endpoints, and rotates their secrets.

A secret leaves once, in the value that made it. A deleted endpoint stays as a row without secrets,
so that its log can be read, and never comes back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from shared.domain.account import Caller
from shared.domain.audit import AuditEntry, Origin
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted
from shared.domain.ids import is_id, new_id
from shared.domain.webhook_endpoint import (
    MOST_ENDPOINTS,
    MOST_OLD_SECRETS,
    PREFIX,
    EndpointStatus,
    OldSecret,
    WebhookEndpoint,
    shown_events,
)
from shared.operations.lists import Page, PageOf
from shared.operations.webhook_endpoint_orders import CreateEndpoint, UpdateEndpoint
from shared.operations.webhook_endpoint_store import (
    Changed,
    MadeEndpoint,
    MakeSecret,
    Seal,
    WebhookEndpointStore,
)

OBJECT: Final = "webhook_endpoint"


@dataclass(frozen=True, slots=True)
class EndpointHand:
    """Who changes endpoints, from where, and with what secrets are made and sealed."""

    caller: Caller
    origin: Origin
    store: WebhookEndpointStore
    make_secret: MakeSecret
    seal: Seal


def create_webhook_endpoint(command: CreateEndpoint, hand: EndpointHand) -> MadeEndpoint:
    """Make an endpoint of the caller's account and mode, with a new secret.

    Raises NotPermitted `account_suspended`, InvalidRequest `too_many_webhook_endpoints`.
    """
    _refuse_suspended(hand.caller)
    made = hand.make_secret(command.signing)
    endpoint_id = new_id(PREFIX, int(hand.origin.at.timestamp() * 1000))
    endpoint = WebhookEndpoint(
        id=endpoint_id,
        livemode=hand.caller.tenant.livemode,
        url=command.url,
        enabled_events=command.enabled_events,
        created_at=hand.origin.at,
        secret_sealed=hand.seal(made.text, endpoint_id),
        description=command.description,
        metadata=command.metadata,
        payload=command.payload,
        scheme=command.scheme,
        signing=command.signing,
        order=command.order,
        public_key=made.public_key,
    )
    entry = _entry(hand.origin, "created", endpoint, before=None)
    if not hand.store.add(endpoint, most=MOST_ENDPOINTS, entry=entry):
        raise InvalidRequest("too_many_webhook_endpoints", limit=MOST_ENDPOINTS)
    return MadeEndpoint(endpoint, made.shown)


def update_webhook_endpoint(
    endpoint_id: str, command: UpdateEndpoint, hand: EndpointHand
) -> WebhookEndpoint:
    """Change an endpoint; enabled again it gets at once what is pending for it.

    Raises NotPermitted `account_suspended`, NotFound, InvalidRequest `metadata_invalid`.
    """

    def decide(endpoint: WebhookEndpoint) -> Changed:
        _refuse_deleted(endpoint)
        changed = command.applied(endpoint)
        if changed == endpoint:
            return Changed(endpoint, None)
        return Changed(changed, _entry(hand.origin, "updated", changed, before=endpoint))

    return _change(endpoint_id, hand, decide)


def delete_webhook_endpoint(endpoint_id: str, hand: EndpointHand) -> WebhookEndpoint:
    """Delete an endpoint and forget its secrets; the same call again changes nothing.

    What is pending for it is dropped. Raises NotPermitted `account_suspended`, NotFound.
    """

    def decide(endpoint: WebhookEndpoint) -> Changed:
        if endpoint.status is EndpointStatus.DELETED:
            return Changed(endpoint, None)
        deleted = endpoint.deleted()
        return Changed(deleted, _entry(hand.origin, "deleted", deleted, before=endpoint))

    return _change(endpoint_id, hand, decide)


def rotate_webhook_secret(endpoint_id: str, overlap: timedelta, hand: EndpointHand) -> MadeEndpoint:
    """Give an endpoint a new secret; no former one signs longer than the overlap.

    Raises NotPermitted `account_suspended`, NotFound, and InvalidRequest
    `too_many_webhook_secrets` where so many overlap already and this one should too.
    """
    _refuse_suspended(hand.caller)
    now = hand.origin.at
    made = hand.make_secret(read_webhook_endpoint(endpoint_id, hand.store).signing)

    def decide(endpoint: WebhookEndpoint) -> Changed:
        _refuse_deleted(endpoint)
        until = now + overlap
        olds = (OldSecret(endpoint.secret_sealed, until), *endpoint.still_signing(now))
        kept = tuple(replace(old, until=min(old.until, until)) for old in olds) if overlap else ()
        if len(kept) > MOST_OLD_SECRETS:
            raise InvalidRequest(
                "too_many_webhook_secrets", "overlap_seconds", limit=MOST_OLD_SECRETS
            )
        rotated = replace(
            endpoint,
            secret_sealed=hand.seal(made.text, endpoint.id),
            public_key=made.public_key,
            old_secrets=kept,
        )
        entry = hand.origin.entry(
            "webhook_endpoint.rotated",
            OBJECT,
            endpoint.id,
            before={"public_key": endpoint.public_key},
            after={"public_key": rotated.public_key, "overlap_until": until},
        )
        return Changed(rotated, entry)

    return MadeEndpoint(_change(endpoint_id, hand, decide), made.shown)


def read_webhook_endpoint(endpoint_id: str, store: WebhookEndpointStore) -> WebhookEndpoint:
    """Return an endpoint of this account and mode. Raises NotFound."""
    found = store.find(endpoint_id) if is_id(endpoint_id, PREFIX) else None
    if found is None:
        raise NotFound("resource_missing", "id")
    _refuse_deleted(found)
    return found


def list_webhook_endpoints(page: Page, store: WebhookEndpointStore) -> PageOf[WebhookEndpoint]:
    """Return a page of endpoints, newest first."""
    return store.page(page)


def _change(
    endpoint_id: str, hand: EndpointHand, decide: Callable[[WebhookEndpoint], Changed]
) -> WebhookEndpoint:
    _refuse_suspended(hand.caller)
    found = hand.store.change(endpoint_id, decide) if is_id(endpoint_id, PREFIX) else None
    if found is None:
        raise NotFound("resource_missing", "id")
    return found


def _refuse_suspended(caller: Caller) -> None:
    if caller.suspended:
        raise NotPermitted("account_suspended")


def _refuse_deleted(endpoint: WebhookEndpoint) -> None:
    if endpoint.status is EndpointStatus.DELETED:
        raise NotFound("resource_missing", "id")


def _entry(
    origin: Origin, fact: str, endpoint: WebhookEndpoint, *, before: WebhookEndpoint | None
) -> AuditEntry:
    return origin.entry(
        f"webhook_endpoint.{fact}",
        OBJECT,
        endpoint.id,
        before=None if before is None else _terms(before),
        after=_terms(endpoint),
    )


def _terms(endpoint: WebhookEndpoint) -> Mapping[str, object]:
    """Return what an endpoint is for and how it is spoken to, as the API names it.

    Of metadata the names alone: all of it would not fit into an entry.
    """
    return {
        "url": endpoint.url,
        "enabled_events": shown_events(endpoint.enabled_events),
        "status": endpoint.status.value,
        "description": endpoint.description,
        "metadata": sorted(endpoint.metadata),
        "payload": endpoint.payload.value,
        "signature": endpoint.scheme.value,
        "signing": endpoint.signing.value,
        "order": endpoint.order.value,
        "public_key": endpoint.public_key,
    }
