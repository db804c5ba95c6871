"""Finds the operation of openapi.yaml that a method and a path mean."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from shared.contracts.operations import OPERATIONS, Operation
from shared.domain.errors import MethodNotAllowed, NotFound

LONGEST_PATH: Final = 2048

Methods = dict[str, Operation]


class Routes:
    """All paths that there are, exact ones before templates, and which are one function's own.

    The gateway sends a path with another method wherever its other methods do not go, so each
    function must be able to name all methods of a path.
    """

    def __init__(
        self, operations: Iterable[Operation], everything: Iterable[Operation] = OPERATIONS
    ) -> None:
        """Sort `everything` by path; only `operations` are ever found."""
        self._own = frozenset(operations)
        self._exact: dict[str, Methods] = {}
        self._templates: list[tuple[re.Pattern[str], Methods]] = []
        by_path: dict[str, Methods] = {}
        for operation in everything:
            by_path.setdefault(operation.path, {})[operation.method] = operation
        for path, methods in by_path.items():
            if "{" in path:
                self._templates.append((_pattern(path), methods))
            else:
                self._exact[path] = methods

    def find(self, method: str, path: str) -> tuple[Operation, Mapping[str, str]]:
        """Return the operation and its path parameters; HEAD finds what GET does.

        Raises NotFound, MethodNotAllowed.
        """
        methods, path_params = self._match(path)
        operation = methods.get("GET" if method == "HEAD" else method)
        if operation is None:
            raise MethodNotAllowed("method_not_allowed", allow=_allow(methods))
        if operation not in self._own:
            raise NotFound("route_unknown")
        return operation, path_params

    def _match(self, path: str) -> tuple[Methods, Mapping[str, str]]:
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        if len(path) <= LONGEST_PATH:
            for pattern, methods in self._templates:
                match = pattern.fullmatch(path)
                if match:
                    return methods, match.groupdict()
        raise NotFound("route_unknown")


def _allow(methods: Iterable[str]) -> str:
    """Write the Allow header: whoever answers GET answers HEAD."""
    named = set(methods)
    return ", ".join(sorted(named | {"HEAD"} if "GET" in named else named))


def _pattern(path: str) -> re.Pattern[str]:
    """Turn `/v1/charges/{id}` into a pattern; a parameter is one segment of at least a letter."""
    parts = re.split(r"\{([a-z_]+)\}", path)
    literal = [re.escape(part) for part in parts[::2]]
    names = [f"(?P<{name}>[^/]+)" for name in parts[1::2]]
    return re.compile("".join(a + b for a, b in zip(literal, [*names, ""], strict=True)))
