"""Every operation has its line, and what has none is refused."""

from dataclasses import replace

import pytest

from shared.contracts.operations import OPERATIONS
from shared.domain.account import Caller, Tenant
from shared.domain.permissions import OPEN, SCOPE_OF, Rights, Scope, may

SECRET = Caller(
    tenant=Tenant("acct_2222222222222222", livemode=False),
    key_id="0123456789",
    kind="sk",
    scopes=frozenset({"*"}),
    language="fr",
    charges_enabled=True,
    suspended=False,
)


def test_every_operation_has_exactly_one_row() -> None:
    """An operation without a row fails here before it fails a merchant."""
    assert {operation.operation_id for operation in OPERATIONS} == OPEN | set(SCOPE_OF)
    assert not OPEN & set(SCOPE_OF)


def test_open_operations_are_those_that_need_no_key() -> None:
    """The contract's auth class and the table agree."""
    keyless = {op.operation_id for op in OPERATIONS if op.auth != "secret_key"}

    assert keyless == OPEN


def test_what_has_no_row_is_refused() -> None:
    """Deny is the default."""
    assert not may(SECRET, "read_secrets")


def test_a_publishable_key_moves_and_reads_nothing() -> None:
    """A key that lies in web pages opens no operation of ours."""
    assert not any(may(replace(SECRET, kind="pk"), operation) for operation in SCOPE_OF)


@pytest.mark.parametrize(
    ("kind", "livemode", "scopes", "expected"),
    [
        ("sk", False, {"*"}, True),
        ("sk", True, {"*"}, False),
        ("sk", True, {"*", "keys:write"}, True),
        ("rk", False, {"*"}, False),
        ("rk", False, {"keys:write"}, True),
        ("rk", True, {"keys:write"}, True),
        ("pk", False, {"*", "keys:write"}, False),
        ("xk", False, {"*", "keys:write"}, False),
    ],
)
def test_keys_are_written_by_those_who_have_it_by_name(
    kind: str, *, livemode: bool, scopes: set[str], expected: bool
) -> None:
    """`*` alone makes keys with a secret key of the test mode only."""
    held = Rights(kind, livemode, scopes)

    assert held.holds(Scope.KEYS_WRITE) is expected
    assert held.holds(Scope.KEYS_READ) is ("*" in scopes and kind in {"sk", "rk"})


def test_everything_is_included_in_everything_alone() -> None:
    """A key with each of today's scopes does not include `*`, which grows with time."""
    named = Rights("sk", livemode=False, scopes={scope.value for scope in Scope})
    everything = Rights("sk", livemode=False, scopes={"*"})

    assert everything.includes(named)
    assert not named.includes(everything)
    assert named.includes(Rights("pk", livemode=False, scopes={"*"}))


def test_a_restricted_key_does_what_its_scopes_say() -> None:
    """One scope opens its operations and no other."""
    key = replace(SECRET, kind="rk", scopes=frozenset({"charges:read"}))

    assert {operation for operation in SCOPE_OF if may(key, operation)} == {
        "list_charges", "read_charge",
    }  # fmt: skip
