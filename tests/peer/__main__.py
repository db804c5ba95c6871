"""Runs the tests of googleapis/python-pubsub against our Pub/Sub server: `make peer-pubsub`.

Their system tests and samples are cloned (SOURCES names what to clone), run in an environment of
their own, and what passed is written down by name in tests/contract/pubsub_peers.md.
"""

import json
import os
import shutil
import subprocess
import sys
import venv
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.pubsub_server import PROJECT, ROOT, started

SOURCES: Final = "https://github.com/googleapis/python-pubsub"
CACHE: Final = ROOT / ".cache" / "peer-pubsub"
REQUIREMENTS: Final = Path(__file__).parent / "requirements.txt"
REPORT: Final = ROOT / "tests" / "contract" / "pubsub_peers.md"
TEST_SECONDS: Final = 260  # one of their samples listens for 200 s

# Title, folder, what pytest is told, and how many must pass.
SUITES: Final = (
    ("System tests", "tests", ("-k", "not rest", "system.py"), 16),
    ("Samples", "samples/snippets", (".",), 54),
)


def main() -> int:
    """Clone, install, run, write the report; 1 where a bar is missed."""
    checkout = _clone(sys.argv[1] if len(sys.argv) > 1 else SOURCES)
    python = _environment()
    shutil.rmtree(CACHE / "data", ignore_errors=True)
    with started(CACHE / "data") as server, ThreadPoolExecutor() as pool:
        environment = os.environ | {
            "PUBSUB_EMULATOR_HOST": server.address,
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "GOOGLE_APPLICATION_CREDENTIALS": str(_throw_away_account()),
        }
        runs = [
            pool.submit(_run, python, checkout / folder, words, environment)
            for _, folder, words, _ in SUITES
        ]
        results = [run.result() for run in runs]
    commit = _git("-C", str(checkout), "rev-parse", "HEAD")
    REPORT.write_text("\n".join(_report(commit, results)) + "\n", encoding="utf-8")
    enough = [
        sum(outcome == "passed" for outcome in result.values()) >= bar
        for result, (_, _, _, bar) in zip(results, SUITES, strict=True)
    ]
    sys.stdout.write(REPORT.read_text(encoding="utf-8"))
    return 0 if all(enough) else 1


def _clone(sources: str) -> Path:
    checkout = CACHE / "sources"
    shutil.rmtree(checkout, ignore_errors=True)
    _git("clone", "--quiet", "--depth", "1", sources, str(checkout))
    return checkout


def _git(*words: str) -> str:
    command = ["git", *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)  # noqa: S603 - our own words
    return done.stdout.strip()


def _environment() -> Path:
    folder = CACHE / "venv"
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        venv.create(folder, with_pip=True, clear=True)
        install = (str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r")
        subprocess.run([*install, str(REQUIREMENTS)], check=True)  # noqa: S603 - pinned packages
        stamp.write_text(wanted, encoding="utf-8")
    return python


def _throw_away_account() -> Path:
    """Credentials of nobody, which the client library wants to see before it goes without."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    account = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key": key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        "client_email": f"peer@{PROJECT}.iam.gserviceaccount.com",
        "token_uri": "http://127.0.0.1:9/token",
    }
    path = CACHE / "account.json"
    path.write_text(json.dumps(account), encoding="utf-8")
    path.chmod(0o600)
    return path


def _run(
    python: Path, folder: Path, words: tuple[str, ...], environment: dict[str, str]
) -> dict[str, str]:
    """Each test's name with passed, failed or skipped."""
    results = CACHE / f"{folder.name}.xml"
    results.unlink(missing_ok=True)
    command = (str(python), "-m", "pytest", "-c", os.devnull, "--quiet", "--tb=line")
    options = (f"--timeout={TEST_SECONDS}", f"--junitxml={results}")
    with (CACHE / f"{folder.name}.log").open("wb") as log:
        subprocess.run(  # noqa: S603 - our own words
            [*command, *options, *words],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            timeout=3600,
            check=False,
        )
    return dict(_outcomes(results))


def _outcomes(results: Path) -> Iterator[tuple[str, str]]:
    for case in ET.parse(results).iter("testcase"):  # noqa: S314 - written by our own pytest
        name = f"{case.get('classname', '').rpartition('.')[2]}.{case.get('name')}"
        tags = {child.tag for child in case}
        yield name, "failed" if tags & {"failure", "error"} else "skipped" if tags else "passed"


def _report(commit: str, results: list[dict[str, str]]) -> Iterator[str]:
    yield "# What Google's own tests say of our Pub/Sub server"
    yield ""
    today = datetime.now(UTC).date().isoformat()
    yield f"Written by `make peer-pubsub` on {today}: googleapis/python-pubsub at `{commit[:12]}`."
    for (title, folder, words, bar), result in zip(SUITES, results, strict=True):
        counts = {
            kind: [name for name, outcome in sorted(result.items()) if outcome == kind]
            for kind in ("failed", "skipped", "passed")
        }
        yield ""
        yield f"## {title}: {len(counts['passed'])} of {len(result)} passed (bar {bar})"
        yield ""
        yield f"`pytest {' '.join(words)}` in `{folder}`."
        for kind, names in counts.items():
            yield ""
            yield f"{kind.capitalize()}: {len(names)}"
            yield ""
            yield from (f"- {name}" for name in names)


if __name__ == "__main__":
    sys.exit(main())
