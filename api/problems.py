"""Every refusal over HTTP is one JSON object of the type application/problem+json (RFC 9457); nothing of the request is repeated in it."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.errors import ApiError, Overloaded
from api.observing import note

__all__ = ["MEDIA_TYPE", "Problem", "TooMany", "answer", "documented", "install"]

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """Why a request was refused."""

    type: str = Field(default="about:blank", description="Always about:blank: `title` and `status` say what kind of problem it is.")
    title: str = Field(description="The kind of problem, the same each time.", examples=["Access code not valid"])
    status: int = Field(description="The HTTP status.", examples=[409])
    detail: str = Field(
        description="What was wrong, and whether anything was stored.", examples=["the ballot is not open; nothing was stored"]
    )


class TooMany(ApiError):
    """Too many requests from one place; `retry_after` seconds later it may try again."""

    status = 429
    title = "Too many requests"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


def answer(status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The response."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Response(json.dumps(content, ensure_ascii=False).encode(), status, dict(headers or {}), MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route says of these statuses in the OpenAPI document."""
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    """Makes all of an app's refusals such objects, those of its framework and its own mistakes among them."""

    @app.exception_handler(ApiError)
    def refused(request: Request, error: ApiError) -> Response:
        note(request.scope, error)
        headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Overloaded | TooMany) else {}
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, Overloaded):
            return answer(error.status, ApiError.title, "the service cannot do this now; nothing was stored", headers)
        return answer(error.status, error.title, error.detail, headers)

    @app.exception_handler(RequestValidationError)
    def malformed(_: Request, error: RequestValidationError) -> Response:
        places = {_place(each) for each in error.errors()[:10] if each["loc"]}
        return answer(422, "Invalid request", f"not as described in the documentation: {', '.join(sorted(places)) or 'the body'}"[:400])

    @app.exception_handler(HTTPException)
    def other(_: Request, error: HTTPException) -> Response:
        phrase = HTTPStatus(error.status_code).phrase
        return answer(error.status_code, phrase, phrase.lower(), error.headers)

    @app.exception_handler(Exception)
    def mistake(_: Request, __: Exception) -> Response:
        return answer(500, ApiError.title, "the service has made a mistake")


def _place(error: Mapping[str, Any]) -> str:
    """Where in a request something is wrong. The name of a member that nobody asked for was written by the sender: it is not repeated."""
    place = [str(each) for each in error["loc"]]
    if error["type"] == "extra_forbidden":
        place[-1] = "(a member that is not known)"
    return ".".join(place)[:100]
