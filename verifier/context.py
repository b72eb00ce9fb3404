"""What every check of a ballot looks things up in. Made once; worker processes share it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .arithmetic import Group
from .hints import Hints
from .model import BallotStyle, Contest, ContestDataDecryption, Device, OpenedBallot
from .source import RecordSource
from .template import Templates

__all__ = ["Context", "make_context"]


@dataclass(frozen=True, slots=True)
class Context:
    """`openings` and `contest_data` are by ballot id; of two openings with one id the first is kept, the other is `repeated`. `hints` names
    the hints' file, if there is one, and `arithmetic` the way of computing, if not the usual one; neither changes a verdict. `opened` are
    the hints, once they are found to be usable; `templates` knows the record's ordinary ballots, if they can be tested together."""

    group: Group
    source: RecordSource
    contests: Mapping[int, Contest]
    styles: Mapping[int, BallotStyle]
    devices: Mapping[int, Device]
    openings: Mapping[str, OpenedBallot]
    repeated: Sequence[OpenedBallot]
    contest_data: Mapping[str, Sequence[ContestDataDecryption]]
    hints: str | None = None
    arithmetic: str | None = None
    opened: Hints | None = None
    templates: Templates | None = None

    @property
    def own(self) -> bool:
        """Whether the record is in our own layout."""
        return self.source.format.own


def make_context(source: RecordSource, group: Group, hints: str | None = None, arithmetic: str | None = None) -> Context:
    """The look-up tables of a record."""
    openings: dict[str, OpenedBallot] = {}
    repeated: list[OpenedBallot] = []
    for opening in source.openings or ():
        if opening.ballot_id in openings:
            repeated.append(opening)
        else:
            openings[opening.ballot_id] = opening
    contest_data: dict[str, list[ContestDataDecryption]] = {}
    for decryption in source.contest_data or ():
        contest_data.setdefault(decryption.ballot_id, []).append(decryption)
    return Context(
        group=group,
        source=source,
        contests={contest.index: contest for contest in source.manifest.contests},
        styles={style.index: style for style in source.manifest.styles},
        devices={device.index: device for device in source.devices},
        openings=openings,
        repeated=tuple(repeated),
        contest_data=contest_data,
        hints=hints,
        arithmetic=arithmetic,
    )
