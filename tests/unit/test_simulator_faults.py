"""What a test may order is checked word by word before it is kept."""

import pytest

from shared.simulator.faults import (
    AFTER_EFFECT,
    BEFORE_EFFECT,
    KINDS,
    Fault,
    FaultError,
    operation_of,
    parse_fault,
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_can_be_ordered_by_its_name(kind: str) -> None:
    """Its example stands for what is not said, and it survives the database."""
    fault = parse_fault(kind)

    assert fault.kind == kind
    assert Fault.from_json(fault.to_json()) == fault
    assert operation_of(fault, None) == KINDS[kind].operations[0]


def test_every_fault_that_replaces_an_answer_is_a_known_one() -> None:
    """The two lists name nothing that cannot be ordered, and share nothing."""
    assert KINDS.keys() >= BEFORE_EFFECT | AFTER_EFFECT
    assert not BEFORE_EFFECT & AFTER_EFFECT


@pytest.mark.parametrize(
    "order",
    [
        None,
        7,
        [],
        {},
        {"kind": 5},
        {"kind": "callback_late", "seconds": True},
        {"kind": "callback_late", "seconds": float("nan")},
        {"kind": "callback_late", "seconds": 601},
        {"kind": "hold_after", "seconds": 61},
        {"kind": "error_before", "http_status": 99},
        {"kind": "error_before", "http_status": "500"},
        {"kind": "error_before", "code": "x" * 101},
        {"kind": "wrong_amount", "amount": 5},
        {"kind": "wrong_amount", "seconds": 5},
        {"kind": "outcome", "status": "CREATED"},
        {"kind": "gateway_fault", "form": "yaml"},
        {"kind": "callback_nested", "form": None},
    ],
)
def test_a_malformed_order_is_an_error(order: object) -> None:
    """Wrong kinds, types, ranges and parameters of other faults."""
    with pytest.raises(FaultError):
        parse_fault(order)


@pytest.mark.parametrize(("kind", "operation"), [("callback_none", "read"), ("token_short", 5)])
def test_a_fault_strikes_only_where_it_can(kind: str, operation: object) -> None:
    """No callback fault on a read."""
    with pytest.raises(FaultError):
        operation_of(parse_fault(kind), operation)
