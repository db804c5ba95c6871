"""Finds the operation of openapi.yaml that a method and a path mean."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from shared.contracts.operations import Operation
from shared.domain.errors import MethodNotAllowed, NotFound

LONGEST_PATH: Final = 2048


class Routes:
    """The paths of one function: exact ones before templates."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        """Sort the operations by path."""
        self._exact: dict[str, dict[str, Operation]] = {}
        self._templates: list[tuple[re.Pattern[str], dict[str, Operation]]] = []
        by_path: dict[str, dict[str, Operation]] = {}
        for operation in operations:
            by_path.setdefault(operation.path, {})[operation.method] = operation
        for path, methods in by_path.items():
            if "{" in path:
                self._templates.append((_pattern(path), methods))
            else:
                self._exact[path] = methods

    def find(self, method: str, path: str) -> tuple[Operation, Mapping[str, str]]:
        """Return the operation and its path parameters. Raises NotFound, MethodNotAllowed."""
        methods, path_params = self._match(path)
        operation = methods.get(method)
        if operation is None:
            raise MethodNotAllowed("method_not_allowed", allow=", ".join(sorted(methods)))
        return operation, path_params

    def _match(self, path: str) -> tuple[dict[str, Operation], Mapping[str, str]]:
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        if len(path) <= LONGEST_PATH:
            for pattern, methods in self._templates:
                match = pattern.fullmatch(path)
                if match:
                    return methods, match.groupdict()
        raise NotFound("route_unknown")


def _pattern(path: str) -> re.Pattern[str]:
    """Turn `/v1/charges/{id}` into a pattern; a parameter is one segment of at least a letter."""
    parts = re.split(r"\{([a-z_]+)\}", path)
    literal = [re.escape(part) for part in parts[::2]]
    names = [f"(?P<{name}>[^/]+)" for name in parts[1::2]]
    return re.compile("".join(a + b for a, b in zip(literal, [*names, ""], strict=True)))
