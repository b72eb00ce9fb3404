"""What a proxy or a monitor asks: whether the process lives, and whether it can take votes now. Nothing about any ballot is answered."""

from collections.abc import Callable

from fastapi import APIRouter, Depends, Response
from starlette.concurrency import run_in_threadpool

from api.authorising import anybody
from api.clock import JUMP, Clock
from api.errors import ApiError
from api.problems import answer

__all__ = ["health_routes"]


def health_routes(clock: Clock, check: Callable[[], None]) -> APIRouter:
    """Routes /health and /ready. `check` raises ApiError if something that the service needs is not there. A clock that somebody has moved
    makes it not ready, until it is started again: it goes on by its own time, and closes when it should (SV-18)."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(anybody)])

    @router.get("/health")
    def health() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/ready")
    async def ready() -> Response:
        if abs(clock.jump()) > JUMP:
            return answer(503, "Not ready", "the machine's clock was moved; the service goes on by its own and should be started again")
        try:
            await run_in_threadpool(check)
        except ApiError:
            return answer(503, "Not ready", "a database is not there, or not at this program's version")
        return Response(b'{"status":"ready"}', media_type="application/json")

    return router
