"""The voter's pages over HTTP. They are the same for everybody: what is in an address changes nothing but which page it is, and an access
code stands behind its #, which no browser sends (CL-07)."""

import re

from fastapi import APIRouter, Depends, Request, Response

from api.authorising import anybody
from api.edge import as_page
from api.errors import NotFound
from api.pages import REFERENCE_LENGTH, Pages

__all__ = ["page_routes", "record_page_routes"]

_REFERENCE = re.compile(f"[0-9a-f]{{{REFERENCE_LENGTH}}}")
_READING = ["GET", "HEAD"]


def page_routes(pages: Pages) -> APIRouter:
    """Routes of all pages, and of the files that they load, by names that exist; nothing is looked for on a disk."""
    router = record_page_routes(pages)

    @router.api_route("/", methods=_READING)
    @router.api_route("/vote", methods=_READING)
    async def vote(request: Request) -> Response:
        return _file(pages, request, "index.html")

    @router.api_route("/vote/{reference}", methods=_READING)
    async def vote_in(request: Request, reference: str) -> Response:
        _check_reference(reference)
        return _file(pages, request, "index.html")

    @router.api_route("/check", methods=_READING)
    async def check(request: Request) -> Response:
        return _file(pages, request, "check.html", camera=True)  # which reads a QR code

    return router


def record_page_routes(pages: Pages) -> APIRouter:
    """Those of the page of results alone, for the service that has the released records; with the statement that every page leads to."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(anybody)])

    @router.api_route("/record", methods=_READING)
    async def record(request: Request) -> Response:
        return _file(pages, request, "record.html")

    @router.api_route("/record/{reference}", methods=_READING)
    async def record_of(request: Request, reference: str) -> Response:
        _check_reference(reference)
        return _file(pages, request, "record.html")

    @router.api_route("/accessibility", methods=_READING)
    async def accessibility(request: Request) -> Response:
        return _file(pages, request, "accessibility.html")

    @router.api_route("/assets/{name}", methods=_READING)
    async def asset(request: Request, name: str) -> Response:
        return _file(pages, request, f"assets/{name}")

    return router


def _file(pages: Pages, request: Request, name: str, *, camera: bool = False) -> Response:
    found = pages.files.get(name)
    if found is None and name in pages.missing:
        raise NotFound("this page is not installed here: `psephos doctor --service voting` says what to do")
    if found is None:
        raise NotFound("there is no such file")
    as_page(request.scope, camera=camera)
    return Response(found.content, media_type=found.content_type)


def _check_reference(reference: str) -> None:
    if not _REFERENCE.fullmatch(reference):
        raise NotFound(f"there is no such page: its address ends with {REFERENCE_LENGTH} digits, 0 to 9 and a to f")
