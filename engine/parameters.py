"""What an election is bound to: parameters with H_P and H_B (§3.1.2, §3.1.4), then the joint keys with H_E (§3.2.3)."""

from dataclasses import dataclass
from functools import cached_property

from engine import hashing
from engine.errors import QuorumError
from engine.group import Element, Group, Scalar
from engine.manifest import Manifest

MOST_GUARDIANS = 20


@dataclass(frozen=True)
class ElectionParameters:
    """Group, manifest, number of guardians n and quorum k; made by `election_parameters`."""

    group: Group
    manifest: Manifest
    guardian_count: int
    quorum: int

    @cached_property
    def parameter_base_hash(self) -> bytes:
        """H_P (4), 32 bytes."""
        return hashing.parameter_base_hash(self.group, self.guardian_count, self.quorum)

    @cached_property
    def election_base_hash(self) -> bytes:
        """H_B (5), 32 bytes."""
        return hashing.election_base_hash(self.parameter_base_hash, self.manifest.content)


def election_parameters(group: Group, manifest: Manifest, guardian_count: int, quorum: int) -> ElectionParameters:
    """Parameters for n = `guardian_count` and k = `quorum`. Raises QuorumError unless 1 <= k <= n <= 20 and n trustees are named."""
    if not 1 <= quorum <= guardian_count <= MOST_GUARDIANS:
        raise QuorumError(f"expected 1 <= quorum <= guardians <= {MOST_GUARDIANS}, got quorum {quorum} of {guardian_count}")
    if len(manifest.voting.trustees) != guardian_count:
        raise QuorumError(f"the manifest names {len(manifest.voting.trustees)} trustees, not {guardian_count}")
    return ElectionParameters(group, manifest, guardian_count, quorum)


@dataclass(frozen=True)
class Election:
    """An election with its keys: all that is needed to encrypt, check, multiply and decrypt.

    `vote_commitments[i − 1][j]` is K_i,j, `data_commitments[i − 1][j]` is K̂_i,j; both may be empty where nothing is decrypted.
    """

    parameters: ElectionParameters
    vote_encryption_key: Element
    ballot_data_encryption_key: Element
    vote_commitments: tuple[tuple[Element, ...], ...] = ()
    data_commitments: tuple[tuple[Element, ...], ...] = ()

    @property
    def group(self) -> Group:
        """The group of everything in this election."""
        return self.parameters.group

    @property
    def manifest(self) -> Manifest:
        """The manifest of this election."""
        return self.parameters.manifest

    @cached_property
    def extended_base_hash(self) -> bytes:
        """H_E (30), 32 bytes."""
        return hashing.extended_base_hash(
            self.parameters.election_base_hash, self.vote_encryption_key, self.ballot_data_encryption_key
        )

    @cached_property
    def device_hash(self) -> bytes:
        """H_DI (72) of the one device that stands for the service."""
        return hashing.device_hash(self.extended_base_hash, self.manifest.voting.device_information)

    @cached_property
    def chaining_field(self) -> bytes:
        """B_C (73) of every ballot: no chaining, 36 bytes."""
        return b"\x00\x00\x00\x00" + self.device_hash

    def vote_verification_key(self, guardian: int) -> Element:
        """g^z_i, from the commitments K_j,m as in (94)."""
        return _at(self.vote_commitments, guardian, self.group)

    def data_verification_key(self, guardian: int) -> Element:
        """g^ẑ_i, from the commitments K̂_j,m."""
        return _at(self.data_commitments, guardian, self.group)


def commitment_at(commitments: tuple[Element, ...], guardian: int, group: Group) -> Element:
    """g^P(l) = product of K_j^(l^j) (14), for l = `guardian`."""
    return group.product(K_j ** Scalar(group, pow(guardian, j, group.q)) for j, K_j in enumerate(commitments))


def _at(commitments: tuple[tuple[Element, ...], ...], guardian: int, group: Group) -> Element:
    if not commitments:
        raise QuorumError("this election comes without its guardians' commitments: nothing can be decrypted in it")
    return group.product(commitment_at(each, guardian, group) for each in commitments)
