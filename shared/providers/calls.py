"""Calls of one account with its bearer token; a 401 is answered by one new token and one repeat."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from shared.domain.deadline import Deadline
from shared.providers.tokens import NoTokenError, TokenKeeper
from shared.providers.wire import Answer, BrokenOffError, NotSentError, Wire

_UNAUTHORIZED: Final = 401


class NotRepeatedError(NotSentError):
    """The operator answered 401, and the repeat could not leave: nothing else speaks for it.

    Under a reference of ours that is as if nothing had been sent. Where the next try would have
    another reference, only a read of this one may say so.
    """


class ExchangeHook(Protocol):
    """Hears of every exchange; it is given words and numbers only, so nothing can leak into it."""

    def __call__(self, operation: str, status: int, duration_ms: int, outcome: str, /) -> None:
        """`status` is the last HTTP status, 0 where none came; `outcome` a word of ours."""


class Calls:
    """Calls of one account. Thread-safe."""

    def __init__(
        self,
        tokens: TokenKeeper,
        *,
        wire: Wire,
        headers: Mapping[str, str],
        is_own_refusal: Callable[[bytes], bool],
    ) -> None:
        """`headers` go with every call; `is_own_refusal` knows a 401 that the operator wrote."""
        self._tokens = tokens
        self._wire = wire
        self._headers = dict(headers)
        self._is_own_refusal = is_own_refusal

    def get(self, path: str, *, deadline: Deadline) -> Answer:
        """Raises NoTokenError, NotSentError and BrokenOffError."""
        return self.call("GET", path, headers={}, body=None, deadline=deadline)

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: Deadline,
    ) -> Answer:
        """Send, and after a 401 the same once more.

        Raises NoTokenError, NotSentError and BrokenOffError.

        A 401 of the operator's says that the first request was not taken, so whatever stops the
        repeat before its first byte is a NotRepeatedError. Any other 401 proves nothing.
        """

        def send(token: str) -> Answer:
            if deadline.is_over:
                raise NotSentError("deadline_over")
            sent = self._headers | dict(headers) | {"Authorization": f"Bearer {token}"}
            return self._wire.exchange(method, path, headers=sent, body=body, deadline=deadline)

        token = self._tokens.token(deadline=deadline)
        answer = send(token)
        if answer.status != _UNAUTHORIZED:
            return answer
        try:
            again = send(self._tokens.token(deadline=deadline, rejected=token))
        except (NoTokenError, NotSentError) as error:
            if not self._is_own_refusal(answer.body):
                raise BrokenOffError("not_json_401") from error
            raise NotRepeatedError(error.reason) from error
        return again if again.status != _UNAUTHORIZED else answer
