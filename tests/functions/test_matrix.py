"""Nothing crosses from one merchant to another, whoever asks and whatever carries the question."""

import re
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest
from pg8000.native import Connection

from shared.contracts.operations import Operation
from shared.domain.permissions import OF_ACCESS, SCOPE_OF, Scope
from shared.domain.phone import Operator, PhoneNumber
from shared.domain.settlement import Every, SettlementRule
from shared.operations.webhook_deliveries import delivery_id
from shared.runtime import settlements
from tests.database import Account, MakeAccount
from tests.factories import an_entry, an_id, moment
from tests.functions.door import Door, Reply
from tests.functions.matrix import (
    ROWS,
    STOLEN,
    Asking,
    Loot,
    askings,
    ids_in_the_body,
    merchant_operations,
)
from tests.functions.realm import Realm
from tests.functions.rows import TENANT_TABLES
from tests.functions.team import Team
from tests.trials import Trial

MOST_DIFFERENCE_SECONDS: Final = 0.005
CANARY: Final = "a word that only the victim knows"
REFERENCE: Final = "a reference of the victim"
PHONE: Final = "670000001"
EMAIL: Final = "victim@shop.example"
OPERATOR_ID: Final = "an operator's id of the victim"
USED_KEY: Final = "a key that the victim used"
RESTRICTED: Final = {"kind": "restricted", "scopes": ["charges:read"]}
# What was asked, and refused, is in the log some time later.
SHARED_TABLES: Final = """
SELECT table_name, bool_or(column_name = 'livemode') FROM information_schema.columns
WHERE table_schema = 'platform' AND table_name <> 'request_logs'
GROUP BY 1 HAVING bool_or(column_name = 'account_id')"""
_REFUND: Final = """
INSERT INTO "{schema}".refunds (id, charge_id, amount, from_pending, currency, status, operator,
  operator_account_id, phone, charge_reference, intent_hmac, reason, balance_transaction,
  submit_before, created_at)
VALUES (:id, :charge, 100, 100, 'XAF', 'created', 'mtn', 'opa_x', '+237670000001', 'x',
  repeat('0', 64), :reason, 'txn_x', now(), now())"""
_PAYOUT: Final = """
INSERT INTO "{schema}".payouts (id, amount, currency, status, operator, operator_account_id, phone,
  reference, intent_hmac, description, balance_transaction, submit_before, created_at, batch_id,
  batch_line)
VALUES (:id, 100, 'XAF', 'created', 'mtn', 'opa_x', '+237670000001', :reference,
  repeat('0', 64), :words, 'txn_x', now(), now(), :batch, 1)"""
_BATCH: Final = """
INSERT INTO "{schema}".payout_batches (id, status, line_count, amount, currency, made_by,
  description, balance_transaction, created_at)
VALUES (:id, 'processing', 1, 100, 'XAF', 'key_x', :words, 'txn_x', now())"""
_LATE: Final = """
INSERT INTO "{schema}".adjustments (id, kind, status, amount, currency, object_id,
  operator_account_id, operator_transaction_id, reason, data, balance_transaction, created_at)
VALUES (:id, 'late_payment', 'open', 100, 'XAF', :charge, 'opa_x', :words, 'paid_after_the_end',
  '{{"operator": "mtn", "phone": "+237670000001", "decision": "refund",
     "due_at": "2026-01-01T00:00:00+00:00"}}', 'txn_x', now())"""
_REVERSAL: Final = """
INSERT INTO "{schema}".adjustments (id, kind, status, amount, currency, object_id,
  operator_account_id, operator_transaction_id, reason, balance_transaction, created_at, ended_at)
VALUES (:id, 'reversal', 'booked', -100, 'XAF', :charge, 'opa_x', :words, 'r', 'txn_x', now(),
  now())"""
_TOPUP: Final = """
INSERT INTO "{schema}".adjustments (id, kind, status, amount, currency, data, balance_transaction,
  created_at, ended_at)
VALUES (:id, 'topup', 'booked', 100, 'XAF', jsonb_build_object('reference', :words::text), 'txn_x',
  now(), now())"""
_INVOICE: Final = """
INSERT INTO platform.invoices (id, account_id, livemode, owner_role, sequence, month, lines,
  account_name, language, code, created_at)
VALUES (:id, :account, false, :owner, 1, '2026-01-01', '[]', :words, 'fr', :code, now())"""
_NAMED_BY_THE_OPERATOR: Final = """
UPDATE "{schema}".charges SET operator_transaction_id = :words WHERE id = :id"""
_RECEIPT: Final = """
INSERT INTO "{schema}".receipts (id, charge_id, number, code, created_at)
VALUES (:id, :charge, :words, :code, now())"""
_FILE: Final = """
INSERT INTO "{schema}".files (id, purpose, file_name, type, size, sha256, made_by, created_at,
  retain_until, status, decided_at, object_key, version_id)
VALUES (:id, 'dispute_evidence', :words, 'pdf', 1, repeat('0', 64), 'key_x', now(), now(),
  'available', now(), 'x', 'x')"""
_REPORT: Final = """
INSERT INTO "{schema}".reports (id, report_type, format, language, starts_at, ends_at, status,
  created_at) VALUES (:id, 'balance', 'csv', 'fr', '2026-01-01', '2026-02-01', 'pending', now())"""
_ASKED: Final = """
INSERT INTO platform.request_logs (account_id, livemode, id, at, method, path, operation, object_id,
  status, key_id, duration_ms, source)
VALUES (:account, false, :id, now(), 'POST', '/v1/charges', 'create_charge', :key, 200, :key, 1,
  'rest')"""
_FUND: Final = "UPDATE \"{schema}\".ledger_accounts SET balance = -9000000 WHERE code = 'available'"
_BOOKED: Final = """
INSERT INTO "{schema}".ledger_transactions (id, kind, object_id, created_at)
VALUES (:id, 'refund_created', :refund, now())"""
_REQUEST_ID: Final = re.compile(r"req_[2-7a-z]{24}")

Headers = Mapping[str, str]
MERCHANT: Final = merchant_operations()


def _by_id(operation: Operation) -> str:
    return operation.operation_id


each_operation: Final = pytest.mark.parametrize("operation", MERCHANT, ids=_by_id)


@dataclass(frozen=True, slots=True)
class Shop:
    """An account with a charge, an event and a key, through the doors as its merchant would."""

    account: Account
    loot: Loot
    key: str


@dataclass(frozen=True, slots=True)
class World:
    """A victim, a suspended shop, and whoever asks."""

    victim: Shop
    suspended: Shop
    strangers: Mapping[str, Headers]
    turned_away: Mapping[str, tuple[Headers, int]]
    lower: Mapping[Scope, Headers]
    viewer: Headers
    administrators: tuple[Headers, ...]
    suspended_people: Mapping[str, Headers]
    door: Callable[[str], Door]
    database: Connection

    def ask(self, operation: Operation, asking: Asking, who: Headers) -> Reply:
        """Send one request as somebody."""
        return self.door(operation.function).call(
            operation.method, asking.path, asking.body, headers={**who, **asking.headers}
        )

    def belongings(self) -> dict[str, str]:
        """A hash of the victim's rows of the test mode in each table, its own and shared ones."""
        tenant = self.victim.account.test
        sources = [f'"{tenant.schema}".{name}' for name in TENANT_TABLES]
        for name, has_mode in self.database.run(SHARED_TABLES) or ():
            mode = " AND NOT livemode" if has_mode else ""
            sources.append(
                # When a key was used is noted some time later.
                f"(SELECT to_jsonb(r) - 'last_used_at' AS row FROM platform.{name} r"
                f" WHERE account_id = '{tenant.account}'{mode})"
            )
        sql = " UNION ALL ".join(
            f"SELECT {place}, sum(hash_record_extended(s, 0))::text FROM {source} s"
            for place, source in enumerate(sources)
        )
        return {sources[place]: digest for place, digest in self.database.run(sql) or ()}


def bearer(secret: str, **more: str) -> Headers:
    """The headers of whoever has a key or a token."""
    return {"Authorization": f"Bearer {secret}", **more}


@pytest.fixture(scope="module")
def world(
    make_account: MakeAccount, superuser: Connection, door: Callable[[str], Door], realm: Realm
) -> World:
    """Everybody."""
    team, manage = Team(superuser), door("manage_account")
    victim, suspended = (_open(make_account(live=True), door, team, superuser) for _ in range(2))
    other, third = make_account(), make_account()
    _settle(victim.account)

    def member(shop: Account, duty: str, mode: str = "test", at: Account | None = None) -> Headers:
        where = {"Pay-Account": (at or shop).id, "Pay-Mode": mode}
        return bearer(realm.token(team.join(shop.id, duty)), **where)

    def outsider(role: str) -> Headers:
        return bearer(
            realm.token("nobody-here", role),
            **{"Pay-Account": victim.account.id, "Pay-Mode": "test"},
        )

    def looks_into(account: str, mode: str = "test", number: int = 0) -> Headers:
        admin = realm.token(f"who-{number}-looks-into-{account}-{mode}", "admin")
        opened = door("manage_platform").post(
            f"/v1/accounts/{account}/accesses",
            {"mode": mode, "reason": "because somebody must look", "minutes": 60},
            key=admin,
        )
        assert opened.status == 200
        return bearer(admin, **{"Pay-Account": victim.account.id, "Pay-Mode": "test"})

    def made(body: object) -> dict[str, Any]:
        key: dict[str, Any] = manage.post("/v1/api_keys", body, key=victim.account.secret_key).json
        return key

    revoked = made(RESTRICTED)
    manage.post(f"/v1/api_keys/{revoked['id']}/revoke", key=victim.account.secret_key)
    superuser.run(
        "UPDATE platform.accounts SET state = 'suspended' WHERE id = :id", id=suspended.account.id
    )
    live_key = victim.account.live_key
    return World(
        victim=victim,
        suspended=suspended,
        strangers={
            "another account's key": bearer(other.secret_key),
            "another account's owner": member(third, "owner"),
            "the key of the other mode": bearer(live_key),
            "the owner in the other mode": member(victim.account, "owner", "live"),
        },
        turned_away={
            "nobody": ({}, 401),
            "a revoked key": (bearer(revoked["secret"]), 401),
            "an owner who names an account of others": (
                member(other, "owner", at=victim.account),
                404,
            ),
            "a customer": (outsider("customer"), 404),
            "an administrator": (outsider("admin"), 404),
            "an administrator with access to another account": (looks_into(other.id), 404),
            "an administrator with access to the other mode": (
                looks_into(victim.account.id, "live"),
                404,
            ),
        },
        lower={
            scope: bearer(made({"kind": "restricted", "scopes": [scope.value]})["secret"])
            for scope in (Scope.EVENTS_READ, Scope.BALANCE_READ)
        },
        viewer=member(victim.account, "viewer"),
        # One access may look so often in ten seconds, and a fast machine asks oftener.
        administrators=tuple(looks_into(victim.account.id, number=n) for n in range(8)),
        suspended_people={
            "its key": bearer(suspended.key),
            "its owner": member(suspended.account, "owner"),
        },
        door=door,
        database=superuser,
    )


def _settle(account: Account) -> None:
    """Have what is available go to a number of the account's own, in no time that comes here."""
    rule = SettlementRule(
        id=an_id("sr"),
        account=account.id,
        livemode=False,
        phone=PhoneNumber("+237670000001"),
        operator=Operator.MTN,
        name=CANARY,
        every=Every.DAY,
        weekday=None,
        hour=18,
        minimum=1,
        keep_back=0,
        set_by="nobody",
        set_at=moment(),
    )
    due_at = moment() + timedelta(days=1)
    settlements.store(account.test).replace(rule, an_entry(), due_at=due_at)


def _open(account: Account, door: Callable[[str], Door], team: Team, superuser: Connection) -> Shop:
    key, used = account.secret_key, {"Idempotency-Key": USED_KEY}
    buyer = {"name": CANARY, "reference": REFERENCE, "phone": PHONE, "email": EMAIL}
    customer = door("manage_account").post("/v1/customers", buyer, key=key).json["id"]
    order = {
        **(ROWS["create_charge"].body or {}),
        "reference": REFERENCE,
        "customer": customer,
        "description": CANARY,
    }
    charge = door("create_charge").post("/v1/charges", order, key=key, headers=used).json
    superuser.run(
        _NAMED_BY_THE_OPERATOR.format(schema=account.test.schema),
        id=charge["id"],
        words=OPERATOR_ID,
    )
    refund = an_id("rf")
    sql = _REFUND.format(schema=account.test.schema)
    superuser.run(sql, id=refund, charge=charge["id"], reason=CANARY)
    payout, batch, schema = an_id("po"), an_id("pb"), account.test.schema
    superuser.run(_BATCH.format(schema=schema), id=batch, words=CANARY)
    superuser.run(
        _PAYOUT.format(schema=schema), id=payout, reference=REFERENCE, words=CANARY, batch=batch
    )
    superuser.run(_FUND.format(schema=schema))
    invoice = an_id("in")
    superuser.run(
        _INVOICE,
        id=invoice,
        account=account.id,
        owner=schema,
        words=CANARY,
        code=invoice[3:] + "22",
    )
    report = an_id("frr")
    superuser.run(_REPORT.format(schema=schema), id=report)
    late = an_id("lp")
    superuser.run(_LATE.format(schema=schema), id=late, charge=charge["id"], words=CANARY)
    reversal, sql = an_id("rv"), _REVERSAL.format(schema=schema)
    superuser.run(sql, id=reversal, charge=charge["id"], words=CANARY)
    topup = an_id("tu")
    superuser.run(_TOPUP.format(schema=schema), id=topup, words=CANARY)
    receipt, sql = an_id("rcp"), _RECEIPT.format(schema=account.test.schema)
    superuser.run(sql, id=receipt, charge=charge["id"], words=CANARY, code=receipt[4:] + "22")
    file, sql = an_id("file"), _FILE.format(schema=account.test.schema)
    superuser.run(sql, id=file, words=CANARY)
    booked, sql = an_id("txn"), _BOOKED.format(schema=account.test.schema)
    superuser.run(sql, id=booked, refund=refund)
    event = door("read_payments").get("/v1/events", key=key).json["data"][0]
    spare, stolen = (
        door("manage_account").post("/v1/api_keys", {"kind": "secret"}, key=key).json
        for _ in range(2)
    )
    asked = {"amount": 1500, "currency": "xaf", "reference": REFERENCE, "description": CANARY}
    checkout, link = (
        door("manage_account").post(f"/v1/{kind}", asked, key=key).json["id"]
        for kind in ("checkouts", "payment_links")
    )
    entry = door("read_payments").get("/v1/audit_entries?limit=1", key=key).json["data"][0]
    request = an_id("req")
    superuser.run(_ASKED, id=request, account=account.id, key=stolen["id"])
    objects = {
        "ch": charge["id"],
        "cus": customer,
        "rf": refund,
        "po": payout,
        "lp": late,
        "rv": reversal,
        "pb": batch,
        "tu": topup,
        "txn": booked,
        "in": invoice,
        "file": file,
        "rcp": receipt,
        "frr": report,
        "evt": event["id"],
        "key": stolen["id"],
        "aud": entry["id"],
        "req": request,
        "cs": checkout,
        "plink": link,
        "we": account.webhook_endpoint,
        "wd": delivery_id(event["id"], account.webhook_endpoint),
        "inv": team.offer(account.id, team.join(account.id, "owner")),
        "person": team.join(account.id, "viewer"),
    }
    words = {
        "reference": REFERENCE,
        "idempotency key": USED_KEY,
        "endpoint": account.webhook_endpoint,
        "event": event["id"],
        "customer": customer,
        "phone": PHONE,
        "email": EMAIL,
        "operator_transaction_id": OPERATOR_ID,
    }
    return Shop(account, Loot(objects, words, CANARY), spare["secret"])


def test_every_operation_has_a_row() -> None:
    """An operation that nobody thought of fails here, before it is attacked."""
    assert {operation.operation_id for operation in MERCHANT} == set(ROWS)


@each_operation
def test_no_id_travels_in_a_body_unseen(operation: Operation) -> None:
    """A body that names an object by its id carries what may be another's."""
    body = ROWS[operation.operation_id].body or {}

    assert ids_in_the_body(operation) <= {name for name, value in body.items() if value == STOLEN}


@each_operation
def test_what_is_another_s_is_as_if_it_never_was(world: World, operation: Operation) -> None:
    """Status and body are those for what does not exist; nothing is told of it, nothing changes."""
    before, loot = world.belongings(), world.victim.loot
    at_home = {"the owner in the other mode"} if ROWS[operation.operation_id].of_team else set()

    for name, who in world.strangers.items():
        if name in at_home:
            continue
        pairs = zip(askings(operation, loot), askings(operation, loot.imagined()), strict=True)
        for theirs, nobodys in pairs:
            found, missing = (world.ask(operation, asking, who) for asking in (theirs, nobodys))

            place = f"{operation.operation_id} by {name}: {theirs.carrier}"
            assert found.status == missing.status, place
            assert theirs.carrier != "id in the path" or found.status in {403, 404}, place
            # Two who are at work in one place may have used a key there, which is not the victim's.
            replayed = ["Idempotent-Replayed" in each.headers for each in (found, missing)]
            # The same words under the same key are a replay of her own.
            assert replayed[0] == replayed[1] or theirs == nobodys, place
            if found.status >= 400 or operation.method == "GET":
                assert _bare(found, theirs) == _bare(missing, nobodys), place
            told = [word for word in loot.canaries if word in _bare(found, theirs)]
            assert told == [], place
    assert world.belongings() == before


@each_operation
def test_whoever_is_nobody_here_learns_nothing(world: World, operation: Operation) -> None:
    """Nobody and a revoked key 401, no member 404: one answer to all, whatever is asked for."""
    _hold_to_one_answer(world, operation, world.turned_away)


@each_operation
def test_a_lower_right_is_refused_before_anything_is_looked_up(
    world: World, operation: Operation
) -> None:
    """A key without the scope, and a viewer who would change something: 403 for all there is."""
    lower = next(
        who for scope, who in world.lower.items() if SCOPE_OF[operation.operation_id] != scope
    )
    refused = {"a key without the scope": (lower, 403)}
    row = ROWS[operation.operation_id]
    if operation.method != "GET" and not row.looks and not row.hers:
        refused["a viewer"] = (world.viewer, 403)
    _hold_to_one_answer(world, operation, refused)


@each_operation
def test_an_access_reads_its_set_and_changes_nothing(world: World, operation: Operation) -> None:
    """An administrator who has opened one: reads are answered and told, all else is 403."""
    is_open = SCOPE_OF[operation.operation_id] in OF_ACCESS
    before, loot = world.belongings(), world.victim.loot
    asked = list(askings(operation, loot))
    administrator = world.administrators[MERCHANT.index(operation) % len(world.administrators)]
    statuses = {world.ask(operation, asking, administrator).status for asking in asked}
    after = world.belongings()
    chain = f'"{world.victim.account.test.schema}".audit_entries'

    row = ROWS[operation.operation_id]
    assert is_open == ((operation.method == "GET" or row.looks) and not row.hers)
    assert statuses == {200 if is_open else 403}
    changed = {source for source in after if after[source] != before.get(source)}
    # A ticket is in the asker's hand, though its row names the account.
    assert {source for source in changed if "stream_tickets" not in source} == (
        {chain} if is_open else set()
    )


@each_operation
def test_a_suspended_account_looks_and_changes_nothing(world: World, operation: Operation) -> None:
    """It reads its own and may end a key; whatever else would change something is refused."""
    row = ROWS[operation.operation_id]
    expected = row.when_suspended
    asking = next(iter(askings(operation, world.suspended.loot)))
    for name, who in world.suspended_people.items():
        if row.of_team and name == "its key":
            continue
        reply = world.ask(operation, asking, who)

        assert reply.status == expected, f"{operation.operation_id} by {name}"
        is_never_its = row.for_people and name == "its key"
        code = "permission_denied" if is_never_its else "account_suspended"
        assert expected != 403 or reply.error["code"] == code


@pytest.mark.parametrize("operation", [op for op in MERCHANT if "{" in op.path], ids=_by_id)
def test_time_tells_no_more_than_the_answer(
    world: World, operation: Operation, trial: Trial
) -> None:
    """What is another's is refused in the time of what never was, but for the machine's noise."""
    loot, stranger = world.victim.loot, world.strangers["another account's key"]
    pair = [next(iter(askings(operation, one))) for one in (loot, loot.imagined())]

    def apart() -> float:
        took: tuple[list[float], list[float]] = ([], [])
        for _ in range(trial.size(8, 400)):
            for times, asking in zip(took, pair, strict=True):
                began = time.perf_counter()
                world.ask(operation, asking, stranger)
                times.append(time.perf_counter() - began)
        # The quicker half of a busy machine is the quiet one; nightly there are enough of both.
        first, second = (statistics.quantiles(times)[0] for times in took)
        return abs(first - second)

    # Noise comes and goes; a real difference is there each time.
    is_alike = any(apart() <= MOST_DIFFERENCE_SECONDS for _ in range(6))
    trial.record(f"E38 times of {operation.operation_id}", 1, wrong=int(not is_alike))


def _hold_to_one_answer(
    world: World, operation: Operation, refused: Mapping[str, tuple[Headers, int]]
) -> None:
    before, loot = world.belongings(), world.victim.loot
    for name, (who, status) in refused.items():
        answers = set()
        for asking in (*askings(operation, loot), *askings(operation, loot.imagined())):
            reply = world.ask(operation, asking, who)
            assert reply.status == status, f"{operation.operation_id} by {name}: {asking.carrier}"
            answers.add(_REQUEST_ID.sub("", reply.content.decode()))
        assert len(answers) == 1, f"{operation.operation_id} by {name}"
    assert world.belongings() == before


def _bare(reply: Reply, asking: Asking) -> str:
    """An answer without its request's id, and without the words of the question itself."""
    text = _REQUEST_ID.sub("", reply.content.decode())
    body = asking.body if isinstance(asking.body, Mapping) else {}
    asked = [*re.split("[/?=]", asking.path), *body.values()]
    for word in asked:
        if isinstance(word, str) and len(word) > 12:
            text = text.replace(word, "")
    return text
