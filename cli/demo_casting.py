"""The demonstration's voters at the voting service: they open their form, cast, or hand in a ballot that they have opened."""

import http.client
import json
from urllib.parse import urlsplit

from cli.errors import PsephosError

__all__ = ["cast", "challenge", "public_election"]


def public_election(address: str, election_id: str) -> bytes:
    """What a browser is told of the election."""
    status, content = _call(address, "GET", f"/api/v1/elections/{election_id}", "", b"")
    if status != 200:
        raise PsephosError(f"the voting service does not know the ballot (status {status})")
    return content


def cast(address: str, election_id: str, code: str, ballot: bytes) -> int:
    """Casts an encrypted ballot; the status of the answer: 201 when it is stored for good."""
    return _call(address, "POST", f"/api/v1/elections/{election_id}/votes", code, ballot)[0]


def challenge(address: str, election_id: str, code: str, ballot: bytes, opening: bytes) -> int:
    """Hands in a ballot with what opens it; the status of the answer."""
    content = json.dumps({"ballot": ballot.decode(), "opening": opening.decode()}).encode()
    return _call(address, "POST", f"/api/v1/elections/{election_id}/challenged", code, content)[0]


def _call(address: str, method: str, path: str, code: str, content: bytes) -> tuple[int, bytes]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    headers = {"Content-Type": "application/json", "Access-Code": code} if method == "POST" else {}
    try:
        connection.request(method, path, content or None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
