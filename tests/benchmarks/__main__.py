"""`make bench`: measures the bars and writes them down; `--only create,cold` runs parts of it.

A run of parts prints its table and writes nothing: the figures of one file come from one run.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final

from tests.benchmarks import (
    batch,
    broker,
    cold,
    create,
    dashboard,
    export,
    ledger,
    listing,
    local,
    report,
    rpc,
    stream,
    webhooks,
    whole,
)
from tests.benchmarks.figures import PARTS, Figure, Part

# What is measured on a stand of its own, and not on the whole system.
_ALONE: Final[Mapping[Part, Callable[[Path, Callable[[str], None]], list[Figure]]]] = {
    "create": create.measure,
    "rpc": rpc.measure,
    "ledger": ledger.measure,
    "batch": batch.measure,
    "broker": broker.measure,
    "export": export.measure,
    "list": listing.measure,
    "dashboard": dashboard.measure,
}


def main() -> int:
    """Run what was asked for; 1 when a bar does not hold."""
    chosen = _parts()
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="pay-bench-"))
    # The database's user, who is not we when we are root, must get through.
    folder.chmod(0o711)
    try:
        figures = _measure(chosen, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.show(figures)
    if chosen == set(PARTS):
        report.write(figures, seconds=time.monotonic() - began)
    return 0 if all(figure.holds for figure in figures) else 1


def _measure(chosen: Collection[Part], folder: Path) -> list[Figure]:
    figures: list[Figure] = []
    for part, measure in _ALONE.items():
        if part in chosen:
            figures += measure(_made(folder / part), _say)
    if not set(chosen) - set(_ALONE):
        return figures
    return figures + _measure_system(chosen, folder)


def _measure_system(chosen: Collection[Part], folder: Path) -> list[Figure]:
    figures: list[Figure] = []
    data_dir = _made(folder / "system")
    with local.measured_system(data_dir, figures, _say, with_starts="start" in chosen) as running:
        if "flow" in chosen:
            figures += local.measure_flow(running, _say)
        if "memory" in chosen:
            figures += local.measure_memory(running)
        if "cold" in chosen:
            figures += cold.measure(running, folder, _say)
        if "whole" in chosen:
            figures += whole.measure(running, _say)
        if "webhooks" in chosen:
            figures += webhooks.measure(running, _say)
        if "stream" in chosen:
            figures += stream.measure(running, folder, _say)
    return figures


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o711)
    folder.chmod(0o711)
    return folder


def _parts() -> set[Part]:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    wanted = parser.parse_args().only.split(",")
    chosen = {part for part in PARTS if part in wanted}
    if len(chosen) != len(set(wanted)):
        parser.error(f"--only takes {','.join(PARTS)}")
    return chosen


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
