"""Reads the mail address of a person into its one canonical form, or refuses it."""

import re
from typing import Final

from shared.domain.errors import InvalidRequest

LONGEST: Final = 254
_LONGEST_LOCAL_PART: Final = 64
# What Keycloak takes for a name as well: no quotes, and nothing that can be read in two ways.
_WORD: Final = "[a-z0-9_+-]+"
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS: Final = re.compile(rf"{_WORD}(?:\.{_WORD})*@(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?")


def read_email(value: object) -> str:
    """Return an address in lower case, ASCII, 254 letters at most. Raises InvalidRequest `email`.

    Two spellings that differ in case alone are one person. `anna+shop@…` is another address than
    `anna@…`: whether both reach one mailbox is its server's secret. Letters beyond ASCII are
    refused, so that no address looks like another; a domain with such letters is written `xn--…`.
    """
    if value is None:
        raise InvalidRequest("parameter_missing", "email")
    # ASCII first: lower case makes an ASCII letter of some that are none.
    if not isinstance(value, str) or len(value) > LONGEST or not value.isascii():
        raise InvalidRequest("email_invalid", "email")
    address = value.lower()
    local = address.partition("@")[0]
    if len(local) > _LONGEST_LOCAL_PART or not _ADDRESS.fullmatch(address):
        raise InvalidRequest("email_invalid", "email")
    return address
