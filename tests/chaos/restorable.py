"""A PostgreSQL server of a test's own that archives what it writes and can be put back to a moment.

It takes a base backup and keeps its log as a server in production does, by PostgreSQL's own means.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from knative.local.cluster import HOST, SUPERUSER, Cluster, prepare_cluster
from knative.local.postgres import Postgres, connect, postgres_program, wait_until_ready
from knative.local.programs import Program, free_port, spawn, stop
from tests.simulator_process import wait_until

_BACKUP_SECONDS: Final = 120
_PROMOTION_SECONDS: Final = 60


@dataclass(slots=True)
class Restorable:
    """The running server. `backup` and `archive` lie beside its data."""

    postgres: Postgres
    backup: Path
    archive: Path

    def take_base_backup(self) -> None:
        """Copy the server while it runs."""
        cluster = self.postgres.cluster
        command = [str(cluster.binaries / "pg_basebackup"), "--pgdata", str(self.backup)]
        command += ["--wal-method", "none", "--checkpoint", "fast", "--no-manifest"]
        command += ["--host", HOST, "--port", str(self.postgres.port), "--username", SUPERUSER]
        subprocess.run(  # noqa: S603 - the wheel's own program
            command,
            env={**os.environ, "PGPASSWORD": self.postgres.password, "LC_ALL": "C"},
            check=True,
            capture_output=True,
            timeout=_BACKUP_SECONDS,
        )
        _give(self.backup, cluster)

    def put_back(self, moment: datetime) -> None:
        """Lose the server's files; bring it back from backup and log as it was at that moment."""
        self.postgres.stop()
        cluster = self.postgres.cluster
        shutil.rmtree(cluster.data)
        shutil.copytree(self.backup, cluster.data)
        (cluster.data / "recovery.signal").touch()
        with (cluster.data / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
            settings.write(
                f"restore_command = 'cp {self.archive}/%f %p'\n"
                f"recovery_target_time = '{moment.isoformat()}'\n"
                "recovery_target_action = 'promote'\n"
            )
        _give(cluster.data, cluster)
        self.postgres = _start(cluster, self.postgres.program, self.postgres.port)
        # Its first answers come while it still recovers, and it writes nothing until it has.
        _await_promotion(self.postgres)


@contextmanager
def restorable_postgres(folder: Path) -> Iterator[Restorable]:
    """Start one in a folder; it ends and is gone with the block."""
    cluster = prepare_cluster(folder)
    home = cluster.data.parent
    archive, backup = home / "archive", home / "backup"
    archive.mkdir()
    _give(archive, cluster)
    with (cluster.data / "pg_hba.conf").open("a", encoding="utf-8") as access:
        access.write(f"host replication all {HOST}/32 scram-sha-256\n")
    port = free_port()
    settings = {
        "wal_level": "replica",
        "max_wal_senders": "4",
        "archive_mode": "on",
        "archive_command": f"cp %p {archive}/%f",
        # Tests kill processes, never the machine: waiting for the disk would prove nothing.
        "fsync": "off",
    }
    program = postgres_program(cluster, port=port)
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    running = Restorable(
        _start(cluster, replace(program, argv=(*program.argv, *options)), port), backup, archive
    )
    try:
        yield running
    finally:
        running.postgres.remove()


def _start(cluster: Cluster, program: Program, port: int) -> Postgres:
    process = spawn(program)
    try:
        wait_until_ready(cluster, port=port, process=process)
    except BaseException:
        stop(process, program)
        raise
    return Postgres(HOST, port, SUPERUSER, cluster.password, cluster, program, process)


def _await_promotion(postgres: Postgres) -> None:
    def is_over() -> bool:
        with connect(port=postgres.port, password=postgres.password) as admin:
            [[recovers]] = admin.run("SELECT pg_is_in_recovery()")
        return not recovers

    wait_until(is_over, seconds=_PROMOTION_SECONDS, what="the end of the recovery")


def _give(folder: Path, cluster: Cluster) -> None:
    """Have the server's user own a folder and all below it, and nobody else enter."""
    folder.chmod(0o700)
    if cluster.uid is None or cluster.gid is None:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, cluster.uid, cluster.gid)
