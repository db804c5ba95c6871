"""Documents are held to the tree: links lead somewhere, proofs exist, SQL of runbooks runs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from shared.db.charges import Charges
from shared.db.transaction import Database as Pool
from tests.database import Account, Database
from tests.factories import a_charge, a_message, an_attempt, an_event, an_id, moment

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "shared/docs"
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
RUNBOOKS = sorted((DOCS / "runbooks").glob("*.md"))
SECTIONS = ["Context", "Decision", "Consequences", "Alternatives", "What enforces it"]
TOP_FOLDERS = ["functions", "shared", "tests", "knative", "terraform"]
REQUIREMENTS = [
    ".requirements.in",
    "knative/local/requirements.in",
    "tests/requirements.in",
    "tests/requirements-go.in",
]
LONGEST_DECISION = 70

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_SQL = re.compile(r"^```sql( tenant)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PROOF = re.compile(r"`((?:tests/|\.)[\w./-]+)`")
_VARIABLE = re.compile(r":'(\w+)'")


def _markdown() -> list[Path]:
    """Return every Markdown file of ours."""
    found = [ROOT / "README.md"]
    for folder in TOP_FOLDERS:
        found += (ROOT / folder).rglob("*.md")
    return sorted(path for path in found if "node_modules" not in path.parts)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def broken_links(path: Path, text: str) -> list[str]:
    """Tell which relative links of a document lead to no file, or to no heading of one."""
    broken = []
    for target in _LINK.findall(_FENCE.sub("", text)):
        place, _, fragment = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (path.parent / place).resolve() if place else path
        has_heading = not fragment or (
            file.is_file() and fragment in _fragments(file.read_text("utf-8"))
        )
        if not file.exists() or ROOT not in (file, *file.parents) or not has_heading:
            broken.append(target)
    return broken


def _fragments(text: str) -> set[str]:
    """Return what links to headings are called: lower case, hyphens for spaces, no other signs."""
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
        for heading in _HEADING.findall(_FENCE.sub("", text))
    }


@pytest.mark.parametrize("path", _markdown(), ids=_name)
def test_every_link_leads_somewhere(path: Path) -> None:
    """A relative link names a file of the repository, and a heading that stands in it."""
    assert broken_links(path, path.read_text("utf-8")) == []


def test_a_broken_link_is_found() -> None:
    """The check of links can fail: on a missing file, on a missing heading, on a way out."""
    text = "[a](nowhere.md) [b](README.md#no-such-heading) [c](../outside.md) [d](README.md)"

    assert broken_links(ROOT / "README.md", text) == [
        "nowhere.md",
        "README.md#no-such-heading",
        "../outside.md",
    ]


@pytest.mark.parametrize("folder", TOP_FOLDERS)
def test_every_top_folder_has_its_door_plate(folder: str) -> None:
    """A README says what lives in a folder and what may not enter."""
    text = (ROOT / folder / "README.md").read_text("utf-8")

    assert "may not enter" in text.lower()


def test_decisions_are_numbered_without_a_gap() -> None:
    """A missing number would be a decision that somebody removed."""
    numbers = [path.name[:4] for path in DECISIONS]

    assert numbers == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    assert len(DECISIONS) > 0


@pytest.mark.parametrize("path", DECISIONS, ids=_name)
def test_a_decision_is_one_page_in_five_parts(path: Path) -> None:
    """Number and title agree with the file's name; each part is there, in order."""
    text = path.read_text("utf-8")
    lines = text.splitlines()

    assert re.match(rf"# {path.name[:4]} \S", lines[0])
    assert _SECTION.findall(text) == SECTIONS
    assert len(lines) <= LONGEST_DECISION


@pytest.mark.parametrize("path", DECISIONS, ids=_name)
def test_what_enforces_a_decision_exists(path: Path) -> None:
    """A decision names at least one test or check, and each one named is there."""
    proofs = _PROOF.findall(path.read_text("utf-8").rpartition("## What enforces it")[2])

    assert any(proof.startswith("tests/") for proof in proofs)
    assert [proof for proof in proofs if not (ROOT / proof).is_file()] == []


def test_every_package_has_its_defence() -> None:
    """Whoever adds a package says on the page of dependencies why it is worth it."""
    page = (DOCS / "decisions/0017-dependencies.md").read_text("utf-8")
    words = set(re.findall(r"[a-z0-9][a-z0-9-]*", page))

    missing = [
        package
        for file in REQUIREMENTS
        for package in _packages((ROOT / file).read_text("utf-8"))
        if package not in words
    ]

    assert missing == []


def _packages(text: str) -> Iterator[str]:
    for line in text.splitlines():
        match = re.match(r"[a-z0-9][a-z0-9-]*", line)
        if match:
            yield match[0]


def test_the_glossary_is_in_order_and_in_two_languages() -> None:
    """Whoever looks a word up finds it by its letter, with its French word and meaning."""
    lines = (DOCS / "glossary.md").read_text("utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][1:]
    words = [row[0] for row in rows]

    assert all(len(row) == 3 and all(row) for row in rows)
    assert words == sorted(words, key=str.lower)


@dataclass(frozen=True, slots=True)
class Block:
    """One SQL block of a runbook; `in_tenant` when it reads a merchant's tables by bare names."""

    runbook: str
    sql: str
    in_tenant: bool


def _blocks() -> list[Block]:
    return [
        Block(path.stem, sql, bool(tenant))
        for path in RUNBOOKS
        for tenant, sql in _SQL.findall(path.read_text("utf-8"))
    ]


@pytest.fixture(scope="module")
def trouble(migrated: Database, make_account: Any) -> Iterator[tuple[Engine, dict[str, str]]]:
    """An account with one charge that may have been sent, a case and a dead letter; the owner."""
    account: Account = make_account()
    app, owner = migrated.engine("app", pool_size=1), migrated.engine("owner", pool_size=1)
    charge = a_charge(account.test, migrated.operator_account)
    store = Charges(Pool(app), account.test)
    store.create(
        charge,
        event=an_event(charge),
        message=a_message(charge),
        first_check_at=moment(),
        idempotency=None,
        response="{}",
    )
    store.claim(
        an_attempt(charge),
        consumer="submit_charge",
        message_id=an_id("msg"),
        callback_token_hash=charge.id,
        number_hmac="n",
        now=moment(),
        lease_until=moment(),
    )
    refund, payout, batch = an_id("rf"), an_id("po"), an_id("pb")
    values = {
        "account": account.id,
        "batch": batch,
        "refund": refund,
        "payout": payout,
        "charge": charge.id,
        "drop": an_id("drop"),
        "invoice": "in_" + "2" * 24,
        "key": account.secret_key[len("sk_test_") :][:10],
        "letter": an_id("dl"),
        "name": "wallet of the contract",
        "number": "f" * 64,
        "operator_account": migrated.operator_account,
        "person": "A. Ngono",
        "reason": "the operator's statement of 2 November",
        "schema": account.test.schema,
        "since": "2026-11-01 00:00Z",
        "late_payment": an_id("lp"),
    }
    migrated.look(
        "INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, opened_at)"
        " VALUES (:case, 'charge', :account, false, :charge, 'unresolved_for_a_day', now())",
        case=an_id("case"),
        account=account.id,
        charge=charge.id,
    )
    # A charge that was paid, whose release is lost.
    migrated.look(
        "INSERT INTO charges (id, amount, currency, status, operator, operator_account_id, phone,"
        " balance_transaction, submit_before, created_at, succeeded_at)"
        " VALUES (:paid, 500, 'XAF', 'succeeded', 'mtn', 'opa_x', '+237670000001', 'txn_p', now(),"
        " now(), now())",
        account.test,
        paid=an_id("ch"),
    )
    # What was dropped, and is no statement.
    migrated.look(
        "INSERT INTO platform.statement_drops (id, object_key, etag, size, dropped_at, tries,"
        " next_at, outcome, code, ended_at) VALUES (:drop, 'statements/x', :drop, 1, now(), 1,"
        " now(), 'refused', 'drop_path_unfit', now())",
        drop=values["drop"],
    )
    # A refund that may have been sent and waits for a person.
    migrated.look(
        "INSERT INTO refunds (id, charge_id, amount, from_pending, currency, status, operator,"
        " operator_account_id, phone, charge_reference, intent_hmac, balance_transaction,"
        " submit_before, journaled_at, created_at)"
        " VALUES (:refund, :charge, 500, 500, 'XAF', 'submitting', 'mtn', 'opa_x',"
        " '+237670000001', 'x', repeat('0', 64), 'txn_x', now(), now(), now())",
        account.test,
        refund=refund,
        charge=charge.id,
    )
    migrated.look(
        "INSERT INTO payouts (id, amount, currency, status, operator, operator_account_id, phone,"
        " intent_hmac, balance_transaction, submit_before, journaled_at, created_at)"
        " VALUES (:payout, 500, 'XAF', 'submitting', 'mtn', 'opa_x', '+237670000001',"
        " repeat('0', 64), 'txn_x', now(), now(), now())",
        account.test,
        payout=payout,
    )
    for kind, object_id in (("refund", refund), ("payout", payout)):
        migrated.look(
            "INSERT INTO platform.payment_index (object_id, account_id, livemode, kind,"
            " operator_account_id, reference, state, amount, number_hmac)"
            " VALUES (:object, :account, false, :kind, 'opa_x', :object, 'submitting', 500, 'n')",
            object=object_id,
            account=account.id,
            kind=kind,
        )
        migrated.look(
            "INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason,"
            " opened_at) VALUES (:case, :kind, :account, false, :object, 'unresolved_for_a_day',"
            " now())",
            case=an_id("case"),
            account=account.id,
            kind=kind,
            object=object_id,
        )
        migrated.look(
            "INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at,"
            " owner_role) VALUES ('payout_check', :object, :account, false, 'infinity', :schema)",
            object=object_id,
            account=account.id,
            schema=account.test.schema,
        )
    # A batch that does not go on.
    migrated.look(
        "INSERT INTO payout_batches (id, status, line_count, amount, currency, made_by,"
        " balance_transaction, created_at) VALUES (:batch, 'processing', 1, 500, 'XAF',"
        " 'key_x', 'txn_x', now())",
        account.test,
        batch=batch,
    )
    migrated.look(
        "INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at, owner_role)"
        " VALUES ('payout_check', :batch, :account, false, 'infinity', :schema)",
        batch=batch,
        account=account.id,
        schema=account.test.schema,
    )
    # A late payment that nobody has decided about.
    migrated.look(
        "INSERT INTO adjustments (id, kind, status, amount, currency, object_id,"
        " operator_account_id, operator_transaction_id, reason, data, balance_transaction,"
        " created_at) VALUES (:late, 'late_payment', 'open', 100, 'XAF', :charge, 'opa_x', :late,"
        " 'paid_after_the_end', :data, 'txn_x', now())",
        account.test,
        late=an_id("lp"),
        charge=charge.id,
        data='{"operator": "mtn", "phone": "+237670000001", "decision": "refund",'
        ' "due_at": "2026-01-01T00:00:00+00:00"}',
    )
    # A checkout that nobody has paid.
    migrated.look(
        "INSERT INTO payment_pages (id, kind, amount, currency, expires_at, created_at)"
        " VALUES (:page, 'checkout', 100, 'XAF', now() + interval '1 hour', now())",
        account.test,
        page=an_id("cs_test"),
    )
    # What came after the dump that one tenant was put back from.
    migrated.look(
        "INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at, owner_role)"
        " VALUES ('payment_check', :charge, :account, false, now(), :schema)",
        charge=an_id("ch"),
        account=account.id,
        schema=account.test.schema,
    )
    migrated.look(
        "INSERT INTO platform.payer_numbers (number_hmac, livemode, blocked_until)"
        " VALUES (:number, true, 'infinity')",
        number=values["number"],
    )
    migrated.look(
        "INSERT INTO platform.dead_letters"
        " (id, topic, subscription, event_id, account_id, livemode, object_id)"
        " VALUES (:letter, 'webhook-due', 's', :letter, :account, false, :endpoint)",
        letter=values["letter"],
        account=account.id,
        endpoint=account.webhook_endpoint,
    )
    yield owner, values
    app.dispose()
    owner.dispose()


@pytest.mark.parametrize(
    "block", _blocks(), ids=lambda block: f"{block.runbook}-{block.sql.split(None, 1)[0].lower()}"
)
def test_the_sql_of_a_runbook_does_what_it_says(
    trouble: tuple[Engine, dict[str, str]], block: Block
) -> None:
    """Each block runs as the owner, and one that changes something finds its row; then undone."""
    owner, values = trouble
    sql = _VARIABLE.sub(lambda match: "'" + values[match[1]].replace("'", "''") + "'", block.sql)
    path = f'"{values["schema"]}", pg_catalog' if block.in_tenant else "pg_catalog"
    raw = owner.raw_connection()
    connection: Any = raw.driver_connection
    try:
        connection.execute_simple(f"BEGIN; SET LOCAL search_path = {path}")
        context = connection.execute_simple(sql)
    finally:
        connection.execute_simple("ROLLBACK")
        raw.close()

    assert not re.search(r"\bUPDATE\b", sql) or context.row_count >= 1
    assert not re.match(r"(DELETE|DROP|TRUNCATE|ALTER)", sql)


def test_runbooks_have_sql_to_try() -> None:
    """The pattern that finds SQL blocks finds those that people see."""
    shown = sum(path.read_text("utf-8").count("```sql") for path in RUNBOOKS)

    assert len(_blocks()) == shown > 0


def test_every_runbook_stands_in_the_list() -> None:
    """On call nobody searches a folder: the first page names all of them."""
    first_page = (DOCS / "runbooks/README.md").read_text("utf-8")

    assert [path.name for path in RUNBOOKS if path.name not in first_page] == ["README.md"]
