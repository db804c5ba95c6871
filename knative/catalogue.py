"""Reads the catalogue of functions, checked and typed, for renderer, runner and tests alike."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

import yaml
from jsonschema import Draft202012Validator

ROOT: Final = Path(__file__).resolve().parent.parent
CATALOGUE_PATH: Final = ROOT / "shared" / "contracts" / "functions.yaml"
SCHEMA_PATH: Final = ROOT / "shared" / "contracts" / "functions.schema.json"

Kind = Literal["knative", "deployment", "operation"]
Runtime = Literal["wsgi", "asgi"]
DatabaseRole = Literal["app", "worker", "metrics", "simulator", "owner", "none"]
StorageRight = Literal["none", "read", "write"]
Egress = Literal["operators", "merchants", "identity", "mail", "callbacks", "scanner", "none"]
Priority = Literal["money", "platform", "reports"]
Filter = Literal["livemode", "none"]


class CatalogueError(Exception):
    """The catalogue breaks its schema or contradicts itself; the message names the place."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a request may take and what stands around it, all in whole seconds."""

    name: Literal["short", "long"]
    handler_seconds: int
    drain_seconds: int
    ack_deadline_seconds: int
    timeout_seconds: int


BUDGETS: Final[Mapping[str, Budget]] = {
    "short": Budget("short", 25, 30, 60, 90),
    "long": Budget("long", 540, 570, 600, 660),
}


@dataclass(frozen=True, slots=True)
class PubsubTrigger:
    """A topic that a function takes; waits between deliveries are in seconds.

    `attempts` is None on a dead-letter topic: its messages are asked again until they are kept.
    """

    topic: str
    filter: Filter
    min_retry_seconds: int
    max_retry_seconds: int
    attempts: int | None


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription to make: `filter_expression` is Pub/Sub's own language, empty for all."""

    name: str
    function: str
    topic: str
    filter_expression: str
    ack_deadline_seconds: int
    min_retry_seconds: int
    max_retry_seconds: int
    attempts: int | None
    dead_letter_topic: str | None


@dataclass(frozen=True, slots=True)
class FunctionEntry:
    """One function as the catalogue has it. Exactly one kind of trigger is set, or none."""

    name: str
    kind: Kind
    runtime: Runtime
    serves_operations: bool
    door_prefixes: tuple[str, ...]
    pubsub: tuple[PubsubTrigger, ...]
    schedule: str | None
    budget: Budget
    concurrency: int
    pool: int
    max_scale: int
    database: DatabaseRole
    publishes: tuple[str, ...]
    storage: StorageRight
    reads_drops: bool
    quarantine: StorageRight
    reports: StorageRight
    secrets: tuple[str, ...]
    egress: Egress
    priority: Priority

    @property
    def service(self) -> str:
        """Return the name as Kubernetes spells it, with hyphens."""
        return self.name.replace("_", "-")

    @property
    def source(self) -> str:
        """Return the path of its module below the repository root."""
        return f"functions/{self.name}/main.py"

    @property
    def server(self) -> str:
        """Return the module that serves it."""
        return "shared.runtime.serve_asgi" if self.is_streaming else "shared.runtime.serve"

    @property
    def is_streaming(self) -> bool:
        """Tell whether its answers last: no time-out ends them, and none is gathered first."""
        return self.runtime == "asgi"

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return what must exist for its messages to arrive: one per topic and mode."""
        return tuple(_subscriptions(self))


@dataclass(frozen=True, slots=True)
class ApplicationEntry:
    """One program beside the functions, in a language of its own, on the public API alone."""

    name: str
    prefix: str
    budget: Budget
    concurrency: int
    max_scale: int

    @property
    def service(self) -> str:
        """Return the name as Kubernetes spells it."""
        return self.name.replace("_", "-")


class _StrictLoader(yaml.CSafeLoader):
    """YAML without repeated keys: the second would silently win."""


def _mapping_of(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if key in seen:
            raise CatalogueError(f"line {key_node.start_mark.line + 1}: {key!r} stands twice")
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_of)


def load_catalogue(path: Path = CATALOGUE_PATH) -> tuple[FunctionEntry, ...]:
    """Return every entry in the file's order.

    Raises:
        CatalogueError: the file breaks its schema or contradicts itself.

    """
    document = _checked(path)
    entries = tuple(_entry(name, body) for name, body in document["functions"].items())
    _check_topics(entries)
    return entries


def load_applications(path: Path = CATALOGUE_PATH) -> tuple[ApplicationEntry, ...]:
    """Return what runs beside the functions, in the file's order. Raises CatalogueError."""
    return tuple(
        ApplicationEntry(
            name=name,
            prefix=body["prefix"],
            budget=BUDGETS[body["budget"]],
            concurrency=body["concurrency"],
            max_scale=body["scale"]["max"],
        )
        for name, body in _checked(path).get("applications", {}).items()
    )


def _checked(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text("utf-8"), Loader=_StrictLoader)  # noqa: S506 - safe
    except yaml.YAMLError as error:
        raise CatalogueError(f"{path.name}: {error}") from error
    schema = json.loads(SCHEMA_PATH.read_text("utf-8"))
    problems = sorted(Draft202012Validator(schema).iter_errors(document), key=str)
    if problems:
        lines = [f"{'.'.join(map(str, p.absolute_path)) or 'top'}: {p.message}" for p in problems]
        raise CatalogueError(f"{path.name}: " + "; ".join(lines))
    return cast("dict[str, Any]", document)


def topics(entries: tuple[FunctionEntry, ...]) -> tuple[str, ...]:
    """Return every topic that must exist, dead-letter topics included, sorted."""
    named = {trigger.topic for entry in entries for trigger in entry.pubsub}
    return tuple(sorted(named | {topic for entry in entries for topic in entry.publishes}))


def _entry(name: str, body: Mapping[str, Any]) -> FunctionEntry:
    triggers = body["triggers"]
    return FunctionEntry(
        name=name,
        kind=cast("Kind", body["kind"]),
        runtime=cast("Runtime", body["runtime"]),
        serves_operations="http" in triggers,
        door_prefixes=tuple(triggers.get("door", {}).get("prefixes", ())),
        pubsub=tuple(_pubsub(trigger) for trigger in triggers.get("pubsub", ())),
        schedule=triggers.get("tick", {}).get("schedule"),
        budget=BUDGETS[body["budget"]],
        concurrency=body["concurrency"],
        pool=body["pool"],
        max_scale=body["scale"]["max"],
        database=cast("DatabaseRole", body["database"]),
        publishes=tuple(body["publishes"]),
        storage=cast("StorageRight", body["storage"]),
        reads_drops="drop" in body,
        quarantine=cast("StorageRight", body.get("quarantine", "none")),
        reports=cast("StorageRight", body.get("reports", "none")),
        secrets=tuple(body["secrets"]),
        egress=cast("Egress", body["egress"]),
        priority=cast("Priority", body.get("priority", "platform")),
    )


def _pubsub(trigger: Mapping[str, Any]) -> PubsubTrigger:
    return PubsubTrigger(
        topic=trigger["topic"],
        filter=cast("Filter", trigger["filter"]),
        min_retry_seconds=trigger["retry"]["min_seconds"],
        max_retry_seconds=trigger["retry"]["max_seconds"],
        attempts=trigger.get("attempts"),
    )


def _subscriptions(entry: FunctionEntry) -> Iterator[Subscription]:
    for trigger in entry.pubsub:
        name = f"{entry.name}--{trigger.topic}"
        modes = {
            "livemode": {
                f"{name}--live": 'attributes.livemode = "true"',
                f"{name}--test": 'attributes.livemode = "false"',
            },
            "none": {name: ""},
        }[trigger.filter]
        for full_name, expression in modes.items():
            yield Subscription(
                name=full_name,
                function=entry.name,
                topic=trigger.topic,
                filter_expression=expression,
                ack_deadline_seconds=entry.budget.ack_deadline_seconds,
                min_retry_seconds=trigger.min_retry_seconds,
                max_retry_seconds=trigger.max_retry_seconds,
                attempts=trigger.attempts,
                dead_letter_topic=None if trigger.attempts is None else f"{trigger.topic}-dead",
            )


def _check_topics(entries: tuple[FunctionEntry, ...]) -> None:
    """Refuse messages that nobody takes, and dead letters that nobody keeps."""
    subscriptions = [s for entry in entries for s in entry.subscriptions()]
    taken = {subscription.topic for subscription in subscriptions}
    published = {topic for entry in entries for topic in entry.publishes}
    dead = {s.dead_letter_topic for s in subscriptions if s.dead_letter_topic is not None}
    if orphans := (published | dead) - taken:
        raise CatalogueError(f"no function takes the topics {', '.join(sorted(orphans))}")
    if silent := taken - published - dead:
        raise CatalogueError(f"nothing publishes the topics {', '.join(sorted(silent))}")
    names = [subscription.name for subscription in subscriptions]
    if len(names) != len(set(names)):
        raise CatalogueError("two subscriptions have one name")
    prefixes = [prefix for entry in entries for prefix in entry.door_prefixes]
    if len(prefixes) != len(set(prefixes)):
        raise CatalogueError("two functions answer one prefix")
