"""Rules of ours that no ready-made linter has: each tells what in a source text breaks it."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

Rule = Callable[[str], list[str]]

_CONNECTORS = {
    "HTTPConnection",
    "HTTPConnectionPool",
    "HTTPSConnection",
    "HTTPSConnectionPool",
    "PoolManager",
    "urlopen",
}
_CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "monotonic"),
    ("time", "perf_counter"),
    ("time", "time"),
    ("time", "time_ns"),
}
_ENVIRONMENT = {("os", "environ"), ("os", "getenv"), ("os", "putenv")}
# Statuses are written by the transition table; a row begins in one of these.
_FIRST_STATUSES = {"AWAITING_APPROVAL", "CREATED", "PROCESSING", "QUEUED"}
_UPDATE_CHARGE = re.compile(r"\bUPDATE\s+(\w+\.)?(charges|refunds|payouts)\b", re.IGNORECASE)
# Not LOCAL, so it outlives the transaction and reaches the next borrower of the connection.
_SESSION_SET = re.compile(
    r"(?:^|;)\s*(?:SET|set)\s+(?!LOCAL\b|local\b|CONSTRAINTS\b|TRANSACTION\b)\w"
    r"|\bset_config\([^()]*,\s*false\s*\)"
)
_SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore)(?P<rest>.*)$")
_WITH_REASON = re.compile(r"^(:\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*|\[[a-z-]+(,\s*[a-z-]+)*\])\s+\S+")


# Of one text, whichever rules look at it in turn.
@lru_cache(maxsize=1)
def _tree(source: str) -> ast.Module:
    return ast.parse(source)


@lru_cache(maxsize=1)
def _nodes(source: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(_tree(source)))


def floats(source: str) -> list[str]:
    """Money is whole: no fraction is written down and nothing is turned into a float.

    A float as a type is allowed, and as a constant whose name ends in `_SECONDS`: time is no money.
    """
    tree = _tree(source)
    found = []
    times = {id(inner) for node in tree.body if _names_seconds(node) for inner in ast.walk(node)}
    for node in _nodes(source):
        if id(node) in times:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append(_at(node, f"the number {node.value}"))
        if isinstance(node, ast.Call) and _last_name(node.func) in {"float", "fsum"}:
            found.append(_at(node, "float()"))
    return found


def divisions(source: str) -> list[str]:
    """`/` makes a float of two whole numbers: division is `//` or names its rounding."""
    return [
        _at(node, "/")
        for node in _nodes(source)
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
    ]


def clocks_and_environment(source: str) -> list[str]:
    """The core is told the time and its settings; it reads neither a clock nor the environment."""
    found = []
    for node in _nodes(source):
        if isinstance(node, ast.Attribute):
            pair = (_last_name(node.value), node.attr)
            if pair in _CLOCKS | _ENVIRONMENT:
                found.append(_at(node, ".".join(pair)))
        if isinstance(node, ast.ImportFrom) and node.module in {"os", "time"}:
            names = {(node.module, alias.name) for alias in node.names}
            found += [_at(node, ".".join(pair)) for pair in names & (_CLOCKS | _ENVIRONMENT)]
    return found


def statuses_by_hand(source: str) -> list[str]:
    """A status is what the transition table says, never a literal handed to a row or an object."""
    found = []
    for node in _nodes(source):
        if isinstance(node, ast.keyword) and node.arg == "status":
            literal = _status_literal(node.value)
            if literal is not None and literal not in _FIRST_STATUSES:
                found.append(_at(node.value, f"status={literal}"))
    return found


def payment_updates(source: str) -> list[str]:
    """Only shared.db writes SQL that changes a payment: its update compares before it sets."""
    return [
        _at(node, "UPDATE of a payment")
        for node in _nodes(source)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _UPDATE_CHARGE.search(node.value)
    ]


def contexts_of_a_session(source: str) -> list[str]:
    """A role, a path or a limit is set for one transaction, and nothing runs outside of one."""
    found = []
    for node in _nodes(source):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value == "AUTOCOMMIT":
                found.append(_at(node, "AUTOCOMMIT"))
            elif _SESSION_SET.search(node.value):
                found.append(_at(node, "SET without LOCAL"))
        targets = node.targets if isinstance(node, ast.Assign) else []
        found += [_at(to, "autocommit") for to in targets if _last_name(to) == "autocommit"]
        if isinstance(node, ast.keyword) and node.arg == "autocommit":
            found.append(_at(node.value, "autocommit"))
    return found


def calls_without_timeout(source: str) -> list[str]:
    """Whatever opens a connection says how long it waits."""
    found = []
    for node in _nodes(source):
        if not isinstance(node, ast.Call) or not _opens_a_connection(node.func):
            continue
        if not any(keyword.arg in {"timeout", None} for keyword in node.keywords):
            found.append(_at(node, f"{_last_name(node.func)}() without timeout"))
    return found


def suppressions_without_reason(source: str) -> list[str]:
    """Whoever silences a tool names the rule and says why on the same line."""
    found = []
    for number, line in enumerate(source.splitlines(), start=1):
        match = _SUPPRESSION.search(line)
        if match is None or _in_string(line, match.start()):
            continue
        if not _WITH_REASON.match(match["rest"]):
            found.append(f"line {number}: {match[0].strip()}")
    return found


def undocumented_tests(source: str) -> list[str]:
    """A test says in one sentence which promise it keeps."""
    return [
        _at(node, f"{node.name} has no docstring")
        for node in _nodes(source)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]


def module_without_sentence(source: str) -> list[str]:
    """A module with anything in it opens with a sentence on why it exists."""
    tree = _tree(source)
    if not tree.body or ast.get_docstring(tree):
        return []
    return ["line 1: no docstring"]


def sleeps_outside_loops(source: str) -> list[str]:
    """A test waits for a condition, in a loop with a deadline, and for no span of time."""
    in_loops = {
        inner
        for loop in _nodes(source)
        if isinstance(loop, ast.While | ast.For)
        for inner in ast.walk(loop)
    }
    return [
        _at(node, "sleep()")
        for node in _nodes(source)
        if isinstance(node, ast.Call) and _last_name(node.func) == "sleep" and node not in in_loops
    ]


def top_level_functions(source: str) -> Iterator[str]:
    """Yield the names of the functions at a module's top level, defined or made by a call."""
    for node in _tree(source).body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _names_seconds(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return all(_last_name(target).endswith("_SECONDS") for target in targets)


def _status_literal(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.upper()
    if isinstance(node, ast.Attribute) and node.attr.isupper():
        return node.attr
    return None


def _opens_a_connection(called: ast.expr) -> bool:
    if isinstance(called, ast.Attribute) and called.attr == "create_connection":
        # An event loop's has no such argument: there the waiting task has the limit.
        return _last_name(called.value) == "socket"
    return _last_name(called) in _CONNECTORS


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _at(node: ast.expr | ast.stmt, what: str) -> str:
    return f"line {node.lineno}: {what}"


def _in_string(line: str, position: int) -> bool:
    """Tell, well enough for one line, whether a position lies within quotes."""
    before = line[:position]
    return before.count('"') % 2 == 1 or before.count("'") % 2 == 1 or "`" in before
