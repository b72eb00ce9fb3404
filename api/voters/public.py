"""What everybody is told of an election before its result."""

from dataclasses import dataclass

from engine.encoding import member
from engine.group import Element, Group
from engine.manifest import read_manifest
from engine.parameters import Election, election_parameters

__all__ = ["PublicElection"]


@dataclass(frozen=True, slots=True)
class PublicElection:
    """What is public of an election before its result, and enough to encrypt and check its ballots. `manifest` are the bytes that are
    hashed."""

    manifest: bytes = member()
    guardian_count: int = member()
    quorum: int = member()
    vote_encryption_key: Element = member()
    ballot_data_encryption_key: Element = member()

    def election(self, group: Group) -> Election:
        """The election as the engine has it. Raises EngineError."""
        parameters = election_parameters(group, read_manifest(self.manifest), self.guardian_count, self.quorum)
        return Election(parameters, self.vote_encryption_key, self.ballot_data_encryption_key)
