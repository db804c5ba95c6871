"""Reading payouts and refunds at MTN: only its own final words end one."""

import pytest

from shared.domain.money import Money
from shared.operations.ports import PaymentRead, ReadState
from shared.providers.mtn import codes
from tests.scripted_mtn import HTML, ScriptedMtn, code
from tests.scripted_server import RESET, Play, answer
from tests.unit.mtn_payouts import MISSING, PAID, PAYEE, TRANSFER, WAYS, read, status


@pytest.mark.parametrize("way", WAYS)
def test_a_payout_is_read_whole(way: str) -> None:
    """A success brings MTN's number, the money and whom it paid."""
    with ScriptedMtn(status()) as mtn:
        found = read(mtn, way)

        (get,) = mtn.calls
        assert (get.method, get.body) == ("GET", b"")
        assert get.path == f"/mtn/disbursement/v1_0/{way}/{TRANSFER.reference}"
    assert found == PaymentRead(
        ReadState.SUCCEEDED,
        "SUCCESSFUL",
        operator_transaction_id="1234567890",
        money=Money(1500),
        payer=PAYEE,
        order="po_2345",
    )


@pytest.mark.parametrize(
    ("play", "state", "word", "ours"),
    [
        (status(status="PENDING"), ReadState.PENDING, "PENDING", None),
        (status(status="CREATED"), ReadState.PENDING, "CREATED", None),
        (status(amount="1500.50"), ReadState.UNKNOWN, "SUCCESSFUL_without_whole_amount", None),
        (
            status(status="FAILED", reason="NOT_ENOUGH_FUNDS"),
            ReadState.FAILED,
            "NOT_ENOUGH_FUNDS",
            "float_insufficient",
        ),
        (
            status(status="FAILED", reason={"code": "PAYEE_NOT_FOUND", "message": "m"}),
            ReadState.FAILED,
            "PAYEE_NOT_FOUND",
            "payee_not_found",
        ),
        (status(status="FAILED", reason="EXPIRED"), ReadState.EXPIRED, "EXPIRED", "operator_error"),
        (status(status="FAILED", reason="NEW"), ReadState.FAILED, "NEW", "operator_error"),
        (answer(404, code("RESOURCE_NOT_FOUND")), ReadState.NOT_FOUND, "RESOURCE_NOT_FOUND", None),
        (answer(404, '{"statusCode":404}'), ReadState.UNKNOWN, "no_code_404", None),
        (answer(404, HTML, content_type="text/html"), ReadState.UNKNOWN, "not_json_404", None),
        (answer(500, code("NOT_ALLOWED")), ReadState.UNKNOWN, "NOT_ALLOWED_500", None),
        (RESET, ReadState.UNKNOWN, "connection_lost", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("way", WAYS)
def test_each_read_proves_what_the_table_says(
    way: str, *, play: Play, state: ReadState, word: str, ours: str | None
) -> None:
    """Only MTN's own final words end a payout; "not found" is a word of its own."""
    # What is no deposit is looked for among the transfers.
    is_twice = way == "deposit" and state is ReadState.NOT_FOUND
    with ScriptedMtn(play, *[play] * is_twice) as mtn:
        found = read(mtn, way)

    assert (found.state, found.operator_word, found.failure_code) == (state, word, ours)


@pytest.mark.parametrize(
    ("deposit", "transfer", "expected", "calls"),
    [
        (status(), MISSING, ReadState.SUCCEEDED, 1),
        (MISSING, status(), ReadState.SUCCEEDED, 2),
        (MISSING, status(status="PENDING"), ReadState.PENDING, 2),
        (MISSING, MISSING, ReadState.NOT_FOUND, 2),
        (MISSING, answer(500), ReadState.UNKNOWN, 2),
        (answer(500), status(), ReadState.UNKNOWN, 1),
    ],
    ids=["deposit", "transfer", "waiting", "neither", "half an answer", "no answer"],
)
def test_what_is_neither_deposit_nor_transfer_is_not_found(
    deposit: Play, transfer: Play, expected: ReadState, calls: int
) -> None:
    """Payouts that were sent before the contract pays by deposits are not taken for unsent."""
    with ScriptedMtn(deposit, transfer) as mtn:
        assert read(mtn, "deposit").state is expected
        asked = [seen.path.rsplit("/", 2)[1] for seen in mtn.calls]
    assert asked == ["deposit", "transfer"][:calls]


def test_a_payer_is_no_payee() -> None:
    """Whom MTN names as payer of a payout says nothing of whom it paid."""
    with ScriptedMtn(status(payee=None, payer=PAID["payee"])) as mtn:
        assert read(mtn, "transfer").payer is None


def test_every_code_of_a_payment_is_one_of_a_payout() -> None:
    """No documented reason is lost, and none blames a payer, who is ourselves here."""
    assert codes.FAILURE_CODES.keys() <= codes.PAYOUT_FAILURE_CODES.keys()
    ours = set(codes.PAYOUT_FAILURE_CODES.values())
    assert {each for each in ours if each.startswith("payer_")} == set()
    assert ours & {"insufficient_funds", "expired"} == set()
