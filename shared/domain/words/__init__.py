"""The words of every refusal and failure, in French and English, a module for each theme."""

from typing import NamedTuple


class Words(NamedTuple):
    """The constant title of a code and its message about one occurrence, with {placeholders}.

    What is counted has both its numbers: `{count:error|errors}`.
    """

    title_en: str
    title_fr: str
    message_en: str
    message_fr: str
