"""Connects an operator account to its host, and refuses where live and test would meet."""

from collections.abc import Collection
from typing import Final

from shared.domain.account import OperatorAccount
from shared.providers.wire import LOOPBACK_HOSTS, UnsafeAddressError, Wire

_INSIDE: Final = ("localhost", "local", "internal", "svc", "test", "invalid")


def connect(
    account: OperatorAccount,
    *,
    live_hosts: Collection[str],
    sandbox_hosts: Collection[str] = (),
    ca_file: str | None = None,
) -> Wire:
    """Return the wire to an account's host.

    Raises UnsafeAddressError where live and test would meet, or where TLS would not be verified.
    """
    wire = Wire(account.base_url, plain_allowed=not account.livemode, ca_file=ca_file)
    host = wire.host.lower().rstrip(".")
    last_part = host.rsplit(".", 1)[-1]
    if account.livemode and (
        host in LOOPBACK_HOSTS
        or host in sandbox_hosts
        or "simulat" in host
        or "." not in host
        or ":" in host
        or last_part in _INSIDE
        or last_part[:1].isdigit()
        or account.target_environment == "sandbox"
    ):
        raise UnsafeAddressError("a live account may not point at a stand-in")
    if not account.livemode and host in live_hosts:
        raise UnsafeAddressError("a test account may not point at the live operator")
    return wire
