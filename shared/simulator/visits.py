"""Leads one request to its answer and writes it down, the same for every operator's face."""

from collections.abc import Callable
from dataclasses import replace

from werkzeug.wrappers import Request, Response

from shared.simulator.answers import Refusal
from shared.simulator.log import Log
from shared.simulator.store import LogEntry, Store


class Visit:
    """One request on its way; it remembers what the log row will say. A face fills in `answer`."""

    def __init__(self, store: Store, log: Log, request: Request, entry: LogEntry) -> None:
        """`entry` is what is known before the request is looked into."""
        self._store = store
        self._log = log
        self._request = request
        self._entry = entry
        self.is_written_down = False

    def answer(self) -> Response:
        """Raises Refusal."""
        raise NotImplementedError

    def write_down(self, status: int, code: str | None = None, detail: str | None = None) -> None:
        """Log the answer; a refusal also as a line, without body or number."""
        self._store.log(
            replace(self._entry, status=status, code=code, detail=detail or self._entry.detail)
        )
        if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's range of success
            self._log.info(
                "provider_request_refused", route=self._entry.route, status=status, code=code
            )


def conduct(visit: Visit, *, hold: Callable[[float], object]) -> Response:
    """The answer to a visit, written down. `hold` keeps a caller waiting for some seconds."""
    try:
        response = visit.answer()
    except Refusal as refusal:
        visit.write_down(refusal.status, refusal.code, refusal.detail)
        if refusal.hold_seconds:
            hold(refusal.hold_seconds)
        return refusal.response()
    if not visit.is_written_down:
        visit.write_down(response.status_code)
    return response
