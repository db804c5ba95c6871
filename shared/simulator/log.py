"""The shape of the log that the simulator is handed, since it may import none."""

from typing import Protocol

Field = str | float | bool | None


class Log(Protocol):
    """Writes an event with fields: never a number, key, token or body."""

    def info(self, event: str, **fields: Field) -> None:
        """Normal life."""

    def warning(self, event: str, **fields: Field) -> None:
        """Someone may want to look."""

    def exception(self, event: str, failure: BaseException, **fields: Field) -> None:
        """A defect of ours."""
