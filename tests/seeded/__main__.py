"""Puts in one bug after another, in a copy, and says which test caught it: make seeded.

A run takes up where the last one stopped: what stands in results.md as caught, of the same bug and
the same tests, is not tried again without `--again`.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.seeded.bug import Bug, MisplacedError
from tests.seeded.table import BUGS, ROOT
from tests.seeded.witness import PATH

RESULTS: Final = ROOT / "tests/seeded/results.md"
RUN_SECONDS: Final = 900
TEST_SECONDS: Final = 300
CAUGHT: Final = "caught"
MISSED: Final = "MISSED"
UNCLEAR: Final = "unclear"
_LINKED: Final = (".venv", ".cache")
_HEAD: Final = """# Seeded bugs

What `make seeded` saw: each bug of [the table](table.py) was put in alone, and the tests that
claim it were run, which pass without it. Caught is what an assertion of ours failed on; a crash,
a time-out or an import that fails catches nothing.

| nr | bug | verdict | by | seconds | date | of |
|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the results; `of` tells the bug with its files and tests from what they become."""

    number: str
    name: str
    verdict: str
    by: str
    seconds: int
    date: str
    of: str

    @property
    def text(self) -> str:
        """The row as it is written."""
        cells = (self.number, self.name, self.verdict, self.by, str(self.seconds), self.date)
        return f"| {' | '.join((*cells, self.of))} |\n"

    @classmethod
    def read(cls, line: str) -> "Row":
        """Read a written row."""
        number, name, verdict, by, seconds, date, of = line.strip().strip("|").split(" | ")
        return cls(number.strip(), name, verdict, by, int(seconds), date, of.strip())


@dataclass(frozen=True, slots=True)
class Seen:
    """How a run of pytest ended; `parts` are what the witness wrote."""

    code: int | None
    parts: Sequence[dict[str, Any]]
    tail: str

    def failed(self) -> dict[str, Any] | None:
        """The first part of a test that did not pass."""
        return next((part for part in self.parts if part["outcome"] == "failed"), None)


def digest(bug: Bug, root: Path = ROOT) -> str:
    """Return eight letters that change with the bug, the files that it is put in and its tests."""
    files = {edit.file for edit in bug.edits} | {claim.partition("::")[0] for claim in bug.claimed}
    known = hashlib.sha256(repr(bug).encode())
    for file in sorted(files):
        known.update((root / file).read_bytes())
    return known.hexdigest()[:8]


def results() -> dict[str, Row]:
    """Return what was seen before, by number."""
    lines = RESULTS.read_text("utf-8").splitlines() if RESULTS.exists() else []
    rows = [Row.read(line) for line in lines if line[:3].strip("| ").isdigit()]
    return {row.number: row for row in rows}


def keep(row: Row) -> None:
    """Write one row in its place."""
    rows = results() | {row.number: row}
    ordered = [rows[bug.number] for bug in BUGS if bug.number in rows]
    RESULTS.write_text(_HEAD + "".join(each.text for each in ordered), "utf-8")


@contextmanager
def copied() -> Iterator[Path]:
    """Copy what git would commit; what was installed is shared."""
    with tempfile.TemporaryDirectory(prefix="seeded-") as folder:
        root = Path(folder) / "pay"
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git is wherever it is
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)
        for name in _LINKED:
            if (ROOT / name).exists():
                (root / name).symlink_to(ROOT / name)
        yield root


def run(root: Path, claimed: Collection[str], *more: str) -> Seen:
    """Run tests of a copy; a run that does not end is ended with all that it started."""
    witness = root.parent / "witness.jsonl"
    witness.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-n0", *more, "-p", "tests.seeded.witness"]
    command += ["-o", f"timeout={TEST_SECONDS}", "--tb=line", *claimed]
    environment = os.environ | {PATH: str(witness), "PYTHONDONTWRITEBYTECODE": "1"}
    with (root.parent / "output").open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(  # noqa: S603 - our own tests
            command,
            cwd=root,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        code: int | None = None
        try:
            code = process.wait(RUN_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        output.seek(0)
        tail = output.read()[-2000:]
    lines = witness.read_text("utf-8").splitlines() if witness.exists() else []
    return Seen(code, [json.loads(line) for line in lines], tail)


def is_clean(root: Path, bugs: Sequence[Bug]) -> bool:
    """Run all claimed tests once without a bug: whatever fails then catches nothing."""
    claimed = sorted({claim for bug in bugs for claim in bug.claimed})
    began = time.monotonic()
    seen = run(root, claimed)
    passed = sum(part["part"] == "call" and part["outcome"] == "passed" for part in seen.parts)
    _say(f"without a bug: {passed} tests passed in {time.monotonic() - began:.0f} s")
    if seen.code == 0 and passed:
        return True
    _say(seen.tail)
    return False


def judged(seen: Seen) -> tuple[str, str]:
    """Return the verdict on a run, and by whom or why."""
    part = seen.failed()
    if seen.code == 0:
        return MISSED, "-"
    if seen.code is None:
        return UNCLEAR, "the run did not end"
    if part is None:
        return UNCLEAR, "nothing ran"
    if part["part"] == "call" and part["is_ours"]:
        return CAUGHT, part["test"].removeprefix("tests/").replace("|", "/")
    why = f"{part['part']}: {part['failure']}".replace("|", "/").splitlines()[0]
    return UNCLEAR, why


def attempt(root: Path, bug: Bug) -> Row:
    """Put one bug in, run the tests that claim it, and take it out again."""
    files = {root / edit.file for edit in bug.edits}
    before = {path: path.read_text("utf-8") for path in files}
    of = digest(bug, root)
    began = time.monotonic()
    try:
        bug.put_into(root)
        seen = run(root, bug.claimed, "-x")
    finally:
        for path, text in before.items():
            path.write_text(text, "utf-8")
    verdict, by = judged(seen)
    if verdict != CAUGHT:
        _say(seen.tail)
    seconds = round(time.monotonic() - began)
    today = datetime.now(UTC).date().isoformat()
    return Row(bug.number, bug.name, verdict, by, seconds, today, of)


def main() -> int:
    """Try those chosen, or all that are not caught yet; 0 where all of them are."""
    parser = argparse.ArgumentParser(prog="make seeded", description=__doc__)
    parser.add_argument("numbers", nargs="*", help="of the bugs to try; all without any")
    parser.add_argument("--again", action="store_true", help="try also what is caught already")
    asked = parser.parse_args()
    # Whoever ends the run ends what it started, and the copy goes.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(1))
    unknown = set(asked.numbers) - {bug.number for bug in BUGS}
    if unknown:
        parser.error(f"no such bug: {', '.join(sorted(unknown))}")
    chosen = [bug for bug in BUGS if not asked.numbers or bug.number in asked.numbers]
    known = results()
    caught = {n: row.of for n, row in known.items() if row.verdict == CAUGHT}
    open_ones = [bug for bug in chosen if asked.again or caught.get(bug.number) != digest(bug)]
    _say(f"{len(chosen) - len(open_ones)} were caught before, {len(open_ones)} to try")
    if not open_ones:
        return 0
    missed = 0
    with copied() as root:
        if not is_clean(root, open_ones):
            return 1
        for bug in open_ones:
            try:
                row = attempt(root, bug)
            except MisplacedError as error:
                _say(str(error))
                return 1
            keep(row)
            missed += row.verdict != CAUGHT
            _say(f"{row.number} {row.name}: {row.verdict}, {row.by}, {row.seconds} s")
    return 1 if missed else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
