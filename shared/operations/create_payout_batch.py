"""Takes a batch of payouts whole, or refuses it whole and says all that is wrong, line by line."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from shared.domain.account import Caller
from shared.domain.approval import Approval
from shared.domain.batch_admission import batch_admission
from shared.domain.errors import InvalidLines, InvalidRequest, LineFault, Refusal
from shared.domain.ids import new_id
from shared.domain.intent import key_hmac
from shared.domain.money import XAF
from shared.domain.notification import Kind, Notification
from shared.domain.outgoing import SUBMIT_WITHIN, OutgoingStatus
from shared.domain.payout import Payout
from shared.domain.payout_batch import (
    MOST_LINES,
    OPERATION,
    BatchStatus,
    PayoutBatch,
    Tally,
)
from shared.domain.phone import Operator
from shared.operations import batch_moves as moves
from shared.operations.batch_csv import column_of, read_file
from shared.operations.batch_lines import Faults, Line, read_lines
from shared.operations.batch_store import BatchStore
from shared.operations.create_charge import (
    DESCRIPTION_LENGTH,
    fingerprint,
    read_metadata,
    read_text,
)
from shared.operations.create_payout import (
    KEY_HEADER,
    PayoutTerms,
    maker_of,
    may_pay_out,
    within,
)
from shared.operations.lists import refuse_unknown
from shared.operations.ports import IdempotencyUse, Reached, Replayed, Stored

LINES: Final = "payouts"
FIELDS: Final = frozenset({"currency", LINES, "description", "metadata"})
TermsOf = Callable[[Operator], PayoutTerms]


@dataclass(frozen=True, slots=True)
class CreatePayoutBatch:
    """A wish for a batch: its good lines, and all that is wrong with others."""

    lines: Sequence[Line]
    faults: Sequence[LineFault]
    description: str | None
    metadata: Mapping[str, str]
    fingerprint: str
    is_file: bool = False

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "CreatePayoutBatch":
        """Read a JSON body. Raises InvalidRequest for what is wrong beside the lines."""
        refuse_unknown(body, FIELDS)
        currency = body.get("currency")
        if currency is None:
            raise InvalidRequest("parameter_missing", "currency")
        if not isinstance(currency, str) or currency.upper() != XAF:
            raise InvalidRequest("currency_unsupported", "currency")
        raw = body.get(LINES)
        if raw is None:
            raise InvalidRequest("parameter_missing", LINES)
        if not isinstance(raw, list):
            raise InvalidRequest("parameter_invalid", LINES)
        if not raw:
            raise InvalidRequest("batch_empty", LINES)
        if len(raw) > MOST_LINES:
            raise InvalidRequest("batch_too_large", LINES, limit=MOST_LINES)
        faults = Faults()
        return cls(
            lines=read_lines(dict(enumerate(raw, start=1)), faults),
            faults=faults.found,
            description=read_text(body, "description", DESCRIPTION_LENGTH),
            metadata=read_metadata(body.get("metadata")),
            fingerprint=fingerprint(body),
        )

    @classmethod
    def read(cls, content: bytes) -> "CreatePayoutBatch":
        """Read a file. Raises InvalidLines and InvalidRequest where it is none of payouts."""
        raw, faults_of_cells = read_file(content, LINES)
        faults = Faults(faults_of_cells)
        lines = read_lines(raw, faults)
        body = {"currency": "xaf", LINES: list(raw.values())}
        return cls(lines, faults.found, None, {}, fingerprint(body), is_file=True)

    def refusal(self, faults: Sequence[LineFault]) -> InvalidLines:
        """Return all that is wrong, in the words of whoever wrote it."""
        return InvalidLines(LINES, [column_of(f) for f in faults] if self.is_file else faults)


def create_payout_batch(
    command: CreatePayoutBatch,
    caller: Caller,
    *,
    terms_of: TermsOf,
    store: BatchStore,
    now: datetime,
    request_id: str,
    idempotency_key: str | None,
    reached: Reached,
) -> Stored | Replayed:
    """Store batch, lines, one hold, one event and one due row in one transaction.

    One that a second person must approve is held all the same, and nothing of it is sent.
    A key that was ever answered gets that answer, whatever has changed since. Raises InvalidLines
    with all that is wrong, InvalidRequest (`idempotency_key_missing`, `balance_insufficient`),
    KeyReused, InProgress, NotPermitted and TooManyRequests; then nothing changed.
    """
    if idempotency_key is None:
        may_pay_out(caller)
        raise InvalidRequest("idempotency_key_missing", KEY_HEADER)
    use = IdempotencyUse(OPERATION, idempotency_key, command.fingerprint)
    terms = {operator: terms_of(operator) for operator in Operator}
    try:
        may_pay_out(caller)
        paying = _paying(command, terms)
    except Refusal:
        earlier = store.replay(use)
        if earlier is None:
            raise
        return earlier
    batch, lines = _batch(command, caller, paying, terms, now=now, key=idempotency_key)
    event = moves.event_of(batch, at=now, request_id=request_id, idempotency_key=idempotency_key)
    any_terms = terms[lines[0].operator]
    days = {operator: _number_day(each, caller) for operator, each in terms.items()}
    reached("create_payout.before_batch_commit")
    try:
        outcome = store.create(
            batch,
            lines,
            admission=batch_admission(
                any_terms.rules,
                lines,
                number_key=any_terms.number_key,
                caller=caller,
                now=any_terms.counted_at or now,
                number_days=[days[line.operator] for line in lines],
            ),
            event=event,
            first_look_at=now if batch.approval is None else batch.approval.expires_at,
            idempotency=use,
            response=event.data,
            notice=None if batch.approval is None else _approval_wanted(batch, now),
        )
    except InvalidLines as refused:
        raise command.refusal(refused.faults) from None
    reached("create_payout.after_batch_commit")
    return outcome


def _paying(command: CreatePayoutBatch, terms: Mapping[Operator, PayoutTerms]) -> Mapping[int, str]:
    """Return by line which operator account pays it. Raises InvalidLines with all that is wrong."""
    faults, paying = Faults(command.faults), {}
    for line in command.lines:
        try:
            paying[line.number] = within(line.money, line.operator, terms[line.operator]).id
        except InvalidRequest as refusal:
            faults.add(line.number, refusal)
    if faults.found:
        raise command.refusal(faults.found)
    return paying


def _number_day(terms: PayoutTerms, caller: Caller) -> int:
    is_bound = terms.limits is not None and caller.tenant.livemode
    return (terms.limits.day or 0) if is_bound and terms.limits is not None else 0


def _batch(
    command: CreatePayoutBatch,
    caller: Caller,
    paying: Mapping[int, str],
    terms: Mapping[Operator, PayoutTerms],
    *,
    now: datetime,
    key: str,
) -> tuple[PayoutBatch, list[Payout]]:
    at_ms = int(now.timestamp() * 1000)
    batch_id, transaction = new_id("pb", at_ms), new_id("txn", at_ms)
    made_by = maker_of(caller)
    # Newest first shows a batch in the order of its lines.
    ids = sorted((new_id("po", at_ms) for _ in command.lines), reverse=True)
    secret = next(iter(terms.values())).intent_secret
    lines = [
        Payout(
            id=line_id,
            account=caller.tenant.account,
            livemode=caller.tenant.livemode,
            money=line.money,
            fees=terms[line.operator].fees_of(line.money),
            status=OutgoingStatus.QUEUED,
            operator=line.operator,
            operator_account=paying[line.number],
            phone=line.phone,
            name=line.name,
            description=line.description,
            reference=line.reference,
            metadata=line.metadata,
            # A line break is in no key: nobody else's key makes the same.
            intent_key=key_hmac(secret, f"{key}\n{place}"),
            balance_transaction=transaction,
            created_at=now,
            submit_before=now + SUBMIT_WITHIN,
            made_by=made_by,
            batch=batch_id,
            line=line.number,
        )
        for place, (line_id, line) in enumerate(zip(ids, command.lines, strict=True), start=1)
    ]
    fees: Counter[str] = Counter()
    for line in lines:
        fees.update(line.fees)
    batch = PayoutBatch(
        id=batch_id,
        account=caller.tenant.account,
        livemode=caller.tenant.livemode,
        status=BatchStatus.PROCESSING,
        line_count=len(lines),
        amount=sum(line.money.amount for line in lines),
        fees=dict(fees),
        balance_transaction=transaction,
        made_by=made_by,
        created_at=now,
        description=command.description,
        metadata=command.metadata,
    )
    queued = Tally(batch.line_count, batch.amount)
    batch = replace(batch, progress={OutgoingStatus.QUEUED: queued})
    rule = next(iter(terms.values())).rules.approval
    if not rule.wants(batch.amount, is_person=caller.member is not None):
        return batch, lines
    expires_at = now + rule.lasts
    approval = Approval(batch.content_sha256(lines, expires_at), expires_at)
    return replace(batch, status=BatchStatus.AWAITING_APPROVAL, approval=approval), lines


def _approval_wanted(batch: PayoutBatch, now: datetime) -> Notification:
    """What those are told who may approve it."""
    words = {"payout": batch.id, "amount": str(batch.amount)}
    return Notification.of(
        Kind.APPROVAL_WANTED, batch.account, words, livemode=batch.livemode, now=now
    )
