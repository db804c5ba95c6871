"""Charges, their fees and their attempts, to and from the columns in which they lie."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from shared.domain.account import Tenant
from shared.domain.charge import Attempt, AttemptStatus, Charge, ChargeStatus
from shared.domain.fees import Bearer, FeeLine, Line
from shared.domain.money import Currency, Money
from shared.domain.phone import Operator, PhoneNumber

_ENCODER: Final = msgspec.json.Encoder()


def charge_from_row(row: Sequence[Any], tenant: Tenant) -> Charge:
    """Build a charge from the columns of `charge_statements.CHARGE`, in their order."""
    return Charge(
        id=row[0],
        account=tenant.account,
        livemode=tenant.livemode,
        money=Money(row[1], Currency(row[2])),
        amount_refunded=row[3],
        status=ChargeStatus(row[4]),
        failure_code=row[5],
        operator=Operator(row[6]),
        operator_account=row[7],
        phone=None if row[8] is None else PhoneNumber(row[8]),
        operator_transaction_id=row[9],
        reference=row[10],
        description=row[11],
        return_url=row[12],
        metadata=row[13],
        balance_transaction=row[14],
        submit_before=row[15],
        lease_until=row[16],
        resends=row[17],
        created_at=row[18],
        succeeded_at=row[19],
        hold=timedelta(seconds=row[20]),
        fees=fee_lines_from(row[21]),
        amount_reversed=row[22],
        customer=row[23],
        receipt_number=row[24],
        receipt_code=row[25],
        receipt_stored=row[26] is not None,
        page=row[27],
    )


def fee_lines_json(lines: Iterable[FeeLine]) -> str:
    """Write computed lines as they are stored with what they are taken of."""
    return _ENCODER.encode(
        [
            {"rule": fee.rule, "line": fee.line, "amount": fee.amount, "borne_by": fee.bearer}
            for fee in lines
        ]
    ).decode()


def metadata_json(metadata: Mapping[str, str]) -> str:
    """Write a merchant's own texts as they are stored."""
    return _ENCODER.encode(metadata).decode()


def fee_lines_from(stored: Iterable[Mapping[str, Any]]) -> tuple[FeeLine, ...]:
    """Read them again."""
    return tuple(
        FeeLine(fee["rule"], Line(fee["line"]), fee["amount"], Bearer(fee["borne_by"]))
        for fee in stored
    )


def attempt_from_row(row: Sequence[Any], charge_id: str) -> Attempt | None:
    """Build the attempt of a charge, or of a refund, from its columns; None where there is none."""
    if row[0] is None:
        return None
    return Attempt(
        id=row[0],
        charge_id=charge_id,
        number=row[1],
        reference=row[2],
        operator_account=row[3],
        status=AttemptStatus(row[4]),
        not_found_reads=row[5],
        first_not_found_at=row[6],
        operator_reference=row[7],
    )
