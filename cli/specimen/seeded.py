"""Everything that is random in a real record, here from a seed: the plan of a specimen, its streams, and a group that draws from one."""

import hashlib
from dataclasses import dataclass
from typing import NoReturn

from engine.ballot import CAST, CHALLENGED, DISCOUNTED
from engine.group import STANDARD, Group, Scalar


@dataclass(frozen=True, slots=True)
class Plan:
    """What a specimen is made from: how many ballots, of `contests` questions with `options` answers each, and the seed.

    Ballots are numbered from 0: the first `discounted` are not counted, the next `challenged` are opened, all others are cast.
    """

    ballots: int
    options: int = 2
    contests: int = 1
    discounted: int = 0
    challenged: int = 0
    guardians: int = 3
    seed: int = 1

    @property
    def counted(self) -> int:
        """How many ballots are cast and counted."""
        return self.ballots - self.discounted - self.challenged

    @property
    def challenged_numbers(self) -> range:
        """The numbers of the challenged ballots."""
        return range(self.discounted, self.discounted + self.challenged)

    def state(self, number: int) -> str:
        """The state of the ballot with this number."""
        if number < self.discounted:
            return DISCOUNTED
        return CHALLENGED if number in self.challenged_numbers else CAST

    def digest(self, purpose: str, *numbers: int) -> bytes:
        """32 bytes for one purpose, different for every plan."""
        fields = (self.ballots, self.options, self.contests, self.discounted, self.challenged, self.guardians, self.seed)
        return hashlib.sha256(f"psephos specimen 1 {fields} {purpose} {numbers}".encode()).digest()

    def scalar(self, purpose: str, *numbers: int) -> int:
        """An integer from 1 to q − 1 for one purpose."""
        return 1 + int.from_bytes(self.digest(purpose, *numbers), "big") % (STANDARD.q - 1)


class SeededGroup(Group):
    """The standard group, but its random scalars follow from a plan. Only specimens are made with it.

    Equal to STANDARD, whose numbers and powers it has. It never goes to another process, where it would be STANDARD.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(STANDARD.p, STANDARD.q, STANDARD.generator)
        self._plan = plan
        self.start("ceremony and decryption")

    def start(self, purpose: str, number: int = 0) -> None:
        """From now on the scalars are those of this purpose, from the first."""
        self._purpose, self._number, self._drawn = purpose, number, 0

    def random_scalar(self) -> Scalar:
        """The next scalar of the stream, other than 0."""
        self._drawn += 1
        return Scalar(self, self._plan.scalar(self._purpose, self._number, self._drawn))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Group) and (self.p, self.q, self.generator) == (other.p, other.q, other.generator)

    def __hash__(self) -> int:
        return super().__hash__()

    def __reduce__(self) -> NoReturn:
        raise TypeError("the group of a specimen is not sent to other processes")
