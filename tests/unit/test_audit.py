"""The chain of audit entries: what is hashed, and that no change of it goes unseen."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.audit import (
    GENESIS,
    Actor,
    ActorKind,
    AuditEntry,
    Break,
    Head,
    Link,
    Origin,
    next_hash,
)
from shared.operations import verify_audit
from shared.operations.audit_file import csv_text
from shared.operations.verify_audit import verify_chain
from tests.factories import an_origin
from tests.formulas import live_cells

AT = datetime(2026, 11, 29, 11, 22, 33, 123456, tzinfo=UTC)
CHAIN = "t_2222222222222222_test"
ENTRY = AuditEntry(
    id="aud_2abcdefghijklmnopqrstuvw",
    at=AT,
    actor=Actor(ActorKind.KEY, "key_0123456789"),
    action="api_key.created",
    object_type="api_key",
    object_id="key_9876543210",
    after='{"name":"été"}',
    remote_address="192.0.2.7",
    request_id="req_2abcdefghijklmnopqrstuvw",
)
Links = list[Link]


class Shelf:
    """Chains in memory, each as long as it is."""

    def __init__(self, links: Sequence[Link]) -> None:
        """Keep one chain."""
        self.kept = links

    def chains(self) -> Sequence[str]:
        """The one."""
        return [CHAIN]

    def links(self, chain: str, *, after: int, limit: int) -> Iterator[Link]:
        """By position."""
        found = sorted((x for x in self.kept if x.position > after), key=lambda x: x.position)
        return iter(found[:limit])


def chained(entries: Sequence[AuditEntry], chain: str = CHAIN) -> Links:
    """Entries at their places."""
    links, last = [], GENESIS
    for position, entry in enumerate(entries, start=1):
        digest = next_hash(last, chain, position, entry)
        links.append(Link(chain, position, entry, last, digest))
        last = digest
    return links


@pytest.fixture
def links() -> Links:
    """A chain of five."""
    return chained([replace(ENTRY, at=AT + timedelta(seconds=n), reason=f"r{n}") for n in range(5)])


def test_what_is_hashed_is_what_is_written_down() -> None:
    """The bytes are those of the description, put together by hand once more."""
    fields = [
        b"8:audit.v1", b"23:t_2222222222222222_test", b"7:1234567",
        b"28:aud_2abcdefghijklmnopqrstuvw", b"16:1795951353123456", b"3:key", b"14:key_0123456789",
        b"15:api_key.created", b"7:api_key", b"14:key_9876543210", b"-",
        b'16:{"name":"\xc3\xa9t\xc3\xa9"}', b"9:192.0.2.7", b"-",
        b"28:req_2abcdefghijklmnopqrstuvw",
    ]  # fmt: skip
    expected = hashlib.sha256(b"\x07" * 32 + b"".join(field + b"," for field in fields)).digest()

    assert next_hash(b"\x07" * 32, CHAIN, 1_234_567, ENTRY) == expected


@settings(max_examples=50)
@given(st.lists(st.none() | st.text(alphabet="a1:,-é", max_size=3), min_size=6, max_size=6))
def test_no_two_entries_have_the_same_bytes(parts: list[str | None]) -> None:
    """Moving a letter from one field into the next makes another hash."""
    names = ("object_id", "before", "after", "remote_address", "reason", "request_id")
    given_parts = [parts[0] or "", *parts[1:]]
    entry = replace(ENTRY, **dict(zip(names, given_parts, strict=True)))  # type: ignore[arg-type]  # by name
    for place in range(5):
        first, second = given_parts[place], given_parts[place + 1]
        if first and second is not None:
            shifted = {names[place]: first[:-1], names[place + 1]: first[-1] + second}
            other = replace(entry, **shifted)  # type: ignore[arg-type]  # by name
            assert next_hash(GENESIS, CHAIN, 1, other) != next_hash(GENESIS, CHAIN, 1, entry)


def test_a_whole_chain_has_a_head(links: Links, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in batches of any size, the walk ends at the newest entry; an empty chain at 0."""
    for batch in (1, 2, 5, 6):
        monkeypatch.setattr(verify_audit, "BATCH", batch)
        assert verify_chain(CHAIN, Shelf(links), {}) == Head(CHAIN, 5, links[-1].hash)
    assert verify_chain(CHAIN, Shelf([]), {}) == Head(CHAIN, 0, GENESIS)


@pytest.mark.parametrize(
    ("tamper", "position", "what"),
    [
        (lambda x: [*x[:2], *x[3:]], 3, "is missing"),
        (lambda x: x[1:], 1, "is missing"),
        (lambda x: [*x[:3], replace(x[2], position=3), *x[3:]], 3, "is there twice"),
        (lambda x: [*x[:2], replace(x[2], hash=bytes(32)), *x[3:]], 3, "is not what was written"),
        (lambda x: [*x[:2], replace(x[2], previous_hash=x[2].hash), *x[3:]], 3,
         "does not follow the entry before it"),
        (lambda x: [x[0], replace(x[1], entry=x[2].entry), replace(x[2], entry=x[1].entry), *x[3:]],
         2, "is not what was written"),
        (lambda x: chained([link.entry for link in x], "t_2222222222222222_live"), 1,
         "is not what was written"),
    ],
    ids=["dropped", "beheaded", "doubled", "hash", "previous", "swapped", "of another chain"],
)  # fmt: skip
def test_the_first_broken_position_is_named(
    links: Links, tamper: Callable[[Links], Links], position: int, what: str
) -> None:
    """Whatever was done to a chain, the walk stops at the first place that shows it."""
    assert verify_chain(CHAIN, Shelf(tamper(links)), {}) == Break(CHAIN, position, what)


def test_a_head_that_was_kept_shows_a_cut_and_a_chain_written_anew(links: Links) -> None:
    """What is whole in itself is held to what somebody kept outside."""
    kept = {4: links[3].hash}
    anew = chained([replace(link.entry, reason="invented") for link in links])

    assert isinstance(verify_chain(CHAIN, Shelf(links), kept), Head)
    assert verify_chain(CHAIN, Shelf(links[:2]), kept) == Break(CHAIN, 3, "is missing")
    assert verify_chain(CHAIN, Shelf(anew), kept) == Break(CHAIN, 4, "is not what was kept outside")


def test_what_cannot_be_read_is_a_break(links: Links) -> None:
    """A row that is no entry any more is named as the others are."""

    class Torn(Shelf):
        def links(self, chain: str, *, after: int, limit: int) -> Iterator[Link]:
            yield from list(super().links(chain, after=after, limit=limit))[:2]
            raise ValueError("'machine' is not a valid ActorKind")

    assert verify_chain(CHAIN, Torn(links), {}) == Break(CHAIN, 3, "cannot be read")


def test_an_entry_keeps_what_differs_and_no_secret() -> None:
    """Of two states only the difference is kept; reason and address are texts or nothing."""
    origin = replace(an_origin(AT), reason="lost sk_live_abc, call 677000001", remote_address="")
    before = {"name": "Till", "scopes": ["a"], "gone": 1}
    after = {"name": "Till", "scopes": ("b",), "secret": "x"}
    entry = origin.entry("api_key.narrowed", "api_key", "key_1", before=before, after=after)

    assert entry.id.startswith("aud_")
    assert (entry.at, entry.actor, entry.request_id) == (AT, origin.actor, origin.request_id)
    assert json.loads(entry.before or "") == {"scopes": ["a"], "gone": 1}
    assert json.loads(entry.after or "") == {"scopes": ["b"], "secret": "[hidden]"}
    assert (entry.reason, entry.remote_address) == ("lost [hidden], call […01]", None)
    assert json.loads(entry.also(more=["y"]).after or "") == {
        "scopes": ["b"], "secret": "[hidden]", "more": ["y"]
    }  # fmt: skip


def test_an_entry_without_a_difference_has_neither_side() -> None:
    """Nothing is kept as nothing, not as an empty object."""
    entry = an_origin().entry("a.b", "a", "x", before={"n": 1}, after={"n": 1})

    assert (entry.before, entry.after, entry.reason) == (None, None, None)


def test_an_entry_has_a_size() -> None:
    """What is larger than 32 KiB is a mistake of ours, told before anything is stored."""
    with pytest.raises(ValueError, match="not everything"):
        an_origin().entry("a.b", "a", "x", after={str(n): "a b " * 500 for n in range(20)})


@given(st.text(min_size=1, max_size=20) | st.text("=+-@;'a \t\r\n\uff1d\ufeff", min_size=1))
def test_no_cell_of_the_file_is_a_formula(reason: str) -> None:
    """However lines are split; and the text comes back as openapi.yaml says, to be hashed."""
    [link] = chained([replace(ENTRY, reason=reason)])
    content = csv_text([link])
    [head, row] = csv.reader(io.StringIO(content, newline=""))
    cell = dict(zip(head, row, strict=True))["reason"]

    assert live_cells(content) == []
    assert re.sub(r"(^|[;\t\r\n])'", r"\1", cell) == reason


def test_an_origin_says_who_from_where_and_why() -> None:
    """People and our own commands act, not only keys."""
    by = Origin(Actor(ActorKind.PERSON, "7f1b9c3e-8e03-4e43-b493-6894a57f9324"), AT, reason="fraud")
    entry = by.entry("account.suspended", "account", "acct_2222222222222222")

    assert (entry.actor.kind, entry.reason) == (ActorKind.PERSON, "fraud")
