"""Writes every operation as curl, as Python and as a call by name in CBOR, from its example.

What differs from reader to reader comes from the environment: BASE_URL, and SECRET_KEY of a key,
ACCESS_TOKEN and ACCOUNT of a person, or CUSTOMER_TOKEN of a payer. Ids in paths are examples.
"""

import json
import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from knative.render.contract import SAMPLES
from knative.render.examples import METHODS, example_of, resolved

_JSON: Final = "application/json"
_CBOR: Final = "application/cbor"
_FORM: Final = "application/x-www-form-urlencoded"
_STREAM: Final = "text/event-stream"
_MULTIPART: Final = "multipart/form-data"
_FILE: Final = "file"
"""The one field of a form that is the name of a file beside the reader."""
_KEY: Final = "Idempotency-Key"
_WIDTH: Final = 80
_PLAIN: Final = ":,*'"
"""What a shell's text in double quotes and a query both can carry as it is."""
_TIMEOUT_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class _Call:
    """One operation with its example. `token` names what opens it, None where nothing is wanted."""

    name: str
    method: str
    path: str
    path_params: Mapping[str, str]
    query: Mapping[str, str]
    token: str | None
    is_of_person: bool
    takes_key: bool
    kind: str | None
    body: Any
    is_text: bool
    is_stream: bool


def add_samples(document: dict[str, Any], methods: Collection[str]) -> None:
    """Put `x-codeSamples` into each operation of a document that has its examples.

    `methods` are the operations that can be called by name.
    """
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                call = _call(document, path, item, method)
                samples = [
                    {"lang": "Shell", "label": "curl", "source": curl(call)},
                    {"lang": "Python", "label": "Python", "source": python(call)},
                ]
                if call.name in methods:
                    samples.append({"lang": "Python", "label": "RPC", "source": rpc(call)})
                item[method][SAMPLES] = samples


def curl(call: _Call) -> str:
    """Return a command of a POSIX shell."""
    query = "".join(
        f"{'&' if at else '?'}{name}={quote(value, safe=_PLAIN)}"
        for at, (name, value) in enumerate(call.query.items())
    )
    method = "" if call.method == "GET" else f"-X {call.method} "
    at_once = "-N " if call.is_stream else ""
    lines = [f'curl {at_once}{method}"$BASE_URL{call.path}{query}"']
    if call.token is not None:
        lines.append(f'-H "Authorization: Bearer ${call.token}"')
    if call.is_of_person:
        lines += ['-H "Pay-Account: $ACCOUNT"', '-H "Pay-Mode: test"']
    if call.takes_key:
        # A new one for each payment, the same one for each try of it: only the reader knows which.
        lines.append(f'-H "{_KEY}: $IDEMPOTENCY_KEY"')
    if call.kind == _MULTIPART:
        # It writes the type itself, with the boundary that it chose.
        lines += [
            f'-F "{name}={"@" if name == _FILE else ""}{value}"'
            for name, value in call.body.items()
        ]
        return " \\\n  ".join(lines)
    if call.kind is not None:
        lines.append(f'-H "Content-Type: {call.kind}"')
    if call.kind == _CBOR:
        made = f"import sys, cbor2; sys.stdout.buffer.write(cbor2.dumps({_literal(call.body, '')}))"
        lines.append("--data-binary @-")
        return f"python3 -c {shlex.quote(made)} |\n  " + " \\\n  ".join(lines)
    if call.kind is not None:
        lines.append(f"--data-binary {shlex.quote(_text(call.body))}")
    return " \\\n  ".join(lines)


def python(call: _Call) -> str:
    """Return a program that needs `requests` and nothing else."""
    headers = _who(call)
    if call.takes_key:
        headers.append(f'"{_KEY}": os.environ["IDEMPOTENCY_KEY"]')
    if call.kind not in (None, _JSON, _MULTIPART):
        headers.append(f'"Content-Type": "{call.kind}"')
    lines = [f'    os.environ["BASE_URL"] + "{call.path}",']
    if call.query:
        lines.append(f"    params={_literal(call.query)},")
    if headers:
        lines += _headers(headers)
    if call.kind is not None:
        lines.append(f"    {_sent(call.kind, call.body)},")
    if call.is_stream:
        return _following([*lines, "    stream=True,"])
    if call.kind == _CBOR:
        return _program(call.method, lines, "cbor2.loads(answer.content)", needs_cbor=True)
    return _program(call.method, lines, "answer.text" if call.is_text else "answer.json()")


def _sent(kind: str, body: Any) -> str:
    """Return the argument that sends a body."""
    if kind == _MULTIPART:
        fields = {name: value for name, value in body.items() if name != _FILE}
        name = body[_FILE]
        read = f'("{name}", Path("{name}").read_bytes())'
        return f'data={_literal(fields)},\n    files={{"{_FILE}": {read}}}'
    if kind == _JSON:
        return f"json={_literal(body)}"
    if kind == _CBOR:
        return f"data=cbor2.dumps({_literal(body)})"
    return f"data={_text(body)!r}.encode()"


def rpc(call: _Call) -> str:
    """Return a program that calls the operation by its name; it needs `requests` and `cbor2`."""
    params = {**call.path_params, **call.query, **(call.body or {})}
    envelope = [f'"method": "{call.name}"']
    if params:
        envelope.append(f'"params": {_literal(params, "            ")}')
    if call.takes_key:
        envelope.append('"idempotency_key": os.environ["IDEMPOTENCY_KEY"]')
    lines = [
        '    os.environ["BASE_URL"] + "/rpc",',
        *_headers([*_who(call), f'"Content-Type": "{_CBOR}"']),
        "    data=cbor2.dumps(",
        "        {",
        *(f"            {member}," for member in envelope),
        "        }",
        "    ),",
    ]
    return _program("POST", lines, 'cbor2.loads(answer.content)["result"]', needs_cbor=True)


def _who(call: _Call) -> list[str]:
    """Return the headers that say who calls, as Python."""
    headers = []
    if call.token is not None:
        headers.append(f'"Authorization": f"Bearer {{os.environ[\'{call.token}\']}}"')
    if call.is_of_person:
        headers += ['"Pay-Account": os.environ["ACCOUNT"]', '"Pay-Mode": "test"']
    return headers


def _headers(headers: list[str]) -> list[str]:
    return ["    headers={", *(f"        {header}," for header in headers), "    },"]


def _program(method: str, lines: list[str], shown: str, *, needs_cbor: bool = False) -> str:
    reads = any("Path(" in line for line in lines)
    standard = ["import os", *(["from pathlib import Path"] if reads else []), ""]
    imports = [*standard, *(["import cbor2"] if needs_cbor else []), "import requests", ""]
    called = [f"answer = requests.{method.lower()}(", *lines]
    ending = [f"    timeout={_TIMEOUT_SECONDS},", ")", "answer.raise_for_status()"]
    return "\n".join([*imports, *called, *ending, f"print({shown})"])


def _following(lines: list[str]) -> str:
    """Return a program that shows what comes, as it comes, without an end."""
    program = _program("GET", lines, "line.decode()")
    start, _, shown = program.rpartition("\n")
    return f"{start}\nfor line in answer.iter_lines():\n    {shown}"


def _call(document: Mapping[str, Any], path: str, item: Mapping[str, Any], method: str) -> _Call:
    operation = item[method]
    parameters = [
        resolved(document, each)
        for each in (*item.get("parameters", ()), *operation.get("parameters", ()))
    ]
    path_params = {
        parameter["name"]: example_of(parameter)
        for parameter in parameters
        if parameter["in"] == "path"
    }
    headers = {parameter["name"] for parameter in parameters if parameter["in"] == "header"}
    ways = [way for each in operation.get("security", document["security"]) for way in each]
    token = {"bearer": "SECRET_KEY", "person": "ACCESS_TOKEN", "customer": "CUSTOMER_TOKEN"}
    kind, body = _body(document, operation)
    answers = resolved(document, operation["responses"].get("200", {})).get("content", {})
    return _Call(
        operation.get("operationId", ""),
        method.upper(),
        path.format(**path_params),
        path_params,
        dict(_needed(parameters)),
        token[ways[0]] if ways else None,
        "person" in ways[:1] and "Pay-Account" in headers,
        # In CBOR it stands in the envelope.
        _KEY in headers and kind != _CBOR,
        kind,
        body,
        _JSON not in answers,
        _STREAM in answers,
    )


def _needed(parameters: list[Any]) -> Iterator[tuple[str, str]]:
    for parameter in parameters:
        if parameter["in"] == "query" and parameter.get("required"):
            yield parameter["name"], str(parameter["example"])


def _body(document: Mapping[str, Any], operation: Mapping[str, Any]) -> tuple[str | None, Any]:
    """Return the type and example of what is sent; no type where it may be left out."""
    asked = resolved(document, operation.get("requestBody", {}))
    contents = asked.get("content", {}) if asked.get("required") else {}
    for kind in sorted(contents, key=lambda kind: kind != _JSON):
        media = contents[kind]
        if "example" in media:
            return kind, _written(kind, media["example"])
        for example in media.get("examples", {}).values():
            return kind, example["value"]
    return None, None


def _written(kind: str, example: Any) -> Any:
    """Return an example as it is sent: a form is one line of text."""
    is_form = kind == _FORM and isinstance(example, dict)
    return urlencode(example) if is_form else example


def _text(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)


def _literal(value: Any, indent: str = "    ") -> str:
    """Return Python for a value of JSON: on one line where it fits, else one line for each part."""
    if isinstance(value, str) or not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
    inner = indent + "    "
    names = (
        [f"{json.dumps(name)}: " for name in value]
        if isinstance(value, dict)
        else [""] * len(value)
    )
    items = value.values() if isinstance(value, dict) else value
    parts = [name + _literal(item, inner) for name, item in zip(names, items, strict=True)]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    flat = opening + ", ".join(parts) + closing
    if len(flat) <= _WIDTH and "\n" not in flat:
        return flat
    lines = "".join(f"{inner}{part},\n" for part in parts)
    return f"{opening}\n{lines}{indent}{closing}"
