"""Gives each merchant the version of the API that her program was written for, at the door."""

import json
from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from typing import Final

from shared.operations import versions
from shared.runtime.exchange import Answer

NEWEST: Final = versions.NEWEST
_JSON: Final = "application/json"


def choose(
    pay_version: str | None, stripe_version: str | None, headers: MutableMapping[str, str]
) -> str:
    """Return the version that a request asks for, and write which it is into its answer.

    Raises InvalidRequest `version_unknown`.
    """
    version = versions.choose(pay_version, stripe_version)
    headers[versions.PAY_VERSION] = version
    return version


def shown_as(answer: Answer, version: str) -> Answer:
    """Return an answer as an older version shows it; what is no JSON has no versions."""
    if answer.content_type != _JSON or not answer.body:
        return answer
    body = answer.body if isinstance(answer.body, Mapping) else json.loads(answer.body)
    return replace(answer, body=versions.shown_as(body, version))
