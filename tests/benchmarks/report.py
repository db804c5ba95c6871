"""Writes what was measured: a table to read, a file to compare, the door plate's table."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psutil

from tests.benchmarks.figures import Figure

FOLDER: Final = Path(__file__).resolve().parent
RESULTS: Final = FOLDER / "results.json"
README: Final = FOLDER / "README.md"
BEGIN: Final = "<!-- measured: `make bench` writes from here -->"
END: Final = "<!-- to here -->"


def machine() -> dict[str, str | int]:
    """What the figures were measured on."""
    return {
        "cores": os.cpu_count() or 0,
        "processor": _processor(),
        "memory_mb": psutil.virtual_memory().total // 1_000_000,
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table, which reads as well on a terminal."""
    rows = [("Measured", "Value", "Bar", "Holds", "How")]
    rows += [
        (
            figure.name,
            f"{_rounded(figure.value)} {figure.unit}",
            figure.bar,
            ("yes" if figure.holds else "NO") if figure.bar else "",
            figure.note,
        )
        for figure in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "|" + "|".join(["---"] * 5) + "|")
    return "\n".join(lines)


def write(figures: Sequence[Figure], *, seconds: float) -> None:
    """Keep a whole run in results.json and in the door plate."""
    now = keep(RESULTS, figures, command="make bench", seconds=seconds)
    size = machine()
    where = (
        f"Measured {now:%Y-%m-%d} on {size['cores']} cores ({size['processor']}),"
        f" {size['memory_mb']} MB of memory, Linux {size['kernel']}, Python {size['python']}."
    )
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(
        f"{before}{BEGIN}\n\n{where}\n\n{table(figures)}\n\n{END}{after}", encoding="utf-8"
    )


def keep(file: Path, figures: Sequence[Figure], *, command: str, seconds: float) -> datetime:
    """Write figures into a file to compare; return the time that it names."""
    now = datetime.now(UTC)
    content = {
        "measured_at": now.isoformat(timespec="seconds"),
        "command": command,
        "seconds": round(seconds),
        "machine": machine(),
        "figures": [
            {
                "part": figure.part,
                "name": figure.name,
                "value": round(figure.value, 3),
                "unit": figure.unit,
                "bar": figure.bar or None,
                "holds": figure.holds if figure.bar else None,
                "note": figure.note,
            }
            for figure in figures
        ],
    }
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return now


def show(figures: Sequence[Figure]) -> None:
    """Print the table."""
    sys.stdout.write(f"\n{table(figures)}\n")


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True)]
    return "| " + " | ".join([*padded, row[4]]) + " |"


def _rounded(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
