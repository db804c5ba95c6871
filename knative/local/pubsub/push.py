"""Delivers by itself what push subscriptions owe: production's body and headers over HTTP."""

import asyncio
import functools
import time

from knative.local.pubsub.delivery import Delivery
from knative.local.pubsub.faults import Faults
from knative.local.pubsub.issuer import Issuer
from knative.local.pubsub.push_body import unwrapped, wrapped
from knative.local.pubsub.push_connection import (
    ACKNOWLEDGING,
    ConnectionPool,
    OnStatus,
    parse_endpoint,
)
from knative.local.pubsub.subscription import Subscription

MAX_OUTSTANDING = 32  # per subscription, so that one slow receiver never holds up another
FIRST_PAUSE_SECONDS = 0.05
LAST_PAUSE_SECONDS = 1.0


class PushSender:
    """Keeps one pusher for each push subscription."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._pool = ConnectionPool()
        self._pushers: dict[Subscription, Pusher] = {}
        self.faults: dict[str, Faults] = {}

    def configure(self, subscription: Subscription) -> None:
        """Follow a new or changed subscription, and forget deleted ones."""
        for known in [known for known in self._pushers if known.is_deleted]:
            del self._pushers[known]
            self.faults.pop(known.name, None)
        pusher = self._pushers.pop(subscription, None)
        if pusher is not None:
            pusher.stop()
        faults = self.faults.get(subscription.name) if subscription.is_push else None
        subscription.pick = None if faults is None else faults.pick
        if subscription.is_push:
            self._pushers[subscription] = Pusher(
                subscription, self._pool, self._issuer, faults=faults
            )

    def set_faults(self, name: str, faults: Faults | None) -> bool:
        """Let a push subscription's deliveries go wrong, or no longer; False where there is none.

        Pushes that are out end as they began.
        """
        self.faults.pop(name, None)
        for subscription in self._pushers:
            if subscription.name == name:
                if faults is not None:
                    self.faults[name] = faults
                self.configure(subscription)
                return True
        return False

    def close(self) -> None:
        """Stop without waiting for answers; unanswered messages come again after the start."""
        for pusher in self._pushers.values():
            pusher.stop()
        self._pool.close()


class Pusher:
    """Pushes one subscription's messages while its settings stay the same."""

    def __init__(
        self,
        subscription: Subscription,
        pool: ConnectionPool,
        issuer: Issuer,
        *,
        faults: Faults | None,
    ) -> None:
        self._subscription = subscription
        self._faults = faults
        self._pool = pool
        self._issuer = issuer
        self._config = subscription.proto.push_config
        self._endpoint = parse_endpoint(self._config.push_endpoint)
        self._deadline_seconds = float(subscription.proto.ack_deadline_seconds)
        self._head = b""
        self._head_until = 0.0
        self._outstanding = 0
        self._pause_seconds = 0.0
        self._resume: asyncio.TimerHandle | None = None
        self._is_stopped = False
        self._loop = asyncio.get_running_loop()
        subscription.listeners.append(self._push_ready)
        self._loop.call_soon(self._push_ready)

    def stop(self) -> None:
        """Begin no further push; those under way still end."""
        self._is_stopped = True
        if self._push_ready in self._subscription.listeners:
            self._subscription.listeners.remove(self._push_ready)
        if self._resume is not None:
            self._resume.cancel()

    def _push_ready(self) -> None:
        if self._is_stopped or self._resume is not None:
            return
        while taken := self._subscription.take(MAX_OUTSTANDING - self._outstanding):
            for delivery in taken:
                if self._faults is None:
                    self._outstanding += 1
                    self._send(delivery, functools.partial(self._answered, delivery))
                else:
                    self._send_badly(delivery, self._faults)

    def _send(self, delivery: Delivery, on_status: OnStatus) -> None:
        form = unwrapped if self._config.HasField("no_wrapper") else wrapped
        headers, body = form(self._subscription, delivery)
        self._pool.post(
            self._endpoint,
            b"%b%d\r\n%b\r\n%b" % (self._current_head(), len(body), headers, body),
            self._deadline_seconds,
            on_status,
        )

    def _send_badly(self, delivery: Delivery, faults: Faults) -> None:
        seconds = faults.hold_seconds(delivery)
        if seconds:
            self._subscription.postpone(delivery, seconds)
            return
        self._outstanding += 1
        faults.send(
            delivery,
            functools.partial(self._send, delivery),
            self._deadline_seconds,
            functools.partial(self._answered, delivery),
        )

    def _answered(self, delivery: Delivery, status: int | None) -> None:
        self._outstanding -= 1
        if status in ACKNOWLEDGING:
            self._subscription.acknowledge((delivery.id,))
        else:
            self._subscription.fail(delivery)
        if status is not None:
            self._pause_seconds = 0.0
        elif self._resume is None and not self._is_stopped:
            self._pause()
        self._push_ready()

    def _pause(self) -> None:
        """Nobody answers there: spare the other messages the attempt for a moment."""
        self._pause_seconds = min(
            LAST_PAUSE_SECONDS, self._pause_seconds * 2 or FIRST_PAUSE_SECONDS
        )
        self._resume = self._loop.call_later(self._pause_seconds, self._continue)

    def _continue(self) -> None:
        self._resume = None
        self._push_ready()

    def _current_head(self) -> bytes:
        """The request up to the body's length; rebuilt when the token nears its end."""
        if time.time() < self._head_until:
            return self._head
        lines = [
            f"POST {self._endpoint.target} HTTP/1.1",
            f"Host: {self._endpoint.authority}",
            "User-Agent: CloudPubSub-Google",
            "Accept: application/json",
        ]
        self._head_until = float("inf")
        if self._config.HasField("oidc_token"):
            token, self._head_until = self._issuer.token(
                self._config.oidc_token.service_account_email,
                self._config.oidc_token.audience or self._config.push_endpoint,
            )
            lines.append(f"Authorization: Bearer {token}")
        self._head = ("\r\n".join([*lines, "Content-Length: "])).encode("ascii")
        return self._head
