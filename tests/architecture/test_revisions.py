"""Revisions block nobody for long: squawk and a few rules of our own read all of their SQL."""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from knative.catalogue import ROOT
from shared.db.revisions import PLATFORM, TENANT, Revision, load
from tests.releases import next_release

SQUAWK: Final = Path(sys.executable).with_name("squawk")
REVISIONS: Final = (*load(PLATFORM).revisions, *load(TENANT).revisions)
_RULE: Final = re.compile(r"warning: ([a-z-]+) |error: (.+)$", re.MULTILINE)
_COMMENT: Final = re.compile(r"--.*$|'[^']*'", re.MULTILINE)
_NEW_TABLE: Final = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?([\w.]+)", re.IGNORECASE)
BEFORE_ALTERED: Final = re.compile(r"(?!.*due_work_of_tests).*ON platform.due_work \(", re.DOTALL)
_INDEX: Final = re.compile(
    r"CREATE (?:UNIQUE )?INDEX (IF NOT EXISTS )?\w+\s+ON ([\w.]+)", re.IGNORECASE
)
_OURS: Final[Mapping[str, re.Pattern[str]]] = {
    "takes-over-a-table": re.compile(
        r"\b(VACUUM|CLUSTER|REINDEX|(?<!OR )TRUNCATE|LOCK TABLE|REFRESH MATERIALIZED)\b",
        re.IGNORECASE,
    ),
    "lands-in-public": re.compile(r"\bpublic\.", re.IGNORECASE),
    "cannot-be-in-a-transaction": re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE),
}


def faults(revision: Revision, folder: Path) -> Sequence[str]:
    """Return the rules that a revision breaks, squawk's and ours."""
    sql = ";\n".join(revision.statements) + ";\n"
    file = folder / f"{revision.id}.sql"
    file.write_text(sql.replace("{schema}", "t_x").replace("{account}", "acct_x"), "utf-8")
    said = subprocess.run(  # noqa: S603 - a tool of our own environment
        [SQUAWK, "--config", ROOT / ".squawk.toml", "--reporter", "gcc", file],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    squawked = [rule or error for rule, error in _RULE.findall(said.stdout)]
    assert bool(said.returncode) == bool(squawked), said.stdout + said.stderr
    bare = _COMMENT.sub("", sql)
    ours = [rule for rule, pattern in _OURS.items() if pattern.search(bare)]
    new = set(_NEW_TABLE.findall(bare))
    if any(not repeats and table not in new for repeats, table in _INDEX.findall(bare)):
        # Where a table is large its index is made beforehand, without a lock.
        ours.append("index-cannot-be-made-beforehand")
    return [*squawked, *ours]


@pytest.mark.parametrize("revision", REVISIONS, ids=lambda revision: revision.id)
def test_no_revision_blocks_for_long(revision: Revision, tmp_path: Path) -> None:
    """Whatever breaks a rule says so in a comment beside its reason (`squawk-ignore`)."""
    assert faults(revision, tmp_path) == []


def test_due_work_is_indexed_before_it_is_altered() -> None:
    """One run may do all of these: nobody who reads due work waits while it is scanned.

    The index of test modes came after these: where the table is large it is made beforehand.
    """
    coming = [sql for revision in load(PLATFORM).after("p0021") for sql in revision.statements]
    indexed = [i for i, sql in enumerate(coming) if BEFORE_ALTERED.match(sql)]
    altered = [i for i, sql in enumerate(coming) if "ALTER TABLE platform.due_work" in sql]

    assert indexed
    assert max(indexed) < min(altered)


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("ALTER TABLE charges ALTER amount TYPE numeric", "changing-column-type"),
        ("ALTER TABLE charges ADD x text NOT NULL", "adding-required-field"),
        ("ALTER TABLE charges ALTER reference SET NOT NULL", "adding-not-nullable-field"),
        ("ALTER TABLE charges ADD x timestamptz DEFAULT clock_timestamp()", "adding-field-with"),
        ("ALTER TABLE charges ADD CONSTRAINT x CHECK (amount > 1)", "constraint-missing-not-valid"),
        ("ALTER TABLE charges ADD CONSTRAINT x UNIQUE (phone)", "disallowed-unique-constraint"),
        ("ALTER TABLE charges DROP description", "ban-drop-column"),
        ("ALTER TABLE charges RENAME description TO words", "renaming-column"),
        ("DROP TABLE receipts", "ban-drop-table"),
        (
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS x ON charges (phone)",
            "cannot-be-in-a-transaction",
        ),
        ("CREATE INDEX x ON charges (phone)", "index-cannot-be-made-beforehand"),
        ("LOCK TABLE charges", "takes-over-a-table"),
        ("CREATE TABLE public.x ()", "lands-in-public"),
        ("SELECT 1; COMMIT", "transaction-nesting"),
        ("ALTER TABEL charges", "syntax-error"),
    ],
)
def test_a_bad_revision_is_refused(sql: str, rule: str, tmp_path: Path) -> None:
    """The rules can fail: each of these would hold merchants up, or land where nobody looks."""
    ini = next_release(tmp_path / "next", sql)

    [bad] = load(TENANT, ini).after(load(TENANT).newest)

    assert any(fault.startswith(rule) for fault in faults(bad, tmp_path))


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE charges ADD COLUMN shiny text",
        "ALTER TABLE charges ADD COLUMN shiny bigint NOT NULL DEFAULT 0",
        "CREATE INDEX IF NOT EXISTS charges_shiny ON charges (phone)",
        "CREATE TABLE shiny (id text PRIMARY KEY); CREATE INDEX shiny_id ON shiny (id)",
        "ALTER TABLE charges ADD CONSTRAINT x CHECK (amount > 1) NOT VALID",
        "GRANT SELECT ON charges TO {schema}",
    ],
)
def test_an_ordinary_revision_passes(sql: str, tmp_path: Path) -> None:
    """What expands and does not block is left alone."""
    ini = next_release(tmp_path / "next", sql)

    assert faults(load(TENANT, ini).revisions[-1], tmp_path) == []


def test_a_revision_is_data(tmp_path: Path) -> None:
    """One that would run code is refused: its SQL could be neither read nor run by itself."""
    ini = next_release(tmp_path / "next", "SELECT 1")
    [file] = (ini.parent / "migrations/tenant").glob("t9001*")
    file.write_text(file.read_text("utf-8") + "\ndef upgrade():\n    pass\n", "utf-8")

    with pytest.raises(TypeError, match="t9001 is no data"):
        load(TENANT, ini)
