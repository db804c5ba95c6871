"""Reads a provider's schema out of a wheel that describes it to other tools.

A provider's program cannot be had from a package registry; a wheel with its typed arguments can.
Each type there names its resource and each property its argument, in links to the documentation.
What the wheel does not tell: whether a list is a set, and what the provider's own code checks.
"""

import gzip
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

_RESOURCE: Final = re.compile(r"docs/(resources|data-sources)/\w+ (\w+)\}")
_ARGUMENT: Final = re.compile(r"#(\w+) \w+#\w+\}")
_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# What the language binding adds to each class.
_NOT_OF_THE_PROVIDER: Final = {
    "cdktf_raw_overrides", "computed", "fqn", "friendly_unique_id", "internal_value",
    "node", "terraform_resource_type", "tf_resource_type",
}  # fmt: skip
_OF_EVERY_RESOURCE: Final = {"connection", "provisioners", "for_each", "lifecycle", "depends_on"}

Block = dict[str, Any]
"""{"attributes": {name: {"type", "required", "computed"}}, "blocks": {name: {"block", …}}}."""
_NAMED: Final = {name: {"type": "string", "required": True} for name in ("name", "vendor_name")}
# What holds itself is `any` to the wheel: here is as much of it as we use, by hand.
_LEFT_OPEN: Final = {
    ("aws_wafv2_web_acl", "rule", "statement"): {
        "attributes": {},
        "blocks": {
            "managed_rule_group_statement": {
                "block": {"attributes": _NAMED, "blocks": {}},
                "is_one": True,
                "required": True,
            }
        },
    }
}


def read(wheel: Path, *, has_blocks: bool = True) -> dict[str, dict[str, Block]]:
    """Return {"provider" | "resources" | "data-sources": {name: block}}.

    Providers of the newer kind have no blocks, but attributes that hold others.
    """
    types = _types(wheel)
    found: dict[str, dict[str, Block]] = {"resources": {}, "data-sources": {}, "provider": {}}
    for name, kind in types.items():
        told = _RESOURCE.search(kind.get("docs", {}).get("summary", ""))
        if kind["kind"] == "class" and told and f"{name}Config" in types:
            found[told[1]][told[2]] = _Reader(types).block(f"{name}Config", name)
        elif name.endswith("ProviderConfig") and ".provider." in name:
            found["provider"]["provider"] = _Reader(types).block(name, None)
    for (resource, outer, inner), block in _LEFT_OPEN.items():
        if resource in found["resources"]:
            holder = found["resources"][resource]["blocks"][outer]["block"]
            del holder["attributes"][inner]
            holder["blocks"][inner] = {"block": block, "is_one": True, "required": True}
    if not has_blocks:
        for kind in found.values():
            for block in kind.values():
                _make_attributes(block)
    return found


def _make_attributes(block: Block) -> None:
    for nested in block["blocks"].values():
        nested["is_attribute"] = True
        _make_attributes(nested["block"])


def _types(wheel: Path) -> Mapping[str, Any]:
    with zipfile.ZipFile(wheel) as archive:
        inner = next(name for name in archive.namelist() if name.endswith(".jsii.tgz"))
        package = io.BytesIO(archive.read(inner))
    with tarfile.open(fileobj=package) as files:
        raw = _bytes(files, "package/.jsii")
        if b"jsii/file-redirect" in raw[:4096]:
            raw = _bytes(files, f"package/{json.loads(raw)['filename']}")
    types: Mapping[str, Any] = json.loads(raw)["types"]
    return types


def _bytes(files: tarfile.TarFile, name: str) -> bytes:
    member = files.extractfile(name)
    if member is None:
        raise LookupError(f"{name} is no file of the wheel")
    raw = member.read()
    return gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw


class _Reader:
    """Turns types of the wheel into blocks; what holds itself is cut off at the second turn."""

    def __init__(self, types: Mapping[str, Any]) -> None:
        self._types = types
        self._open: list[str] = []

    def block(self, given: str, told: str | None) -> Block:
        """Return what may be `given`, and what can be read of what is `told`."""
        block: Block = {"attributes": {}, "blocks": {}}
        if given in self._open:
            return block
        self._open.append(given)
        for prop in self._types[given].get("properties", ()):
            self._add(block, prop)
        for prop in self._types.get(told or "", {}).get("properties", ()):
            name = _snake(prop["name"])
            if name.endswith("_input") or prop.get("static") or prop["name"].isupper():
                continue
            if name in _NOT_OF_THE_PROVIDER or name in block["blocks"]:
                continue
            if name in block["attributes"]:
                continue
            block["attributes"][name] = {"type": self._type(prop["type"]), "computed": True}
        self._open.pop()
        return block

    def _add(self, block: Block, prop: Mapping[str, Any]) -> None:
        told = _ARGUMENT.search(prop.get("docs", {}).get("remarks", ""))
        name = told[1] if told else _snake(prop["name"])
        if name in _OF_EVERY_RESOURCE:
            return
        is_required = not prop.get("optional", False)
        nested, is_one = self._nested(prop["type"])
        if nested is None:
            block["attributes"][name] = {"type": self._type(prop["type"]), "required": is_required}
            return
        inner = self.block(nested, f"{nested}OutputReference")
        block["blocks"][name] = {"block": inner, "is_one": is_one, "required": is_required}

    def _nested(self, kind: Mapping[str, Any]) -> tuple[str | None, bool]:
        """Return the struct of a block, and whether there is one of it at most."""
        for choice in _choices(kind):
            if self._is_struct(choice.get("fqn", "")):
                return choice["fqn"], True
            element = choice.get("collection", {}).get("elementtype", {})
            if self._is_struct(element.get("fqn", "")):
                return element["fqn"], False
        return None, False

    def _is_struct(self, name: str) -> bool:
        return bool(self._types.get(name, {}).get("kind") == "interface")

    def _type(self, kind: Mapping[str, Any]) -> Any:
        """Return a type as Terraform writes it in JSON."""
        for choice in _choices(kind):
            if "primitive" in choice:
                names = {"boolean": "bool", "any": "dynamic", "json": "dynamic"}
                return names.get(choice["primitive"], choice["primitive"])
            if "collection" in choice:
                shape = {"array": "list", "map": "map"}[choice["collection"]["kind"]]
                return [shape, self._type(choice["collection"]["elementtype"])]
            name = choice.get("fqn", "")
            if name.endswith("Map") and name.startswith("cdktf."):
                primitive = name.removeprefix("cdktf.").removesuffix("Map").lower()
                return ["map", {"boolean": "bool", "any": "dynamic"}.get(primitive, primitive)]
            if name in self._types:
                return self._read_only(name)
        return "dynamic"

    def _read_only(self, name: str) -> Any:
        """Return the type of a list that the provider alone fills."""
        if not name.endswith("List") or name in self._open:
            return "dynamic"
        element = f"{name.removesuffix('List')}OutputReference"
        self._open.append(name)
        attributes = {
            _snake(prop["name"]): self._type(prop["type"])
            for prop in self._types.get(element, {}).get("properties", ())
            if _snake(prop["name"]) not in _NOT_OF_THE_PROVIDER
        }
        self._open.pop()
        return ["list", ["object", attributes]]


def _choices(kind: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for choice in kind.get("union", {}).get("types", (kind,)):
        if choice.get("fqn") != "cdktf.IResolvable":
            yield choice


def _snake(name: str) -> str:
    return _CAPITAL.sub("_", name).lower()
