"""Every operation has its line, and what has none is refused."""

from dataclasses import replace

from shared.contracts.operations import OPERATIONS
from shared.domain.account import Caller, Tenant
from shared.domain.permissions import OPEN, SCOPE_OF, may

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


def test_a_restricted_key_does_what_its_scopes_say() -> None:
    """One scope opens its operations and no other."""
    key = replace(SECRET, kind="rk", scopes=frozenset({"charges:read"}))

    assert {operation for operation in SCOPE_OF if may(key, operation)} == {
        "list_charges", "read_charge",
    }  # fmt: skip
