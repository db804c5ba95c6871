"""A bundle is whole or is not made, and a sentence says what is missing."""

from pathlib import Path

import pytest
import yaml

from knative import bundle

GOOD = {name: f"registry.example/{name}@sha256:{'0' * 64}" for name in ("function", "dashboard")}

WORDS = dict.fromkeys(("PUSH_ISSUER", "PUSH_JWKS_URL", "PUSH_AUDIENCE"), "https://push.example")


@pytest.fixture
def config_map(tmp_path: Path) -> Path:
    """Write what Terraform puts out for staging."""
    metadata = {
        "name": "environment",
        "namespace": "pay-staging",
        "annotations": {"environment-hash": "abc123"},
    }
    path = tmp_path / "environment.yaml"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": WORDS}
    path.write_text(yaml.safe_dump(body), "utf-8")
    return path


@pytest.mark.parametrize(
    ("environment", "images", "sentence"),
    [
        ("", GOOD, "there is no overlay"),
        ("nowhere", GOOD, "there is no overlay nowhere: it is one of dev, local, production"),
        ("production", GOOD, "must be the ConfigMap environment of pay-production, not"),
        ("staging", GOOD | {"function": "registry.example/function:v1"}, "function must be REPO"),
    ],
)
def test_a_wrong_word_is_refused(
    config_map: Path, environment: str, images: dict[str, str], sentence: str
) -> None:
    """Before anything is built: another environment's words, or an image by its tag."""
    with pytest.raises(bundle.BundleError, match=sentence):
        bundle.make(environment, config_map, images)


def test_a_file_that_is_no_config_map_is_refused(tmp_path: Path) -> None:
    """An output of another name, or none, is seen at once."""
    with pytest.raises(bundle.BundleError, match="holds no ConfigMap"):
        bundle.make("staging", tmp_path / "missing.yaml", GOOD)


def test_without_its_hash_a_config_map_is_refused(config_map: Path) -> None:
    """A changed word would reach no pod."""
    config_map.write_text(config_map.read_text("utf-8").replace("-hash", "-hush"), "utf-8")

    with pytest.raises(bundle.BundleError, match="lacks the annotation environment-hash"):
        bundle.make("staging", config_map, GOOD)


def test_an_image_without_a_digest_is_named(
    config_map: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No release runs what nobody said; with all of them it is written."""
    words = [f"{name}={image}" for name, image in GOOD.items()]
    output = config_map.with_name("bundle.yaml")
    if bundle.command() is None:
        pytest.skip("left out, no kustomize (make kustomize)")

    assert bundle.main(["staging", str(config_map), *words, "--output", str(output)]) == 2
    assert capsys.readouterr().err == "No bundle: no digest was given for: pooler\n"
    assert not output.exists()

    words.append(f"pooler=registry.example/pooler@sha256:{'0' * 64}")
    assert bundle.main(["staging", str(config_map), *words, "--output", str(output)]) == 0
    assert output.read_text("utf-8").count(f"registry.example/pooler@sha256:{'0' * 64}") == 1
