"""Renders where a service's secret files come from: the provider's store of secrets, by name.

Their values change there and arrive as files, which functions read again: no revision is made.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

STORE: Final = "secrets"
"""The SecretStore of the namespace, which Terraform makes."""
_REFRESH: Final = "5m"


def render_secrets(service: str, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Yield what fills the Secret of a service, unless it has none."""
    if not names:
        return
    yield {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": service},
        "spec": {
            "refreshInterval": _REFRESH,
            "secretStoreRef": {"kind": "SecretStore", "name": STORE},
            # What cannot be fetched for a while stays as it was: pods run on.
            "target": {"name": service, "creationPolicy": "Owner", "deletionPolicy": "Retain"},
            "data": [{"secretKey": name, "remoteRef": {"key": name}} for name in names],
        },
    }
