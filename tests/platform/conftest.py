"""One API server for the tests of a run: every environment is applied to it.

Terraform has another beside it, in another process.
"""

from collections.abc import Iterator

import pytest

from knative import bundle
from tests.manifests.broken import BROKEN
from tests.manifests.bundles import KNATIVE, MISSING, OVERLAYS, build
from tests.platform import get_parts
from tests.platform.api import Api, Manifest
from tests.platform.cluster import running
from tests.platform.releases import Applied, apply, namespace, release, try_out
from tests.pubsub_server import wait_for

# Others' namespaces, in which policies of ours lie.
OTHERS = ("istio-ingress", "istio-system", "istio-egress", "monitoring")
POLICY = "ValidatingAdmissionPolicy"


def new_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API server with what a cluster has once, or the test is left out."""
    if missing := get_parts.missing():
        pytest.skip(f"left out, no {', '.join(missing)} (make check-platform)")
    if bundle.command() is None:
        pytest.skip(MISSING)
    with running(tmp_path_factory.mktemp("platform")) as found:
        apply(found, [namespace(name) for name in OTHERS])
        apply(found, list(build(KNATIVE / "platform")))
        yield found


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API server on which environments stay."""
    yield from new_cluster(tmp_path_factory)


@pytest.fixture(scope="session")
def environments(api: Api, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Applied]:
    """Every environment, applied once; the one that says what is refused first, and waited for."""
    folder = tmp_path_factory.mktemp("releases")
    found = {"production": _apply(api, release("production", folder))}
    tried = next(one for one in BROKEN if one.judge == "admission").manifest()
    wait_for(lambda: POLICY in try_out(api, tried), "policies are in force")
    for name in set(OVERLAYS) - {"production"}:
        found[name] = _apply(api, release(name, folder))
    return found


def _apply(api: Api, manifests: list[Manifest]) -> Applied:
    api.warnings.clear()
    kept = apply(api, manifests)
    return Applied(manifests, kept, list(api.warnings))
