"""How the service for rolls reaches the one that has the voters: one request at a time, to one address that is configured (SV-23, SV-26).

A secret passes: access codes, on their way to being sent.
"""

import http.client
import json
import ssl
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import urlsplit

from api.errors import ApiError, Conflict, Invalid, NotFound, Overloaded
from api.users.assignment import Numbers
from api.users.people import Minted

__all__ = ["AT_ONCE", "Link", "VotersLink"]

AT_ONCE = 20_000
"""Voters of one part of a roll."""
_LARGEST_ANSWER = 2**20
_TIMEOUT = 60.0  # seconds
Each = TypeVar("Each")
_REFUSALS: dict[int, type[ApiError]] = {404: NotFound, 409: Conflict, 422: Invalid}


class LinkError(ApiError):
    """The other service does not answer as it should. For whoever runs both."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where the other service is, https:// or this machine, and the key that both know. Raises Invalid for another address, or a key that
    is too short to be secret."""

    address: str
    key: str = field(repr=False)

    def __post_init__(self) -> None:
        """See above."""
        parts = urlsplit(self.address)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.username:
            raise Invalid("the link's address: expected https://HOST or https://HOST:PORT")
        if parts.scheme == "http" and not _is_here(parts.hostname):
            raise Invalid("the link's address: expected https, because it leads to another machine")
        if len(self.key) < 32:
            raise Invalid("the link's key: expected at least 32 characters from a random generator")


class VotersLink:
    """The voters of the other service. Raises LinkError, and what the other service raises."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def announce(self, election_id: str, count: int) -> int:
        """Says that there will be so many voters: until they are there, the ballot is not opened. Answers how many there are now."""
        return int(self._post(f"/api/v1/link/{election_id}/roll", {"voters": count})["voters"])

    def hand_over(
        self, election_id: str, count: int, minted: Iterable[Minted], removed: Iterable[str] = (),
        tell: Callable[[int], None] = lambda _: None,
    ) -> int:  # fmt: skip
        """Makes `count` voters known, in parts, and removes others; the same again changes nothing, so that one that was stopped is done
        again. `tell` is told how many are done. Answers how many voters there are then."""
        self.announce(election_id, count)
        for part in _parts(removed):
            self._post(f"/api/v1/link/{election_id}/removals", {"unique_identifiers": part})
        done = 0
        for some in _parts(minted):
            voters = [_told(each) for each in some]
            self._post(f"/api/v1/link/{election_id}/voters", {"voters": voters})
            done += len(voters)
            tell(done)
        return self.announce(election_id, count)

    def tell_numbers(self, election_id: str, people: int, numbers: Numbers) -> None:
        """Tells what the roll is in numbers, for the opening check."""
        self._post(f"/api/v1/link/{election_id}/roll-numbers", {
            "people": people, "without_method": numbers.without_method, "unranked": numbers.unranked, "exceptions": numbers.exceptions,
            "named": {each.value: number for each, number in numbers.named.items()}, "particulars": numbers.particulars,
        })  # fmt: skip

    def code(self, election_id: str, unique_identifier: str, channel: str) -> str:
        """A new access code, 28 characters, in place of all others of that voter."""
        return self._code(election_id, "codes", {"unique_identifier": unique_identifier, "channel": channel})

    def reissue(self, election_id: str, unique_identifier: str, channel: str, by: str, reason: str) -> str:
        """The same, noted in the audit log: who asked for it, and why."""
        wanted = {"unique_identifier": unique_identifier, "channel": channel, "by": by, "reason": reason}
        return self._code(election_id, "reissues", wanted)

    def discount(self, election_id: str, unique_identifier: str, channel: str, people: tuple[str, str], reason: str) -> str:
        """The voter's vote, if there is one, is not counted; a new code in place of all others. `people` are the two who decided."""
        by, approved_by = people
        wanted = {"unique_identifier": unique_identifier, "channel": channel, "by": by, "approved_by": approved_by, "reason": reason}
        return self._code(election_id, "discounts", wanted)

    def _code(self, election_id: str, what: str, wanted: dict[str, Any]) -> str:
        code = self._post(f"/api/v1/link/{election_id}/{what}", wanted).get("code")
        if not isinstance(code, str):
            raise LinkError("the service with the voters answered no access code")
        return code

    def _post(self, path: str, content: dict[str, Any]) -> dict[str, Any]:
        parts = urlsplit(self._link.address)
        host, port = parts.hostname or "", parts.port
        if parts.scheme == "https":
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=_TIMEOUT, context=_aes_256()
            )
        else:
            connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
        headers = {"Authorization": f"Bearer {self._link.key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(content).encode(), headers)
            answer = connection.getresponse()
            body = answer.read(_LARGEST_ANSWER)
        except (OSError, http.client.HTTPException):
            raise Overloaded("the service with the voters does not answer; nothing more was done", 10) from None
        finally:
            connection.close()
        try:
            told = json.loads(body)
        except ValueError:
            raise LinkError("the service with the voters answered something else than JSON") from None
        if answer.status >= 300:
            refusal = _REFUSALS.get(answer.status)
            if refusal is not None:
                raise refusal(str(told.get("detail", "refused"))[:400])
            if answer.status == 503:
                raise Overloaded("the service with the voters is busy; nothing more was done", 10)
            raise LinkError(f"the service with the voters refused with {answer.status}")
        return dict(told)


def _told(minted: Minted) -> dict[str, Any]:
    methods = {"methods": [each.value for each in minted.methods]} if minted.methods else {}
    return {"unique_identifier": minted.unique_identifier, "style": minted.style, **methods}


def _parts(many: Iterable[Each]) -> Iterator[list[Each]]:
    source = iter(many)
    while part := list(islice(source, AT_ONCE)):
        yield part


def _aes_256() -> ssl.SSLContext:
    """Certificates are checked; TLS 1.2 with AES-256 alone. In TLS 1.3 the other end's proxy chooses, which offers nothing else (T9)."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:!AES128")
    return context


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
