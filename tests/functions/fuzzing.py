"""Schemathesis at the functions' doors: the contract makes the requests, and judges the answers.

The document is the one that clients get. Only ids are filled in, since no schema can know them:
each names an object that is there, or one that never was.
"""

import copy
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis.auths import AuthContext
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.generation import GenerationMode
from schemathesis.generation.drivers import CoverageGenerator, ExamplesGenerator
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.generation.meta import negated_parameters
from schemathesis.generation.overrides import Override
from schemathesis.hooks import HookContext
from schemathesis.schemas import APIOperation, BaseSchema

from shared.contracts.operations import OPERATIONS, Operation
from tests.functions import fuzz_rules as rules
from tests.functions.fuzz_gateway import Gateway
from tests.functions.fuzz_rules import AnyCase

AnyOperation = APIOperation[Any, Any, Any, Any]
Caller = Callable[[Operation], Mapping[str, str]]
"""The headers of somebody who may call an operation, none of nobody."""
_WHERE: Final = ("Pay-Account", "Pay-Mode")
# Each proof is three requests more: with no key, and with one of nobody's for each way to send it.
_PROOFS: Final = 3
_WALKS_AT_ONCE: Final = 20
_OK: Final = range(200, 300)

load_all_checks()


def pinned(document: Mapping[str, Any], ids: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return a copy in which parameters take `ids` of each kind, and no others.

    Cursors are of the kind that the list has, and what can be expanded is named.
    """
    whole = copy.deepcopy(dict(document))
    shared = whole["components"]["parameters"]
    for path, item in whole["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                item[method] = [_pinned(_taken(each, shared), ids, {}) for each in operation]
                continue
            words = rules.words_of(operation_at(method, path).operation_id, ids)
            taken = [_taken(each, shared) for each in operation.get("parameters", ())]
            operation["parameters"] = [_pinned(each, ids, words) for each in taken]
    return whole


def _taken(parameter: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    named = parameter.get("$ref", "").rpartition("/")[2]
    return copy.deepcopy(dict(shared[named] if named else parameter))


def _pinned(
    parameter: dict[str, Any], ids: Mapping[str, list[str]], words: Mapping[str, list[str]]
) -> dict[str, Any]:
    schema, name = parameter["schema"], parameter["name"]
    kind = re.match(r"\^([a-z]+)_(?:\(live\|test\)_)?\[", schema.get("pattern", ""))
    known = words.get(name) or (ids.get(kind[1]) if kind else None)
    if known and schema.get("type") == "array":
        schema["items"] = {"enum": known}
    elif known:
        parameter["schema"] = {"enum": known}
    return parameter


def operation_at(method: str, path: str) -> Operation:
    """Return the operation of a method in any case and a path with its braces."""
    return next(o for o in OPERATIONS if (o.method, o.path) == (method.upper(), path))


# pytest would write the whole contract beside each failure.
@dataclass(repr=False)
class Fuzzer:
    """The contract against the functions, as somebody who may call each operation.

    `ids` are of objects that are there, and of some that are not, by the prefix of their kind.
    """

    schema: BaseSchema
    gateway: Gateway
    caller: Caller
    ids: Mapping[str, list[str]]
    _proven: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Have each case sent by who may, and make sense where no schema tells how."""
        self.schema.app = self.gateway
        caller, ids = self.caller, self.ids

        @self.schema.auth(refresh_interval=None)
        class _Auth:
            def get(self, case: AnyCase, _: AuthContext) -> Mapping[str, str] | None:
                found = operation_at(case.operation.method, case.operation.path)
                return caller(found) or None

            def set(self, case: AnyCase, data: Mapping[str, str], _: AuthContext) -> None:
                _sign(case, data)

        @self.schema.hook("filter_case")
        def _is_told(_: HookContext, case: AnyCase) -> bool:
            return rules.is_told_by_the_contract(case)

        @self.schema.hook("map_case")
        def _sensible(_: HookContext, case: AnyCase) -> AnyCase:
            return rules.sensible(case, ids)

    def operations(self, tag: str) -> list[AnyOperation]:
        """Return the operations of a tag, those that end something last."""
        found = [each.ok() for each in self.schema.get_all_operations() if isinstance(each, Ok)]
        tagged = [each for each in found if tag in (each.tags or ())]
        order = {"GET": 0, "POST": 1, "PUT": 1, "DELETE": 2}
        return sorted(tagged, key=lambda each: order[each.method.upper()])

    def cases(self, operation: AnyOperation, examples: int, seed: int) -> Iterator[AnyCase]:
        """Yield the contract's own examples, its bounds one by one, and what `seed` draws."""
        yield from ExamplesGenerator(
            operation=operation, override=Override(), feedback=NO_FEEDBACK, fill_missing=False
        )
        yield from CoverageGenerator(
            operation=operation,
            generation_modes=list(GenerationMode),
            generation_config=self.schema.config.generation_for(
                operation=operation, phase="coverage"
            ),
            auth_storage=None,
            override=Override(),
            feedback=NO_FEEDBACK,
        )
        for mode in GenerationMode:
            yield from _drawn(operation, mode, examples // 2, seed)

    def judge(self, case: AnyCase) -> list[str]:
        """Send a request; return what is wrong with its answer."""
        return self.wrong_with(case, case.call())

    def wrong_with(
        self, case: AnyCase, response: Response, history: ScenarioRecorder | None = None
    ) -> list[str]:
        """Return what is wrong with an answer, and with what came before it where that is known."""
        found = operation_at(case.operation.method, case.operation.path)
        left_out = rules.left_out(found.operation_id)
        if self._proven[found.operation_id] >= _PROOFS:
            left_out |= {"ignored_auth"}
        self._proven[found.operation_id] += response.status_code in _OK
        wrong = self.gateway.breaches[:]
        checks: Any = [each for each in CHECKS.get_all() if each.__name__ not in left_out]
        try:
            case.validate_response(response, checks=checks, recorder=history)
        except FailureGroup as group:
            wrong += [
                f"{type(each).__name__}: {each.message}"
                for each in group.exceptions
                if not rules.is_excused(each, case, response, found.operation_id)
            ]
        self.gateway.breaches.clear()
        return [_told(each, case, response) for each in wrong]

    def walk(self, walks: int, steps: int, *, is_new: bool) -> tuple[int, list[str]]:
        """Go from what one answer names to the next request; how many were made, what was wrong.

        Schemathesis finds by itself which operation takes what another answers.
        """
        self.schema.apply_stateful_inference(None)
        fuzzer, tried, wrong = self, itertools.count(), list[str]()

        class _Walk(self.schema.as_state_machine()):  # type: ignore[misc]  # made at run time
            def validate_response(
                self, response: Response, case: AnyCase, *_: Any, **__: Any
            ) -> None:
                next(tried)
                wrong.extend(fuzzer.wrong_with(case, response, self.recorder))

        how = settings(
            max_examples=min(walks, _WALKS_AT_ONCE),
            stateful_step_count=steps,
            phases=[Phase.generate],
            derandomize=not is_new,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        for _ in range(0, walks, _WALKS_AT_ONCE):
            # Where a walk can go hangs on what was answered, which Hypothesis may notice.
            with suppress(FlakyStrategyDefinition):
                _Walk.run(settings=how)
        return next(tried), wrong


def _sign(case: AnyCase, who: Mapping[str, str]) -> None:
    spared = {name for name, at in negated_parameters(case._meta) if at is ParameterLocation.HEADER}
    for name in _WHERE:
        if name not in who and name not in spared:
            case.headers.pop(name, None)
    for name, value in who.items():
        if name not in spared:
            case.headers[name] = value


def _told(wrong: str, case: AnyCase, response: Response) -> str:
    what = case.meta.phase.data.description if case.meta else ""
    mode = case.meta.generation.mode.value if case.meta else ""
    headers = {n: v[:100] for n, v in case.headers.items() if n != "Authorization"}
    sent = f"{case.method} {case.formatted_path} {case.query or ''} {headers} {case.media_type}"
    body = "" if case.media_type is None else f"{case.body!r:.600}"
    answered = f"{response.status_code} {response.content[:600]!r}"
    return f"{wrong}\n  {mode}, {what}\n  {sent} {body}\n  {answered}"


def _drawn(
    operation: AnyOperation, mode: GenerationMode, examples: int, seed: int
) -> list[AnyCase]:
    drawn: list[AnyCase] = []

    @seeded(seed)
    @settings(
        max_examples=examples,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode, feedback=NO_FEEDBACK))
    def draw(case: AnyCase) -> None:
        drawn.append(case)

    draw()
    return drawn
