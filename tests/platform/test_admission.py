"""What a real API server, Knative's own webhook and our policies say of what we apply."""

import pytest

from tests.manifests.broken import BROKEN, Broken, good
from tests.manifests.bundles import OVERLAYS
from tests.platform.api import Api
from tests.platform.releases import Applied, apply, try_out

# How each says no.
WORDS = {
    "admission": "ValidatingAdmissionPolicy",
    "webhook": "admission webhook",
}


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_environment_is_taken_whole_and_twice(
    api: Api, environments: dict[str, Applied], name: str
) -> None:
    """Every object of a release is taken without a warning; a second apply changes nothing."""
    first = environments[name]

    second = apply(api, first.manifests)

    changed = [
        (one["kind"], one["metadata"]["name"])
        for one, other in zip(first.kept, second, strict=True)
        if one["metadata"]["resourceVersion"] != other["metadata"]["resourceVersion"]
    ]
    assert (changed, first.warnings) == ([], [])


@pytest.mark.usefixtures("environments")
@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: str(one.name))
def test_what_is_broken_is_refused_by_whom_it_says(api: Api, broken: Broken) -> None:
    """The good one is taken; with one thing wrong, the one who should refuse it does."""
    assert try_out(api, good(broken.kind, broken.of)) == ""

    said = try_out(api, broken.manifest())

    if broken.judge == "nobody":
        assert said == ""
    elif broken.judge in {"schema", "rule"}:
        assert said
        assert not any(word in said for word in WORDS.values())
    else:
        assert WORDS[broken.judge] in said
