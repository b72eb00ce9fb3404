"""A trustee's first step with a platform: look at the ballot, make a copy of its board, and say what is to be compared with the others."""

import re
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.connection import Connection
from cli.errors import PsephosError
from cli.fingerprint import spoken
from cli.mirror import FEW_TRIES, Mirror, fetch_parameters, write_server
from cli.session import Ask, Session, prompt
from cli.trustee_folder import indices
from engine.group import STANDARD, Group
from engine.parameters import ElectionParameters
from engine.record import read_parameters

__all__ = ["Joined", "join"]


@dataclass(frozen=True, slots=True)
class Joined:
    """A ballot that this trustee takes part in, as guardian `index`; everything but `index` was computed from the manifest here."""

    parameters: ElectionParameters
    index: int

    def lines(self) -> list[str]:
        """What the trustee should read, and compare with what the scrutineer and the others say by another way."""
        voting, n = self.parameters.manifest.voting, self.parameters.guardian_count
        return [
            f"{self.parameters.manifest.label} ({voting.union})",
            f"  voting from {voting.opens} to {voting.closes}",
            f"  {n} trustees, {self.parameters.quorum} are needed for the count",
            f"  you are guardian {self.index}, {voting.trustees[self.index - 1]}",
            f"  identifier of the ballot: {voting.election_identifier.hex().upper()}",
            "Read this to the scrutineer and the other trustees, not through this service. All must have the same (H_B, equation 5):",
            spoken(self.parameters.election_base_hash),
        ]


def join(url: str, ballot_id: str, folder: Path, own: Path, ask: Ask = prompt, group: Group = STANDARD) -> Joined:
    """Makes `folder` a copy of the board, once its parameters were checked here; the session stays in `own`. Stopped halfway, it can be run
    again. Raises PsephosError."""
    ballot_id = ballot_id.strip().lower()
    if not re.fullmatch("[0-9a-f]{64}", ballot_id):
        raise PsephosError("a ballot's identifier has 64 hexadecimal digits")
    if own.resolve().is_relative_to(folder.resolve()) or folder.resolve().is_relative_to(own.resolve()):
        raise PsephosError("your own folder and the copy of the board have to be apart: the copy may be shown to anybody")
    with closing(Connection(url, FEW_TRIES)) as connection:
        return _join(Session(connection, own, ask), ballot_id, folder, own, group)


def _join(session: Session, ballot_id: str, folder: Path, own: Path, group: Group) -> Joined:
    url = session.connection.place.url
    index = _index(session.get_json(f"/api/v1/ballots/{ballot_id}"), session.get_json("/api/v1/me"))
    with tempfile.TemporaryDirectory() as draft:
        fetch_parameters(session, ballot_id, Path(draft))
        parameters = read_parameters(Path(draft), group)
    if parameters.manifest.voting.election_identifier.hex() != ballot_id:
        raise PsephosError(f"{url} shows the manifest of another ballot")
    if index > parameters.guardian_count:
        raise PsephosError(f"{url} calls you guardian {index}, but the manifest names {parameters.guardian_count} trustees")
    if indices(own) - {index}:
        raise PsephosError(f"{own} holds the keys of guardian {min(indices(own))}: each trustee and each ballot needs a folder of its own")
    write_server(folder, url, ballot_id)
    mirror = Mirror(folder, session, ballot_id, group)
    mirror.sync()
    if mirror.parameters().election_base_hash != parameters.election_base_hash:
        raise PsephosError(f"{folder} holds the parameters of another ballot than {url} shows now")
    return Joined(parameters, index)


def _index(state: Any, me: Any) -> int:
    try:
        trustees, account = list(state["trustees"]), me["account"]
    except (TypeError, KeyError):
        raise PsephosError("the service does not say who the trustees are; is this the right address?") from None
    if account not in trustees:
        raise PsephosError("this account is not one of the ballot's trustees")
    return trustees.index(account) + 1
