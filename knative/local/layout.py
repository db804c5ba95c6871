"""Says where everything of one local system lies: folders, ports, addresses, and who holds it."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from knative.local.programs import BLOCK_SIZE, hold_port_block, is_port_free
from knative.local.secret_files import make_private_folder, write_private

ROOT: Final = Path(__file__).resolve().parent.parent.parent
HOST: Final = "127.0.0.1"
_BLOCK: Final = "block"
_REALM: Final = "pay"
_FORMAT: Final = "1"
PUBSUB_PROJECT: Final = "pay-local"
PUSH_AUDIENCE: Final = "http://push.pay.local"
PUSH_EMAIL: Final = "push@pay.local"


class LayoutError(Exception):
    """This data folder or port cannot be used; the message is one clear sentence."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One system: its data folder and the port of each part by name.

    `keycloak_url` is None where people cannot sign in, since Keycloak is left out.
    """

    data_dir: Path
    ports: Mapping[str, int]
    s3_endpoint_url: str
    database_host: str = HOST
    keycloak_url: str | None = None

    @property
    def base_url(self) -> str:
        """The gateway, under which merchants, operators and people reach everything."""
        return f"http://{HOST}:{self.ports['gateway']}"

    @property
    def identity_url(self) -> str | None:
        """The realm in which people sign in."""
        return self.keycloak_url and f"{self.keycloak_url}/realms/{_REALM}"

    @property
    def secrets_dir(self) -> Path:
        """The folder of secret files."""
        return self.data_dir / "secrets"

    @property
    def logs(self) -> Path:
        """The folder of logs, one `<name>.log` for each program."""
        return self.data_dir / "logs"

    @property
    def mailbox(self) -> Path:
        """The folder of mails and text messages that went nowhere else."""
        return self.data_dir / "mailbox"

    @property
    def push_issuer(self) -> str:
        """Who signs push tokens here."""
        return f"http://{HOST}:{self.ports['pubsub_http']}"

    def url(self, name: str) -> str:
        """The own address of the part `name`, past the gateway."""
        return f"http://{HOST}:{self.ports[name]}"

    def database_url(self, database: str) -> str:
        """An address without user or password: those are secret files."""
        return f"postgresql://{self.database_host}:{self.ports['postgres']}/{database}"


def make_data_dir(data_dir: Path) -> Path:
    """Create the folders; return the absolute path. Raises LayoutError where a file stands there.

    The data folder itself may be entered (not listed) by others, since the database server runs as
    another user when we are root; everything in it is private.
    """
    data_dir = data_dir.resolve()
    if data_dir.exists() and not data_dir.is_dir():
        raise LayoutError(f"{data_dir} is no folder: choose another DATA_DIR.")
    if not data_dir.exists():
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700)
    for name in ("secrets", "logs"):
        make_private_folder(data_dir / name)
    return data_dir


def check_format(data_dir: Path) -> None:
    """Mark a new folder with how we write it. Raises LayoutError where another version wrote it."""
    file = data_dir / "format"
    if not file.exists():
        write_private(file, f"{_FORMAT}\n")
    found = file.read_text(encoding="utf-8", errors="replace").strip()
    if found != _FORMAT:
        raise LayoutError(
            f"{data_dir} was written by another version (format {found[:20]!r}, here {_FORMAT}):"
            " run that version, or choose another DATA_DIR."
        )


@contextlib.contextmanager
def hold(data_dir: Path) -> Iterator[None]:
    """Hold `data_dir` for this process. Raises LayoutError when another runner has it.

    The system lets go of the lock when the process ends, however it ends.
    """
    # Whoever may open the file may lock it, and keep us from starting: it is ours alone.
    (data_dir / "lock").touch(mode=0o600)
    with (data_dir / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise LayoutError(
                f"Another local system (process {holder}) runs on {data_dir}:"
                " stop it, or choose another DATA_DIR."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def is_held(data_dir: Path) -> bool:
    """Whether a runner holds `data_dir` now."""
    try:
        with (data_dir / "lock").open("r", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False


def check_port(port: int) -> None:
    """Raise LayoutError when 127.0.0.1:`port` is taken."""
    if not is_port_free(port):
        raise LayoutError(f"Port {port} is taken: stop what listens there, or choose another PORT.")


@contextlib.contextmanager
def choose_ports(names: Iterable[str], record: Path) -> Iterator[dict[str, int]]:
    """A port for each name, ours while the block lasts: the recorded ones where they are free."""
    known = read_ports(record)
    wanted = list(names)
    while True:
        with hold_port_block(known.get(_BLOCK)) as holder:
            first: int = holder.getsockname()[1]
            if known.get(_BLOCK) != first:
                known = {}
            ports = {name: known[name] for name in wanted if name in known}
            spare = (p for p in range(first + 1, first + BLOCK_SIZE) if p not in ports.values())
            ports |= {name: next(spare) for name in wanted if name not in ports}
            if all(is_port_free(port) for port in ports.values()):
                yield ports | {_BLOCK: first}
                return
            known = {}


def read_ports(record: Path) -> dict[str, int]:
    """The recorded port of each name; none where the record is missing or cannot be read."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        known = json.loads(record.read_text(encoding="utf-8"))
        if isinstance(known, dict) and all(isinstance(port, int) for port in known.values()):
            return known
    return {}


def write_record(record: Path, content: Mapping[str, object]) -> None:
    """Write `content` as JSON, readable by its owner alone."""
    write_private(record, json.dumps(content, indent=2) + "\n")


def reason_of(error: BaseException) -> str:
    """Say in a sentence what keeps the system from starting."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)
