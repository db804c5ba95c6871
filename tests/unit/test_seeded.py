"""The table of seeded bugs stays one of this code: cheap, so that a change hears of it at once."""

import pytest

from tests.seeded.__main__ import Seen, judged, results
from tests.seeded.bug import Bug, Edit, MisplacedError
from tests.seeded.table import BUGS, KINDS, ROOT, is_known
from tests.seeded.witness import is_ours


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.number)
def test_each_bug_is_one_of_this_code(bug: Bug) -> None:
    """Each of its texts is found once, what comes of them is Python and differs, ids name tests."""
    sources = {edit.file: (ROOT / edit.file).read_text("utf-8") for edit in bug.edits}
    changed = dict(sources)
    for edit in bug.edits:
        changed[edit.file] = edit.applied(changed[edit.file])
    for file, source in changed.items():
        compile(source, file, "exec")

    assert sources != changed
    assert all(edit.file.startswith(("functions/", "shared/")) for edit in bug.edits)
    assert bug.claimed
    assert [claim for claim in bug.claimed if not is_known(claim)] == []


def test_none_of_the_kinds_is_left_out() -> None:
    """Every number has its bug, no variant has the number of another, and each has its result."""
    numbers = [bug.number for bug in BUGS]

    assert {int(number.rstrip("bcdefg")) for number in numbers} == set(range(1, KINDS + 1))
    assert len(set(numbers)) == len(numbers)
    assert set(results()) == set(numbers)


def test_a_text_that_moved_is_an_error() -> None:
    """Neither a text that is gone nor one that is there twice is replaced."""
    edit = Edit("shared/a.py", "once", "twice")

    assert edit.applied("at once") == "at twice"
    for source in ("never", "once and once more"):
        with pytest.raises(MisplacedError):
            edit.applied(source)


def test_an_unknown_id_is_told() -> None:
    """The check of ids can fail: a test that is not there, in a file that is."""
    assert is_known("tests/unit/test_seeded.py::test_an_unknown_id_is_told[x]")
    assert not is_known("tests/unit/test_seeded.py::test_nobody_wrote_this")
    with pytest.raises(FileNotFoundError):
        is_known("tests/unit/test_nowhere.py")


def _part(**changes: object) -> dict[str, object]:
    usual = {"test": "t", "part": "call", "outcome": "failed", "is_ours": True, "failure": "x"}
    return usual | changes


@pytest.mark.parametrize(
    ("code", "parts", "verdict"),
    [
        (0, [_part(outcome="passed")], "MISSED"),
        (1, [_part(outcome="passed"), _part()], "caught"),
        (1, [_part(is_ours=False)], "unclear"),
        (1, [_part(part="setup")], "unclear"),
        (2, [], "unclear"),
        (None, [_part()], "unclear"),
    ],
)
def test_only_an_assertion_catches(
    code: int | None, parts: list[dict[str, object]], verdict: str
) -> None:
    """A crash, a fixture that fails, an import that fails and a run without end catch nothing."""
    assert judged(Seen(code, parts, ""))[0] == verdict


def test_a_time_out_is_no_assertion() -> None:
    """What was expected and did not come is ours to say; what took too long says nothing."""
    with pytest.raises(pytest.fail.Exception) as nothing_raised, pytest.raises(ValueError):  # noqa: PT011 - nothing comes
        pass

    assert is_ours(AssertionError())
    assert is_ours(nothing_raised.value)
    assert not is_ours(pytest.fail.Exception("Timeout (>120.0s) from pytest-timeout."))
    assert not is_ours(ValueError())
    assert not is_ours(None)
