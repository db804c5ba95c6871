"""Tells what in a newer contract breaks a client that was written for an older one.

What is sent may be taken more widely and never more narrowly; what is answered the other way round.
Words that clients send or wait for may not go. New operations, optional fields, new fields and new
words in answers break nothing: clients are told to expect them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

Node = Mapping[str, Any]
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_ERRORS: Final = "400"
_FIRST_WORDS: Final = re.compile(r"\^\(([^()]+)\)(.*)", re.DOTALL)


def breaking_changes(old: Node, new: Node) -> list[str]:
    """Return what breaks, each as place and reason; both are whole OpenAPI 3.1 documents."""
    return sorted(_Comparison(old, new).operations())


class _Comparison:
    """Two documents, and the pairs of schemas whose comparison has begun."""

    def __init__(self, old: Node, new: Node) -> None:
        self._old, self._new = old, new
        self._begun: set[tuple[str, str, bool]] = set()

    def operations(self) -> Iterator[str]:
        there = dict(_operations(self._new))
        for place, (item, operation) in _operations(self._old):
            if place not in there:
                yield f"{place}: is gone"
                continue
            new_item, now = there[place]
            yield from self._parameters(place, (item, operation), (new_item, now))
            yield from self._body(place, operation, now)
            yield from self._security(place, operation, now)
            yield from self._responses(place, operation["responses"], now["responses"])

    def _parameters(
        self, place: str, old: tuple[Node, Node], new: tuple[Node, Node]
    ) -> Iterator[str]:
        before = self._named(self._old, *old)
        after = self._named(self._new, *new)
        for key, parameter in before.items():
            if key not in after:
                yield f"{place}: {key[0]} parameter {key[1]} is gone"
                continue
            if after[key].get("required") and not parameter.get("required"):
                yield f"{place}: {key[0]} parameter {key[1]} is required now"
            yield from self._schemas(
                f"{place}: parameter {key[1]}",
                parameter.get("schema", {}),
                after[key].get("schema", {}),
                sent=True,
            )
        for key in after.keys() - before.keys():
            if after[key].get("required"):
                yield f"{place}: {key[0]} parameter {key[1]} is new and required"

    def _named(self, document: Node, *nodes: Node) -> dict[tuple[str, str], Node]:
        found: dict[tuple[str, str], Node] = {}
        order: list[str] = []
        for node in nodes:
            for each in node.get("parameters", ()):
                parameter = _resolved(document, each)
                if parameter["in"] == "path":
                    # Its name is ours alone: only its place in the path counts.
                    order += [] if parameter["name"] in order else [parameter["name"]]
                    key = ("path", str(order.index(parameter["name"]) + 1))
                else:
                    key = (parameter["in"], parameter["name"].lower())
                found[key] = parameter
        return found

    def _body(self, place: str, old: Node, new: Node) -> Iterator[str]:
        before = _resolved(self._old, old.get("requestBody", {}))
        after = _resolved(self._new, new.get("requestBody", {}))
        if after.get("required") and not before.get("required"):
            yield f"{place}: a body is required now"
        yield from self._contents(f"{place}: body", before, after, sent=True)

    def _security(self, place: str, old: Node, new: Node) -> Iterator[str]:
        before = _ways_in(old.get("security", self._old.get("security", [])))
        after = _ways_in(new.get("security", self._new.get("security", [])))
        for way in before:
            if not any(now <= way for now in after):
                yield f"{place}: opens no longer by {' and '.join(sorted(way)) or 'nothing'}"

    def _responses(self, place: str, old: Node, new: Node) -> Iterator[str]:
        for status, node in old.items():
            if status not in new:
                if status < _ERRORS:
                    yield f"{place}: never answers {status} any more"
                continue
            before, after = _resolved(self._old, node), _resolved(self._new, new[status])
            where = f"{place}: answer {status}"
            for header in before.get("headers", {}).keys() - after.get("headers", {}).keys():
                yield f"{where}: header {header} is gone"
            yield from self._contents(where, before, after, sent=False)

    def _contents(self, where: str, old: Node, new: Node, *, sent: bool) -> Iterator[str]:
        after = new.get("content", {})
        for kind, media in old.get("content", {}).items():
            if kind not in after:
                yield f"{where}: is no longer {kind}"
                continue
            yield from self._schemas(
                where, media.get("schema", {}), after[kind].get("schema", {}), sent=sent
            )

    def _schemas(self, where: str, old: Node, new: Node, *, sent: bool) -> Iterator[str]:
        pair = (old.get("$ref", ""), new.get("$ref", ""), sent)
        if all(pair[:2]):
            if pair in self._begun:
                return
            self._begun.add(pair)
        before, after = _flat(self._old, old), _flat(self._new, new)
        yield from _kinds(where, before, after, sent=sent)
        yield from _words(where, before, after, sent=sent)
        yield from _bounds(where, before, after, sent=sent)
        yield from self._fields(where, before, after, sent=sent)
        yield from self._forms(where, before, after, sent=sent)
        if "items" in before and "items" in after:
            yield from self._schemas(f"{where}[]", before["items"], after["items"], sent=sent)

    def _fields(self, where: str, old: Node, new: Node, *, sent: bool) -> Iterator[str]:
        after = new.get("properties", {})
        for name, field in old.get("properties", {}).items():
            if name not in after:
                yield f"{where}: field {name} is gone"
            else:
                yield from self._schemas(f"{where}.{name}", field, after[name], sent=sent)
        needed, need = set(old.get("required", ())), set(new.get("required", ()))
        for name in need - needed if sent else set():
            yield f"{where}: field {name} is required now"
        for name in set() if sent else needed - need:
            yield f"{where}: field {name} may be missing now"
        others, now = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if sent and now is False and others is not False:
            yield f"{where}: other fields are refused now"
        if isinstance(others, Mapping) and isinstance(now, Mapping):
            yield from self._schemas(f"{where}.*", others, now, sent=sent)

    def _forms(self, where: str, old: Node, new: Node, *, sent: bool) -> Iterator[str]:
        """Hold each form that clients know, or get, to the nearest on the other side."""
        before, after = _alternatives(old), _alternatives(new)
        if not before and not after:
            return
        known, held = (
            (before or [old], after or [new]) if sent else (after or [new], before or [old])
        )
        for form in known:
            tries = []
            for other in held:
                pair = (form, other) if sent else (other, form)
                begun = set(self._begun)
                tries.append(list(self._schemas(where, *pair, sent=sent)))
                self._begun = begun
            yield from min(tries, key=len)


def _operations(document: Node) -> Iterator[tuple[str, tuple[Node, Node]]]:
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield f"{method.upper()} {re.sub(r'{[^}]+}', '{}', path)}", (item, item[method])


def _resolved(document: Node, node: Node) -> Node:
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def _flat(document: Node, schema: Node) -> dict[str, Any]:
    """Return a schema without reference and `allOf`, `oneOf` with null as one more type."""
    node = _resolved(document, schema)
    flat: dict[str, Any] = {key: value for key, value in node.items() if key != "allOf"}
    for part in node.get("allOf", ()):
        for key, value in _flat(document, part).items():
            if key == "properties":
                flat[key] = {**value, **flat.get(key, {})}
            elif key == "required":
                flat[key] = [*flat.get(key, ()), *value]
            else:
                flat.setdefault(key, value)
    return flat


def _alternatives(schema: Node) -> list[Node]:
    return [*schema.get("oneOf", ()), *schema.get("anyOf", ())]


def _ways_in(security: list[Node]) -> list[frozenset[str]]:
    return [frozenset(way) for way in security] or [frozenset()]


def _kinds(where: str, old: Node, new: Node, *, sent: bool) -> Iterator[str]:
    before, after = _types(old), _types(new)
    narrow, wide = (before, after) if sent else (after, before)
    if wide is not None and (narrow is None or not narrow <= wide):
        yield f"{where}: is {' or '.join(sorted(after or {'anything'}))} now"


def _types(schema: Node) -> set[str] | None:
    kinds = schema.get("type")
    if kinds is None:
        return None
    found = {kinds} if isinstance(kinds, str) else set(kinds)
    return found | {"integer"} if "number" in found else found


def _words(where: str, old: Node, new: Node, *, sent: bool) -> Iterator[str]:
    before, after = _enumerated(old), _enumerated(new)
    if before is None or after is None:
        if sent and after is not None:
            yield f"{where}: takes only {', '.join(map(repr, after))} now"
        if not sent and before is not None:
            yield f"{where}: may be any word now"
        return
    for word in before:
        if word not in after:
            yield f"{where}: {word!r} is gone"


def _enumerated(schema: Node) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    found: list[Any] | None = schema.get("enum")
    return found


def _bounds(where: str, old: Node, new: Node, *, sent: bool) -> Iterator[str]:
    if not sent:
        return
    for key in (*_LOWER, *_UPPER):
        before, after = old.get(key), new.get(key)
        if after is None or before == after:
            continue
        is_narrower = before is None or (after > before if key in _LOWER else after < before)
        if is_narrower:
            yield f"{where}: {key} is {after} now"
    for key in ("pattern", "format", "multipleOf", "uniqueItems"):
        if new.get(key) not in (None, False, old.get(key)) and not _is_wider(old, new, key):
            yield f"{where}: {key} is {new[key]} now"


def _is_wider(old: Node, new: Node, key: str) -> bool:
    """Tell whether a pattern only begins in more ways: `^(a|b)_x` or `^(b|a_x)` for `^a_x`."""
    found = _FIRST_WORDS.fullmatch(new[key]) if key == "pattern" else None
    if found is None:
        return False
    return old.get(key) in {f"^{word}{found[2]}" for word in found[1].split("|")}
