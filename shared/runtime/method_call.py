"""One call of a method as it stands in an envelope of CBOR, and as handlers see it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from shared.contracts.operations import Operation
from shared.domain.errors import InvalidRequest
from shared.operations import versions
from shared.runtime import language_choice
from shared.runtime.http import LONGEST_QUERY, MOST_QUERY_FIELDS, Call
from shared.runtime.idempotency import HEADER, LONGEST
from shared.runtime.json_body import JSON, LARGEST_BODY_BYTES
from shared.runtime.routing import LONGEST_PATH

LONGEST_ID: Final = 255
_SEVERAL: Final = "expand[]"
_FIELDS: Final = frozenset({"method", "params", "idempotency_key", "id"})
_IN_PATH: Final = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Wish:
    """Which method is called with what; `id` comes back with the answer."""

    method: str
    params: Mapping[str, Any]
    idempotency_key: str | None
    id: str | int | None

    @classmethod
    def parse(cls, envelope: object) -> "Wish":
        """Read one call. Raises InvalidRequest naming the part at fault."""
        if not isinstance(envelope, dict):
            raise InvalidRequest("parameter_invalid", "calls")
        for name in envelope:
            if name not in _FIELDS:
                raise InvalidRequest("parameter_unknown", name[:100])
        method, params = envelope.get("method"), envelope.get("params", {})
        key = envelope.get("idempotency_key")
        if method is None:
            raise InvalidRequest("parameter_missing", "method")
        if not isinstance(method, str):
            raise InvalidRequest("parameter_invalid", "method")
        if not isinstance(params, dict):
            raise InvalidRequest("parameter_invalid", "params")
        if key is not None and not isinstance(key, str):
            raise InvalidRequest("idempotency_key_invalid", HEADER, limit=LONGEST)
        named = envelope.get("id")
        if named is not None and id_of(envelope) is None:
            raise InvalidRequest("parameter_invalid", "id")
        return cls(method, params, key, named)


def id_of(envelope: object) -> str | int | None:
    """Return the id that the answer is known by, None where there is none that may be one."""
    found = envelope.get("id") if isinstance(envelope, dict) else None
    is_text = isinstance(found, str) and len(found) <= LONGEST_ID
    return found if is_text or type(found) is int else None


@dataclass(slots=True)
class MethodCall(Call):
    """A call whose parameters came parsed, in one map.

    Those that the path of the operation has are taken out of it; the others are its query where it
    reads, its body where it writes.
    """

    is_read: bool = False
    version: str = versions.NEWEST
    fields: dict[str, Any] = field(default_factory=dict)
    given_path: Mapping[str, Any] = field(default_factory=dict)

    def body(self, *, largest: int = LARGEST_BODY_BYTES) -> dict[str, Any]:
        """Return what is no part of the path, where the operation writes."""
        del largest  # What carried it was smaller.
        return {} if self.is_read else self.fields

    def body_or_nothing(self) -> dict[str, Any]:
        """Return the same: an empty map is no body."""
        return self.body()

    def query(self) -> dict[str, str]:
        """Return the same of one that reads, as a query would say it; `expand[]` may be a list.

        Raises InvalidRequest `parameter_invalid` for what is neither text nor a whole number, and
        where a query could not be as long.
        """
        if not self.is_read:
            return {}
        query: dict[str, str] = {}
        for name, value in self.fields.items():
            several = value if name == _SEVERAL and isinstance(value, list) else [value]
            for each in several:
                # As by REST, where this one name may come often and its values are numbered.
                place = f"expand[{len(query)}]" if name in query else name
                query[place] = _written(name, each)
        if len(query) > MOST_QUERY_FIELDS or len(urlencode(query)) > LONGEST_QUERY:
            raise InvalidRequest("parameter_invalid", "query")
        return query

    def check_path(self) -> None:
        """Raise InvalidRequest where a part of the path is missing or could stand in none."""
        for name, value in self.given_path.items():
            if value is None:
                raise InvalidRequest("parameter_missing", name)
            if name not in self.path_params:
                raise InvalidRequest("parameter_invalid", name)


def method_call(
    call: Call, wish: Wish, operation: Operation, *, idempotency_key: str | None
) -> MethodCall:
    """Return what a handler gets, for a wish within a request; nothing of it is checked yet."""
    fields = dict(wish.params)
    given = {name: fields.pop(name, None) for name in _IN_PATH.findall(operation.path)}
    return MethodCall(
        operation_id=operation.operation_id,
        request_id=call.request_id,
        path_params={name: value for name, value in given.items() if _fits_path(value)},
        content_type=JSON,
        authorization=call.authorization,
        idempotency_key=idempotency_key,
        accept_language=call.accept_language,
        # As by REST: the account's language is known once the right to the operation is.
        language=language_choice.choose(call.accept_language),
        client_address=call.client_address,
        last_hop=call.last_hop,
        traceparent=call.traceparent,
        account=call.account,
        mode=call.mode,
        pay_version=call.pay_version,
        stripe_version=call.stripe_version,
        user_agent=call.user_agent,
        source=call.source,
        answer_headers=call.answer_headers,
        is_read=operation.method == "GET",
        fields=fields,
        given_path=given,
    )


def _fits_path(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_PATH


def _written(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    raise InvalidRequest("parameter_invalid", name[:100])
