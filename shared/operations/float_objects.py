"""The public form of wallets and of moves between them, to administrators."""

from datetime import datetime
from typing import Any

from shared.domain.float_move import FloatMove
from shared.domain.operator_float import FloatReading
from shared.operations.move_float import OwnedWallet
from shared.operations.objects import seconds_or_none, unix_seconds


def float_object(wallet: OwnedWallet) -> dict[str, Any]:
    """Return a wallet with what was read of it last; amounts in whole XAF."""
    contract, reading = wallet.contract, wallet.reading
    return {
        "id": contract.id,
        "object": "float",
        "operator": contract.operator.value,
        "product": contract.product,
        "owner": wallet.owner,
        "mode": _mode(livemode=contract.livemode),
        "currency": contract.currency.lower(),
        "reading": None if reading is None else _reading(reading),
        "cut_off": [
            {"operation": operation.value, "since": unix_seconds(since)}
            for operation, since in wallet.cut_off
        ],
    }


def float_move_object(move: FloatMove, *, now: datetime) -> dict[str, Any]:
    """Return a move and how it stands; `amount` in whole XAF."""
    return {
        "id": move.id,
        "object": "float_move",
        "mode": _mode(livemode=move.livemode),
        "kind": move.kind.value,
        "from": move.from_account,
        "to": move.to_account,
        "account": move.account,
        "amount": move.amount,
        "currency": "xaf",
        "reference": move.reference,
        "reason": move.reason,
        "status": move.status(now),
        "content_sha256": move.content_sha256,
        "proposed_by": move.proposed_by,
        "proposed_at": unix_seconds(move.proposed_at),
        "expires_at": unix_seconds(move.expires_at),
        "decided_by": move.decided_by,
        "decided_at": seconds_or_none(move.decided_at),
        "transaction": move.transaction,
    }


def _reading(reading: FloatReading) -> dict[str, Any]:
    return {
        "at": unix_seconds(reading.at),
        "as_of": unix_seconds(reading.as_of),
        "source": reading.source.value,
        "balance": reading.balance,
        "word": reading.word,
        "share": reading.books.share,
        "own": reading.books.own,
        "coming": reading.books.coming,
        "going": reading.books.going,
        "difference": reading.difference,
    }


def _mode(*, livemode: bool) -> str:
    return "live" if livemode else "test"
