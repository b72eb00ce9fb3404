"""The same request again is not done again: with the header Idempotency-Key, a repeat gets the answer of the first one.

Kept for requests that were done, by account, path and key. Whoever sends another body under a used key gets 422. Two that are on their way
at the same time are two requests: the service itself admits one of them.
"""

import hashlib
import hmac
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Protocol

from fastapi import Header, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials
from starlette.concurrency import run_in_threadpool

from api.authorising import required_of
from api.errors import Invalid

__all__ = ["HEADER", "Answer", "Answers", "IdempotentRoute", "once"]

HEADER = "Idempotency-Key"
_LONGEST = 100

Answer = tuple[bytes, int, bytes]
"""The digest of a request's body, and the status and content of what it was answered."""


class Answers(Protocol):
    """Where answers are kept."""

    def find(self, key: bytes) -> Answer | None:
        """What was answered under this key."""
        ...

    def keep(self, key: bytes, answer: Answer) -> None:
        """Keeps an answer; the first one under a key stays."""
        ...


def once(_: Annotated[str | None, Header(alias=HEADER, max_length=_LONGEST, description="The same key: done once.")] = None) -> None:
    """Describes the header of a route."""


class IdempotentRoute(APIRoute):
    """A route that keeps its answers to POST with the header. `request.app.state` has `answers`, and `account_of`, which answers whose a
    token is and raises Unauthenticated."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See APIRoute."""
        handle, required = super().get_route_handler(), required_of(self.dependant)

        async def with_key(request: Request) -> Response:
            given = request.headers.get(HEADER)
            if given is None or request.method != "POST":
                return await handle(request)
            if not 0 < len(given) <= _LONGEST:
                raise Invalid(f"{HEADER}: expected 1 to {_LONGEST} characters; nothing was done")
            token = request.headers.get("authorization", "").partition(" ")[2]
            account = await run_in_threadpool(request.app.state.account_of, token)
            key = hashlib.sha256(repr((account, request.url.path, given)).encode()).digest()
            digest = hashlib.sha256(await request.body()).digest()
            answers: Answers = request.app.state.answers
            found = await run_in_threadpool(answers.find, key)
            if found is not None:
                if not hmac.compare_digest(found[0], digest):
                    raise Invalid(f"{HEADER}: another request was sent with this key; nothing was done")
                if required is not None:  # whoever is not authorised any more is not answered either
                    credentials = HTTPAuthorizationCredentials(scheme="Bearer", credentials=token)
                    await run_in_threadpool(required, request, credentials)
                return Response(found[2], found[1], media_type="application/json")
            response = await handle(request)
            if response.status_code < 300:
                await run_in_threadpool(answers.keep, key, (digest, response.status_code, bytes(response.body)))
            return response

        return with_key
