"""Who may call a route, declared with the route itself: nothing is reached without such a declaration (SV-04).

A route names its principal with `Depends(Requires(Role…))`, with `Depends(Token())` for who is on the way to being signed in, or with
`Depends(anybody)`. An app is checked when it is made (`check_declared`), and its OpenAPI document says of every operation who may call it:
`x-principal`.
"""

import hmac
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Protocol

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.auth import Principal, Role
from api.errors import ApiError, Denied, Unauthenticated
from api.examples import add_examples
from api.problems import documented

__all__ = [
    "Authorise", "Declared", "OwnService", "Requires", "Token", "anybody", "check_declared", "declared_of", "describe", "required_of",
    "routes_of", "voter",
]  # fmt: skip

_LONGEST_TOKEN = 200
_bearer = HTTPBearer(auto_error=False, scheme_name="session", description="The token that signing in answers.")


class Authorise(Protocol):
    """Answers who acts: the account of a full session, authorised in this role, for this ballot or, with None, for the platform. Raises
    Unauthenticated, Denied."""

    def __call__(self, token: str, role: Role, election_id: str | None = None) -> Principal:
        """See above."""
        ...


def anybody() -> None:
    """Declares a route that needs nobody to be signed in."""


def voter() -> None:
    """Declares a route whose only key is the access code that it asks for itself."""


def _token(credentials: HTTPAuthorizationCredentials | None) -> str:
    if credentials is None or len(credentials.credentials) > _LONGEST_TOKEN:
        raise Unauthenticated("sign-in failed, or the session has ended; sign in again")
    return credentials.credentials


class Token:
    """Declares a route for whoever has a session's token; how far the token reaches is for the service to say, which is handed it."""

    def __call__(self, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> str:
        """The token. Raises Unauthenticated."""
        return _token(credentials)


class OwnService:
    """Declares a route for another service of ours, which shows the key of the link between the two (SV-26)."""

    def __call__(self, request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
        """Raises Unauthenticated."""
        given, expected = _token(credentials).encode(), request.app.state.link_key.encode()
        if not hmac.compare_digest(given, expected):
            raise Unauthenticated("this is not the key of the link between the services")


class Requires:
    """Declares a route for people in one of these roles: of the ballot that the path names, or else of the platform. With two roles, the
    first one that somebody has is theirs."""

    def __init__(self, *roles: Role) -> None:
        self.roles = roles

    def __call__(self, request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Principal:
        """Who acts. Raises Unauthenticated, Denied."""
        token, authorise = _token(credentials), request.app.state.authorise
        election_id = request.path_params.get("election_id")
        for role in self.roles:
            try:
                principal: Principal = authorise(token, role, election_id)
            except Denied:
                continue
            return principal
        raise Denied("this account is not authorised for that")


Declared = Requires | Token | OwnService | Callable[[], None]


def declared_of(route: RouteContext) -> Declared | None:
    """The principal that a route declares; None if it declares none. Raises ApiError if it declares two."""
    found = [call for call in _calls(route.dependant) if isinstance(call, Requires | Token | OwnService) or call in (anybody, voter)]
    if len(found) > 1:
        raise ApiError(f"{route.path}: a route has one principal, this has {len(found)}")
    return found[0] if found else None


def required_of(dependant: Dependant) -> Requires | None:
    """The roles that a route asks for, by what it depends on; None if it asks for none."""
    return next((call for call in _calls(dependant) if isinstance(call, Requires)), None)


def check_declared(app: FastAPI) -> None:
    """Raises ApiError naming the first route that does not say who may call it. No such app is ever started."""
    for route in routes_of(app):
        if declared_of(route) is None:
            raise ApiError(f"{route.path}: the route does not say who may call it; declare a principal (api/authorising.py)")


def describe(app: FastAPI) -> None:
    """Makes the app's OpenAPI document say of each operation who may call it, how it is refused to others, and give examples."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, summary=app.summary, description=app.description, routes=app.routes)
            for route in routes_of(app):
                if route.include_in_schema:
                    _describe(made, route)
            add_examples(made)
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def routes_of(app: FastAPI) -> Iterator[RouteContext]:
    """All routes of our own, those of included routers too."""
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute):
            yield route


def _describe(document: dict[str, Any], route: RouteContext) -> None:
    declared = declared_of(route)
    for method in route.methods or ():
        operation = document["paths"][route.path_format][method.lower()]
        if isinstance(declared, Requires):
            operation["x-principal"] = [role.value for role in declared.roles]
            refusals = documented(401, 403)
        elif isinstance(declared, Token):
            operation["x-principal"] = ["session"]
            refusals = documented(401)
        elif isinstance(declared, OwnService):
            operation["x-principal"] = ["service"]
            refusals = documented(401, 403)
        else:
            operation["x-principal"] = ["voter" if declared is voter else "anybody"]
            refusals = {}
        for status, refusal in refusals.items():
            operation["responses"].setdefault(str(status), refusal)


def _calls(dependant: Dependant) -> Iterator[Any]:
    for each in dependant.dependencies:
        yield each.call
        yield from _calls(each)
