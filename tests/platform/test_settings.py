"""Our settings of Knative, read by Knative itself."""

import pytest

from tests.platform import definitions
from tests.platform.api import Api, Manifest
from tests.platform.releases import try_out

# Its own ConfigMap comes with an ingress that is no module.
FOREIGN = {"config-istio"}
NAMED = [
    (namespace, name)
    for namespace in definitions.SETTINGS
    for name in definitions.ours(namespace)
    if name not in FOREIGN
]


def _find(documents: list[Manifest], namespace: str, name: str) -> Manifest:
    [found] = [
        one
        for one in documents
        if one["kind"] == "ConfigMap"
        and (one["metadata"]["namespace"], one["metadata"]["name"]) == (namespace, name)
    ]
    return found


@pytest.mark.parametrize(("namespace", "name"), NAMED)
def test_knative_can_read_each_setting(api: Api, namespace: str, name: str) -> None:
    """A setting that Knative cannot read stops its controllers at their next start."""
    config_map = _find(list(definitions.documents()), namespace, name)

    assert try_out(api, config_map) == ""


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(("namespace", "name"), NAMED)
def test_knative_names_each_setting(namespace: str, name: str) -> None:
    """A misspelt setting is ignored without a word: each of ours stands in Knative's examples."""
    told = _find(definitions.as_they_come(), namespace, name)["data"]["_example"]

    assert [key for key in definitions.ours(namespace)[name] if f"{key}:" not in told] == []


def test_knative_refuses_what_it_cannot_read(api: Api) -> None:
    """Its webhook does look: the time of a revision is above its largest."""
    config_map = _find(list(definitions.documents()), "knative-serving", "config-defaults")
    config_map["data"]["revision-timeout-seconds"] = "700"

    assert "admission webhook" in try_out(api, config_map)
