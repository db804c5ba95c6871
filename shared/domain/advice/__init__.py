"""What to do about every refusal and failure, in French and English; only pages for people read it.

A module for each theme of `shared/domain/words`, which says what a code means.
"""

from typing import NamedTuple


class Advice(NamedTuple):
    """Where a code appears and what to do about it.

    `places` are HTTP statuses, `failure_code` of a payment or `lines` of a refused batch. A meaning
    is given where the message of the code has values in it; else the message tells it.
    """

    places: tuple[str, ...]
    action_en: str
    action_fr: str
    meaning_en: str | None = None
    meaning_fr: str | None = None
