"""Answers `/readyz`: 200 when charges flow, else 503 and the names of what is not ready."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from knative.local.layout import HOST
from knative.local.supervisor import Condition


@dataclass(frozen=True, slots=True)
class Readiness:
    """The steps of the start that are still to do, and the programs' condition."""

    pending_steps: tuple[str, ...]
    condition: Condition

    @property
    def is_ready(self) -> bool:
        """Whether a charge made now would flow."""
        return not self.pending_steps and self.condition.is_ready

    def as_json(self) -> dict[str, object]:
        """The body of the answer."""
        if self.is_ready:
            return {"status": "ready"}
        looping = self.condition.crash_looping
        return {
            "status": "crash_looping" if looping else "starting",
            "starting": [*self.pending_steps, *self.condition.starting],
            "crash_looping": [{"name": n, "restarts": count} for n, count in looping.items()],
        }


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
