"""Runs our own Python programs: those that stay under the supervisor, and steps to their end."""

import sys
from collections.abc import Mapping
from typing import Final

from knative.local.layout import ROOT, Layout
from knative.local.programs import Program, rotate_log
from knative.local.supervisor import run_to_end

_STEP_SECONDS: Final = 120.0


def python_program(
    layout: Layout, name: str, module: str, environment: Mapping[str, str], *words: str
) -> Program:
    """Say how `module` runs with `words`; its log is `<name>.log`."""
    log = layout.logs / f"{name}.log"
    rotate_log(log)
    return Program(
        name=name,
        argv=(sys.executable, "-m", module, *words),
        log=log,
        folder=ROOT,
        environment=environment,
        stop_seconds=1.5,
    )


async def run_step(
    layout: Layout,
    name: str,
    module: str,
    environment: Mapping[str, str],
    *words: str,
    seconds: float = _STEP_SECONDS,
    capture: bool = False,
) -> str:
    """Run `module` to its end; with `capture` return what it prints, which then reaches no log.

    Raises StartError when it fails or takes longer than `seconds`.
    """
    program = python_program(layout, name, module, environment, *words)
    return await run_to_end(program, seconds=seconds, capture=capture)
