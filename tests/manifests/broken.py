"""Manifests that must not be let in, each a good one with one thing wrong.

`lint` is what our own rules say of it, where they look at it. `judge` is who refuses it in a
cluster: the fields of its kind, a rule that its definition holds beside them, a webhook of
Knative's, a policy of component `admission`, or nobody, in which case the lint is all there is.
What fields and lint say of each is tried here; the rest is a real API server's word
(tests/platform). A policy speaks before a webhook that only validates.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, Literal

from tests.manifests.bundles import Manifest, named, overlay, services

Judge = Literal["schema", "rule", "webhook", "admission", "nobody"]
Change = Callable[[Manifest], None]
DIGEST: Final = "registry.example/pay/function@sha256:" + "0" * 64
REGISTRIES: Final = "registry.example/pay"


@dataclass(frozen=True, slots=True)
class Broken:
    """One change that makes a good manifest bad."""

    name: str
    change: Change
    judge: Judge
    lint: str = ""
    kind: str = "Service"
    of: str = "create-charge"

    def manifest(self) -> Manifest:
        """Return the manifest with what is wrong with it."""
        manifest = good(self.kind, self.of)
        self.change(manifest)
        return manifest


def good(kind: str, name: str) -> Manifest:
    """Return a copy of a manifest of production, with what a release puts in."""
    found = overlay("production")
    manifest = services(found)[name] if kind == "Service" else named(found, kind, name)
    manifest = deepcopy(manifest)
    for container in (
        manifest.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
    ):
        container["image"] = DIGEST
    for rule in manifest.get("spec", {}).get("jwtRules", []):
        rule.update(issuer="https://push.example", jwksUri="https://push.example/keys")
    return manifest


def annotated(key: str, value: str | None) -> Change:
    """Say something else on the template, or nothing."""

    def change(manifest: Manifest) -> None:
        annotations = manifest["spec"]["template"]["metadata"]["annotations"]
        annotations.pop(key, None)
        if value is not None:
            annotations[key] = value

    return change


def pod(**changes: Any) -> Change:
    """Set fields of the pod; None takes one away."""

    def change(manifest: Manifest) -> None:
        for key, value in changes.items():
            if value is None:
                manifest["spec"]["template"]["spec"].pop(key)
            else:
                manifest["spec"]["template"]["spec"][key] = value

    return change


def container(**changes: Any) -> Change:
    """Set fields of the container."""

    def change(manifest: Manifest) -> None:
        manifest["spec"]["template"]["spec"]["containers"][0].update(changes)

    return change


def variable(**row: Any) -> Change:
    """Give the container one variable more."""

    def change(manifest: Manifest) -> None:
        manifest["spec"]["template"]["spec"]["containers"][0]["env"].append(row)

    return change


def from_secret(manifest: Manifest) -> None:
    """Give the container every value of a Secret."""
    sources = manifest["spec"]["template"]["spec"]["containers"][0]["envFrom"]
    sources.append({"secretRef": {"name": "create-charge"}})


def labelled(key: str, value: str | None) -> Change:
    """Say something else on the object, or nothing."""

    def change(manifest: Manifest) -> None:
        manifest["metadata"]["labels"].pop(key, None)
        if value is not None:
            manifest["metadata"]["labels"][key] = value

    return change


def spec(**changes: Any) -> Change:
    """Set fields of the object."""

    def change(manifest: Manifest) -> None:
        manifest["spec"].update(changes)

    return change


def _second_port(manifest: Manifest) -> None:
    manifest["spec"]["template"]["spec"]["containers"][0]["ports"].append({"containerPort": 9464})


def _without_retries(manifest: Manifest) -> None:
    del manifest["spec"]["http"][0]["retries"]


def _retried(manifest: Manifest) -> None:
    manifest["spec"]["http"][0]["retries"] = {"attempts": 2}


def _without_time(manifest: Manifest) -> None:
    manifest["spec"]["http"][0]["timeout"] = "0s"


def _keys_from_nowhere(manifest: Manifest) -> None:
    manifest["spec"]["jwtRules"][0]["jwksUri"] = "push.example/keys"


def _open_token(manifest: Manifest) -> None:
    manifest["spec"]["selector"] = {"matchLabels": {"app": "gateway"}}


def _unseen_token(manifest: Manifest) -> None:
    del manifest["spec"]["jwtRules"][0]["forwardOriginalToken"]


def _minimum(manifest: Manifest) -> None:
    del manifest["spec"]["maxUnavailable"]
    manifest["spec"]["minAvailable"] = 1


_SCALE: Final = "autoscaling.knative.dev"
_VISIBLE: Final = "networking.knative.dev/visibility"
_SECRET: Final = {"secretKeyRef": {"name": "create-charge", "key": "api_key_pepper"}}
BROKEN: Final[tuple[Broken, ...]] = (
    # Nobody but our policy and our lint sees these.
    Broken("a misspelt annotation", annotated(f"{_SCALE}/minscale", "1"), "admission", "unknown"),
    Broken("no largest size", annotated(f"{_SCALE}/max-scale", None), "admission", "max-scale"),
    Broken("a size without end", annotated(f"{_SCALE}/max-scale", "0"), "admission", "max-scale"),
    Broken(
        "a size that is no number", annotated(f"{_SCALE}/max-scale", "ten"), "admission", "no value"
    ),
    Broken("a public service", labelled(_VISIBLE, None), "admission", "public"),
    Broken("no time to drain", pod(timeoutSeconds=30), "admission", "timeoutSeconds"),
    Broken("no limit", pod(containerConcurrency=None), "admission", "containerConcurrency"),
    Broken("an image by its tag", container(image="registry.example/pay/f:1"), "admission"),
    Broken(
        "a foreign registry",
        container(image=DIGEST.replace("registry.example", "elsewhere.example")),
        "admission",
    ),
    Broken(
        "a secret in a variable",
        variable(name="PEPPER", valueFrom=_SECRET),
        "admission",
        "a secret in the environment",
    ),
    Broken("a secret's every value", from_secret, "admission", "envFrom"),
    Broken("a password written down", variable(name="DB_PASSWORD", value="x"), "admission"),
    Broken("another's account", pod(serviceAccountName="manage-platform"), "admission"),
    Broken("a token of the API", pod(automountServiceAccountToken=True), "admission"),
    Broken(
        "a repeated request", _without_retries, "admission", kind="VirtualService", of="charges"
    ),
    Broken("two more tries", _retried, "admission", kind="VirtualService", of="charges"),
    Broken(
        "a route in the whole mesh",
        spec(gateways=["mesh"]),
        "admission",
        kind="VirtualService",
        of="charges",
    ),
    Broken(
        "a token at a gateway",
        _open_token,
        "admission",
        kind="RequestAuthentication",
        of="submit-charge",
    ),
    Broken(
        "a token that nobody sees again",
        _unseen_token,
        "admission",
        kind="RequestAuthentication",
        of="submit-charge",
    ),
    Broken(
        "a drain that never ends",
        _minimum,
        "admission",
        kind="PodDisruptionBudget",
        of="receive-callback",
    ),
    Broken(
        "a pooler by its tag",
        container(image="registry.example/pay/pooler:1"),
        "admission",
        kind="Deployment",
        of="pooler",
    ),
    Broken(
        "a secret in a pooler's variable",
        container(env=[{"name": "PEPPER", "valueFrom": _SECRET}]),
        "admission",
        kind="Deployment",
        of="pooler",
    ),
    Broken(
        "a pooler's token of the API",
        pod(automountServiceAccountToken=True),
        "admission",
        kind="Deployment",
        of="pooler",
    ),
    # Knative's webhooks see these.
    Broken("above its largest", annotated(f"{_SCALE}/min-scale", "30"), "webhook", "above"),
    Broken("too short a window", annotated(f"{_SCALE}/window", "1s"), "webhook"),
    Broken("longer than allowed", pod(timeoutSeconds=700), "webhook", "timeoutSeconds"),
    Broken("a variable of Knative's", variable(name="PORT", value="80"), "webhook"),
    Broken("a port of Knative's", container(ports=[{"containerPort": 8012}]), "webhook"),
    Broken("two ports", _second_port, "webhook"),
    Broken("a feature that is off", pod(nodeSelector={"pool": "money"}), "webhook", "nodeSelector"),
    Broken(
        "a pod's word on the service",
        lambda manifest: manifest["metadata"]["annotations"].update({f"{_SCALE}/max-scale": "3"}),
        "webhook",
        "does not look for it",
    ),
    Broken(
        "a tick at no time",
        spec(schedule="every minute"),
        "webhook",
        kind="PingSource",
        of="relay-outbox",
    ),
    # Rules in the definitions of Istio see these.
    Broken("a time-out of nothing", _without_time, "rule", kind="VirtualService", of="charges"),
    Broken(
        "keys from nowhere",
        _keys_from_nowhere,
        "rule",
        kind="RequestAuthentication",
        of="submit-charge",
    ),
    # Whoever knows the fields sees these.
    Broken(
        "a hook of its own",
        container(lifecycle={"preStop": {"exec": {"command": ["sleep", "9"]}}}),
        "schema",
        "lifecycle",
    ),
    Broken("an unknown field", container(imagePullPolice="Always"), "schema"),
    Broken("a list for a map", container(resources=[]), "schema"),
    Broken(
        "an unknown field of a route", spec(host="x"), "schema", kind="VirtualService", of="charges"
    ),
    # Nobody sees this but the lint.
    Broken(
        "a long answer cut at its start",
        pod(responseStartTimeoutSeconds=None),
        "nobody",
        "responseStartTimeoutSeconds",
    ),
)
