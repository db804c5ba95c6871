"""Our own rules find what they are for, leave the rest alone, and hold over the whole tree."""

from pathlib import Path

import pytest

from knative.catalogue import ROOT
from tests.architecture import rules
from tests.architecture.rules import Rule

MONEY = ("shared/domain", "shared/operations", "shared/db")
CORE = ("shared/domain", "shared/operations")
CODE = ("shared", "functions", "knative")
EVERYTHING = (*CODE, "tests")
RULES: dict[Rule, tuple[str, ...]] = {
    rules.floats: MONEY,
    rules.divisions: CORE,
    rules.clocks_and_environment: CORE,
    rules.statuses_by_hand: ("shared/db", "shared/operations", "shared/runtime", "functions"),
    rules.payment_updates: ("shared/operations", "shared/runtime", "functions", "knative"),
    rules.contexts_of_a_session: ("shared", "functions"),
    rules.calls_without_timeout: CODE,
    rules.suppressions_without_reason: EVERYTHING,
    rules.undocumented_tests: ("tests",),
    rules.module_without_sentence: EVERYTHING,
    rules.sleeps_outside_loops: ("tests",),
}


@pytest.mark.parametrize(
    ("rule", "breaking"),
    [
        (rules.floats, "fee = 0.02"),
        (rules.floats, "amount = float(text)"),
        (rules.floats, "total = math.fsum(amounts)"),
        (rules.divisions, "half = amount / 2"),
        (rules.divisions, "amount /= 2"),
        (rules.clocks_and_environment, "now = datetime.now(UTC)"),
        (rules.clocks_and_environment, "now = dt.datetime.now(dt.UTC)"),
        (rules.clocks_and_environment, "now = time.time()"),
        (rules.clocks_and_environment, "clock = time.monotonic"),
        (rules.clocks_and_environment, "from time import time"),
        (rules.clocks_and_environment, "base = os.environ['PUBLIC_BASE_URL']"),
        (rules.clocks_and_environment, "from os import environ, path"),
        (rules.statuses_by_hand, "replace(charge, status=ChargeStatus.SUCCEEDED)"),
        (rules.statuses_by_hand, "charges.update().values(status='failed')"),
        (rules.payment_updates, "sql = 'update  charges SET status = :after'"),
        (rules.payment_updates, "sql = f'UPDATE {schema}.charges'; also = 'UPDATE t.charges'"),
        (rules.contexts_of_a_session, "engine.execution_options(isolation_level='AUTOCOMMIT')"),
        (rules.contexts_of_a_session, "connection.autocommit = True"),
        (rules.contexts_of_a_session, "connect(autocommit=True)"),
        (rules.contexts_of_a_session, "connection.run('SET ROLE x')"),
        (rules.contexts_of_a_session, "connection.run(f'BEGIN; set search_path = {schema}')"),
        (rules.contexts_of_a_session, "sql = \"SELECT set_config('role', 'x', false)\""),
        (rules.calls_without_timeout, "pool = urllib3.PoolManager(maxsize=8)"),
        (rules.calls_without_timeout, "urlopen('https://example.com')"),
        (rules.calls_without_timeout, "socket.create_connection(address)"),
        (rules.suppressions_without_reason, "x = 1  # noqa"),
        (rules.suppressions_without_reason, "x = 1  # noqa: S101"),
        (rules.suppressions_without_reason, "x = 1  # type: ignore"),
        (rules.suppressions_without_reason, "x = 1  # type: ignore[arg-type]"),
        (rules.undocumented_tests, "def test_money_adds_up():\n    assert True"),
        (rules.module_without_sentence, "import ast"),
        (rules.sleeps_outside_loops, "def test_x():\n    time.sleep(1)"),
    ],
)
def test_a_rule_finds_what_it_is_for(rule: Rule, breaking: str) -> None:
    """A rule that finds nothing protects nothing."""
    assert len(rule(breaking)) == 1


@pytest.mark.parametrize(
    ("rule", "clean"),
    [
        (rules.floats, "def remaining(self) -> float: ...\nname = float_account(account)"),
        (rules.floats, "CONNECT_SECONDS: Final = 2.5"),
        (rules.divisions, "share = amount // 2"),
        (rules.clocks_and_environment, "def settle(now): return now + clock()"),
        (rules.statuses_by_hand, "Charge(status=ChargeStatus.CREATED)"),
        (rules.statuses_by_hand, "replace(charge, status=after(charge.status, event))"),
        (rules.payment_updates, "sql = 'UPDATE due_work SET done_at = now()'"),
        (rules.contexts_of_a_session, "sql = 'BEGIN; SET LOCAL ROLE x; UPDATE y\\nSET z = 1'"),
        (rules.contexts_of_a_session, "sql = \"SELECT set_config('role', 'x', true)\""),
        (rules.calls_without_timeout, "urllib3.PoolManager(timeout=Timeout(connect=3, read=20))"),
        (rules.calls_without_timeout, "PoolManager(**limits)"),
        (rules.calls_without_timeout, "await loop.create_connection(protocol, host, port)"),
        (rules.suppressions_without_reason, "x = 1  # noqa: S101 - this is why"),
        (rules.suppressions_without_reason, "x = 1  # type: ignore[arg-type] # this is why"),
        (rules.suppressions_without_reason, "pattern = '# noqa'"),
        (rules.undocumented_tests, 'def test_x():\n    """Keeps a promise."""'),
        (rules.module_without_sentence, ""),
        (rules.sleeps_outside_loops, "while not done():\n    time.sleep(0.01)"),
    ],
)
def test_a_rule_leaves_the_rest_alone(rule: Rule, clean: str) -> None:
    """A rule that cries without need is soon switched off."""
    assert rule(clean) == []


def test_the_tree_keeps_each_rule() -> None:
    """Nothing in the repository breaks a rule of ours."""
    held = {
        rule: {path for folder in folders for path in _modules(ROOT / folder)}
        for rule, folders in RULES.items()
    }
    broken = [
        f"{path.relative_to(ROOT)}: {rule.__name__}: {what}"
        for path in sorted(set.union(*held.values()))
        for source in [path.read_text("utf-8")]
        for rule in held
        if path in held[rule]
        for what in rule(source)
    ]

    assert broken == []


def _modules(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*.py") if "node_modules" not in path.parts]
    assert found, f"{folder} holds no module: the rule would hold for nothing"
    return sorted(found)
