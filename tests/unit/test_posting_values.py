"""What a transaction becomes on its way into SQL: a line is kept, a row is moved once."""

from shared.db.ledger import posting_values
from shared.domain.ledger import Posting, Transaction


def test_a_row_is_moved_once_by_the_sum_of_its_lines() -> None:
    """PostgreSQL takes the first of two updates of a row in a statement, and drops the other."""
    lines = (Posting("b", 5), Posting("a", -7), Posting("b", 2))

    values = posting_values(Transaction("txn_x", "charge", "ch_x", lines))

    assert (values["touched"], values["deltas"]) == (["a", "b"], [-7, 7])
    assert (values["codes"], values["amounts"]) == (["b", "a", "b"], [5, -7, 2])
