"""What processes have used so far, as the kernel counts it in /proc."""

import os
from pathlib import Path

import psutil


def cpu_seconds(process_id: int) -> float:
    """Processor time of a process and of all its children, ended ones included."""
    process = psutil.Process(process_id)
    family = [process, *process.children(recursive=True)]
    times = [member.cpu_times() for member in family]
    ended = times[0].children_user + times[0].children_system
    return float(ended + sum(time.user + time.system for time in times))


def group_pss_mb(process_id: int) -> float:
    """Own memory (PSS: shared pages by share) of the process group of a process, in MB of 10^6."""
    group = os.getpgid(process_id)
    members = [p.pid for p in psutil.process_iter() if _group_of(p.pid) == group]
    return sum(_kib(member, "Pss") for member in members) * 1024 / 1_000_000


def unshared_mb(process_id: int) -> float:
    """What a process shares with no other, in MB of 10^6: of a PostgreSQL backend, its caches."""
    return _kib(process_id, "Private_Clean", "Private_Dirty") * 1024 / 1_000_000


def _group_of(process_id: int) -> int | None:
    try:
        return os.getpgid(process_id)
    except ProcessLookupError:
        return None


def _kib(process_id: int, *names: str) -> int:
    rollup = Path(f"/proc/{process_id}/smaps_rollup").read_text(encoding="ascii")
    pairs = [line.partition(":") for line in rollup.splitlines()]
    return sum(int(value.split()[0]) for name, _, value in pairs if name in names)
