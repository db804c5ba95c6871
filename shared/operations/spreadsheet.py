"""Keeps texts that people wrote from being run by whoever opens a file of ours in a spreadsheet.

A cell of a text file is a formula where it begins as one. Where it begins depends on the reader: a
spreadsheet in French splits lines at semicolons, and quotes that held a break or a tab together for
others mean nothing to it then. So a mark, an apostrophe, stands at each such beginning.
"""

import re
from typing import Final

FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with that a spreadsheet runs; the last four are the wide forms of the first
four, which some read as well."""
_SIGNS: Final = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_START: Final = r"(?:^|(?<=[;\t\r\n]))"
# What nobody sees, and some readers drop before they look.
_UNSEEN: Final = "[\\s\u200b\u2060\ufeff]*"
_RUN: Final = re.compile(f"^(?=[\t\r\n])|{_START}(?={_UNSEEN}[{_SIGNS}])")
_RUN_OR_MARKED: Final = re.compile(f"^(?=[\t\r\n])|{_START}(?='|{_UNSEEN}[{_SIGNS}])")


def harmless(cell: object) -> object:
    """Return a text that no spreadsheet runs; whatever is no text, such as an amount, as it is."""
    return _RUN.sub("'", cell) if isinstance(cell, str) else cell


def marked(text: str) -> str:
    """Return the same so that it can be undone: a mark before each apostrophe there too.

    Whoever takes one apostrophe away from the start, and from behind each semicolon, tab and line
    break that has one, is left with the text.
    """
    return _RUN_OR_MARKED.sub("'", text)
