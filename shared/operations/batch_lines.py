"""Reads the lines of a batch to the last one and says all that is wrong with each."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from shared.domain.errors import InvalidRequest, LineFault, Refusal
from shared.domain.money import XAF, Money
from shared.domain.phone import PAYEE_PARAM, Operator, PhoneNumber
from shared.operations.create_charge import (
    DESCRIPTION_LENGTH,
    REFERENCE_LENGTH,
    read_metadata,
    read_method,
    read_money,
    read_operator,
    read_text,
)
from shared.operations.create_payout import DESTINATION, read_name, read_number

FIELDS: Final = frozenset({"amount", DESTINATION, "description", "reference", "metadata"})
_OF_DESTINATION: Final = frozenset({"type", "phone", "operator", "name"})
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Line:
    """A well-formed line with its number, of a file its row. Money is in whole XAF."""

    number: int
    money: Money
    phone: PhoneNumber
    operator: Operator
    name: str | None
    description: str | None
    reference: str | None
    metadata: Mapping[str, str]


class Faults:
    """All that is wrong with the lines so far."""

    def __init__(self, found: Iterable[LineFault] = ()) -> None:
        """Begin with what another reader has found."""
        self.found: list[LineFault] = list(found)

    def add(self, line: int, refusal: Refusal) -> None:
        """Keep what a reader refused."""
        self.found.append(LineFault(line, refusal.param, refusal.code, refusal.values))

    def of(self, line: int, read: Callable[[], T]) -> T | None:
        """Return what a reader of one field says, or keep what it refuses."""
        try:
            return read()
        except InvalidRequest as refusal:
            self.add(line, refusal)
            return None


def read_lines(raw: Mapping[int, object], faults: Faults) -> list[Line]:
    """Return the good lines of a batch by their numbers; what is wrong with others is kept."""
    lines = []
    for number, each in raw.items():
        line = _read_line(number, each, faults)
        if line is not None:
            lines.append(line)
    _refuse_duplicates(lines, faults)
    return lines


def _read_line(number: int, raw: object, faults: Faults) -> Line | None:
    if not isinstance(raw, dict):
        faults.found.append(LineFault(number, None, "parameter_invalid"))
        return None
    known_before = len(faults.found)
    for name in raw.keys() - FIELDS:
        faults.add(number, InvalidRequest("parameter_unknown", str(name)[:100]))
    money = faults.of(number, lambda: read_money({"amount": raw.get("amount"), "currency": XAF}))
    destination = faults.of(
        number, lambda: read_method(raw.get(DESTINATION), DESTINATION, _OF_DESTINATION)
    )
    phone = operator = name = None
    if destination is not None:
        phone = faults.of(number, lambda: read_number(destination))
        name = faults.of(number, lambda: read_name(destination))
    if destination is not None and phone is not None:
        operator = faults.of(number, lambda: _operator(destination, phone))
    description = faults.of(number, lambda: read_text(raw, "description", DESCRIPTION_LENGTH))
    reference = faults.of(
        number, lambda: read_text(raw, "reference", REFERENCE_LENGTH, code="reference_invalid")
    )
    metadata = faults.of(number, lambda: read_metadata(raw.get("metadata")))
    if len(faults.found) > known_before or money is None or phone is None or operator is None:
        return None
    return Line(number, money, phone, operator, name, description, reference, metadata or {})


def _operator(destination: Mapping[str, Any], phone: PhoneNumber) -> Operator:
    return read_operator(destination.get("operator"), phone, within=DESTINATION)


def _refuse_duplicates(lines: Iterable[Line], faults: Faults) -> None:
    """Refuse a line that pays as much to the same number as one before, or has its reference."""
    paid: dict[tuple[str, int], int] = {}
    named: dict[str, int] = {}
    for line in lines:
        first = paid.setdefault((line.phone.e164, line.money.amount), line.number)
        if first != line.number:
            faults.found.append(
                LineFault(line.number, PAYEE_PARAM, "line_duplicate", {"first": first})
            )
        if line.reference is None:
            continue
        first = named.setdefault(line.reference, line.number)
        if first != line.number:
            faults.found.append(
                LineFault(line.number, "reference", "line_reference_duplicate", {"first": first})
            )
