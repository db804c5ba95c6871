"""Answers `/readyz`: 200 when charges flow, else 503; both name what is not there."""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from knative.local.layout import HOST
from knative.local.supervisor import Condition

_ALL_WELL = Condition((), {})


@dataclass(frozen=True, slots=True)
class Beside:
    """What charges flow without: not there yet, given up in this run, or never wanted in it."""

    condition: Condition = _ALL_WELL
    missing: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def __or__(self, other: "Beside") -> "Beside":
        """Name what either names."""
        mine, theirs = self.condition, other.condition
        return Beside(
            Condition(
                (*mine.starting, *theirs.starting), mine.crash_looping | theirs.crash_looping
            ),
            (*self.missing, *other.missing),
            (*self.left_out, *other.left_out),
        )


@dataclass(frozen=True, slots=True)
class Readiness:
    """The steps of the start that are still to do, and the programs' condition."""

    pending_steps: tuple[str, ...]
    condition: Condition
    beside: Beside = field(default_factory=Beside)

    @property
    def is_ready(self) -> bool:
        """Whether a charge made now would flow."""
        return not self.pending_steps and self.condition.is_ready

    def as_json(self) -> dict[str, object]:
        """The body of the answer: a status, and each list that is not empty."""
        beside = self.beside
        looping = self.condition.crash_looping | beside.condition.crash_looping
        waiting = "crash_looping" if self.condition.crash_looping else "starting"
        lists = {
            "starting": [
                *self.pending_steps,
                *self.condition.starting,
                *beside.condition.starting,
            ],
            "crash_looping": [{"name": n, "restarts": count} for n, count in looping.items()],
            "missing": [*beside.missing],
            "left_out": [*beside.left_out],
        }
        shown = {name: names for name, names in lists.items() if names}
        return {"status": "ready" if self.is_ready else waiting, **shown}


async def serve_readiness(port: int, read: Callable[[], Readiness]) -> web.AppRunner:
    """Answer on 127.0.0.1:`port`, until the returned runner's `cleanup`."""

    async def answer(_: web.Request) -> web.Response:
        readiness = read()
        return web.json_response(readiness.as_json(), status=200 if readiness.is_ready else 503)

    application = web.Application()
    application.router.add_get("/readyz", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    return runner
