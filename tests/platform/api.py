"""Asks an API server as kubectl does, over its plain REST: apply, read, wait."""

import http.client
import json
import ssl
from dataclasses import dataclass, field
from typing import Any, Final

Manifest = dict[str, Any]
_SECONDS: Final = 30
_MANAGER: Final = "fieldManager=tests&fieldValidation=Strict&force=true"


class RefusedError(Exception):
    """The API server said no; the message is its own."""


@dataclass(frozen=True, slots=True)
class Api:
    """One API server, who asks it, and of what it warned; for one thread."""

    port: int
    token: str
    certificate: str
    warnings: list[str] = field(default_factory=list)
    _connections: list[http.client.HTTPSConnection] = field(default_factory=list)
    _plurals: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Return where it is."""
        return f"https://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: object = None, *, kind: str = "json", account: str = ""
    ) -> Manifest:
        """Send one request, on behalf of another account where one is named.

        Raises RefusedError, and OSError without an answer.
        """
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": f"application/{kind}",
        }
        if account:
            headers |= {"Impersonate-User": account, "Impersonate-Group": "system:masters"}
        connection = self._connect()
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            said = answer.read().decode()
        except (http.client.HTTPException, OSError):
            self.close()
            raise
        self.warnings.extend(answer.headers.get_all("Warning", []))
        if answer.status >= http.client.BAD_REQUEST:
            raise RefusedError(f"{answer.status}: {_message(said)}")
        found: Manifest = json.loads(said) if said.startswith("{") else {}
        return found

    def is_ready(self) -> bool:
        """Tell whether it answers that it is ready."""
        try:
            self.ask("GET", "/readyz")
        except (RefusedError, http.client.HTTPException, OSError):
            return False
        return True

    def apply(self, manifest: Manifest, *, is_trial: bool = False) -> Manifest:
        """Apply on the server's side, unknown fields refused; a trial leaves nothing behind."""
        name = manifest["metadata"]["name"]
        path = f"{self.place(manifest)}/{name}?{_MANAGER}{'&dryRun=All' * is_trial}"
        return self.ask("PATCH", path, manifest, kind="apply-patch+yaml")

    def place(self, manifest: Manifest) -> str:
        """Return the path below which all of a manifest's kind lie, in its namespace."""
        version, kind = manifest["apiVersion"], manifest["kind"]
        group = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if (version, kind) not in self._plurals:
            for row in self.ask("GET", group)["resources"]:
                if "/" not in row["name"]:
                    self._plurals[version, row["kind"]] = (row["name"], row["namespaced"])
        plural, has_namespace = self._plurals[version, kind]
        namespace = f"/namespaces/{manifest['metadata']['namespace']}" if has_namespace else ""
        return f"{group}{namespace}/{plural}"

    def close(self) -> None:
        """Let go of the connection; the next request makes another."""
        while self._connections:
            self._connections.pop().close()

    def _connect(self) -> http.client.HTTPSConnection:
        if not self._connections:
            context = ssl.create_default_context(cafile=self.certificate)
            self._connections.append(
                http.client.HTTPSConnection(
                    "127.0.0.1", self.port, timeout=_SECONDS, context=context
                )
            )
        return self._connections[0]


def _message(said: str) -> str:
    try:
        return str(json.loads(said)["message"])
    except (ValueError, KeyError):
        return said
