"""Starts etcd, an API server and Knative's webhooks as processes, with our own settings of Knative.

There is no controller, no node and no pod: what is applied is looked at, kept, and nothing more.
Each webhook runs beside the API server, which finds it by a Service of that name.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from knative.local.programs import Program, free_port, kill, spawn
from tests.platform import definitions, get_parts
from tests.platform.api import Api, Manifest, RefusedError
from tests.pubsub_server import wait_for

_ADMIN: Final = "tests"
_LAST_LINES: Final = 5
# Each webhook, the namespace that it believes to be in, and its service.
WEBHOOKS: Final = {
    "serving-webhook": ("knative-serving", "webhook"),
    "eventing-webhook": ("knative-eventing", "eventing-webhook"),
}
_LAST: Final = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")


@contextmanager
def running(folder: Path) -> Iterator[Api]:
    """Run all of it in a folder; yield the way to ask it."""
    with ExitStack() as ends:
        api = _run_api(folder, ends)
        documents = list(definitions.documents())
        for namespace in sorted(definitions.SETTINGS):
            _apply(api, [_namespace(namespace)])
        _apply(api, [one for one in documents if one["kind"] == "CustomResourceDefinition"])
        wait_for(lambda: _are_established(api), "every definition is established")
        ports = {name: free_port() for name in WEBHOOKS}
        _apply(api, [one for one in documents if one["kind"] in {"ConfigMap", "Secret"}])
        _apply(api, [_service(namespace, name) for namespace, name in WEBHOOKS.values()])
        run = [_run_webhook(folder, ends, api, name, port) for name, port in ports.items()]
        hooks = [one for one in documents if one["kind"] in _LAST]
        _apply(api, [_at(hook, ports) for hook in hooks])
        wait_for(
            lambda: all(runs() for runs in run) and _are_signed(api, hooks),
            "every webhook has its certificate",
            seconds=60,
        )
        yield api


def _run_api(folder: Path, ends: ExitStack) -> Api:
    port, client, peer = free_port(), free_port(), free_port()
    host = "http://127.0.0.1"
    token = secrets.token_hex(16)
    (folder / "tokens.csv").write_text(f'{token},{_ADMIN},1,"system:masters"\n', "utf-8")
    key = rsa.generate_private_key(65537, 2048)
    (folder / "accounts.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    _run(
        ends,
        folder,
        "etcd",
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={host}:{client}",
        f"--advertise-client-urls={host}:{client}",
        f"--listen-peer-urls={host}:{peer}",
        f"--initial-advertise-peer-urls={host}:{peer}",
        f"--initial-cluster=default={host}:{peer}",
        # What is kept is kept for a minute.
        "--unsafe-no-fsync",
    )
    runs = _run(
        ends,
        folder,
        "kube-apiserver",
        f"--etcd-servers={host}:{client}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certificates'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--endpoint-reconciler-type=none",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'accounts.key'}",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
        # Nobody makes the accounts and the quotas' figures that these wait for.
        "--disable-admission-plugins=ServiceAccount,ResourceQuota",
    )
    certificate = folder / "certificates" / "apiserver.crt"
    wait_for(lambda: runs() and certificate.exists(), "a certificate", seconds=60)
    api = Api(port, token, str(certificate))
    ends.callback(api.close)
    wait_for(lambda: runs() and api.is_ready(), "the API server answers", seconds=60)
    return api


def _run_webhook(
    folder: Path, ends: ExitStack, api: Api, name: str, port: int
) -> Callable[[], bool]:
    namespace, service = WEBHOOKS[name]
    cluster = {"server": api.url, "certificate-authority": api.certificate}
    settings = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "here", "cluster": cluster}],
        "users": [{"name": "here", "user": {"token": api.token}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "here"}}],
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(settings), "utf-8")
    return _run(
        ends,
        folder,
        name,
        f"--kubeconfig={path}",
        POD_NAME=name,
        SYSTEM_NAMESPACE=namespace,
        CONFIG_LOGGING_NAME="config-logging",
        CONFIG_OBSERVABILITY_NAME="config-observability",
        METRICS_DOMAIN="knative.dev/tests",
        WEBHOOK_NAME=service,
        WEBHOOK_PORT=str(port),
        PROFILING_PORT=str(free_port()),
        SINK_BINDING_SELECTION_MODE="inclusion",
        KUBERNETES_MIN_VERSION="v1.30.0",
    )


def _run(
    ends: ExitStack, folder: Path, name: str, *words: str, **environment: str
) -> Callable[[], bool]:
    """Start a program; return whether it still runs, which fails the test with its last words."""
    program = Program(
        name,
        (str(get_parts.program(name)), *words),
        folder / f"{name}.log",
        folder,
        {"HOME": str(folder), "PATH": "/usr/bin:/bin", **environment},
    )
    process = spawn(program)
    # Nothing that it keeps is wanted again.
    ends.callback(lambda: kill(process))

    def runs() -> bool:
        if process.poll() is not None:
            said = program.log.read_text("utf-8").splitlines()[-_LAST_LINES:]
            raise AssertionError(f"{name} ended:\n" + "\n".join(said))
        return True

    return runs


def _apply(api: Api, manifests: list[Manifest]) -> None:
    for manifest in manifests:
        api.apply(manifest)


def _are_established(api: Api) -> bool:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    return all(
        any(
            condition["type"] == "Established" and condition["status"] == "True"
            for condition in one.get("status", {}).get("conditions") or ()
        )
        for one in api.ask("GET", path)["items"]
    )


def _are_signed(api: Api, hooks: list[Manifest]) -> bool:
    """Tell whether each webhook has put the certificate in by which the API server knows it."""
    try:
        for hook in hooks:
            rows = api.ask("GET", f"{api.place(hook)}/{hook['metadata']['name']}")["webhooks"]
            if not all(row["clientConfig"].get("caBundle") for row in rows):
                return False
    except RefusedError:
        return False
    return True


def _namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _service(namespace: str, name: str) -> Manifest:
    metadata = {"name": name, "namespace": namespace}
    spec = {"type": "ExternalName", "externalName": "localhost"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def _at(hook: Manifest, ports: dict[str, int]) -> Manifest:
    """Say at which port of this machine a webhook listens."""
    by_service = {WEBHOOKS[name]: port for name, port in ports.items()}
    for row in hook["webhooks"]:
        service = row["clientConfig"]["service"]
        service["port"] = by_service[service["namespace"], service["name"]]
    return hook
