"""The report of one ballot as PDF: a draft at any time after the count, and once the final one, which is kept and never changes."""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

from api.audit.entry import Given
from api.clock import Clock
from api.durable import write_once
from api.elections.particulars import ParticularsService
from api.errors import Conflict
from api.reports.content import Told, blocks_of, gaps_of, subtitle_of
from api.reports.pdf import Pages, to_pdf
from api.reports.service import Reports
from api.reports.words import HEADINGS, Language
from engine.statutory import Method

__all__ = ["ReportIncomplete", "ReportPages"]

Note = Callable[[str, str, Mapping[str, Given], str], None]


class ReportIncomplete(Conflict):
    """A report that cannot be final yet; the detail names what it lacks."""

    title = "The report lacks something"


class ReportPages:
    """Reports, kept in `folder` once they are final. `note` writes to a ballot's audit log, once for each act."""

    def __init__(self, reports: Reports, particulars: ParticularsService, clock: Clock, folder: Path, note: Note) -> None:
        self._reports, self._particulars, self._clock, self._folder, self._note = reports, particulars, clock, folder, note

    def draft(self, election_id: str, told: Told, language: Language, account_id: str) -> bytes:
        """The report as it would be now, marked as a draft. Raises NotFound."""
        return self._made(election_id, told, language, account_id, draft=True)

    def final(self, election_id: str, told: Told, language: Language, account_id: str) -> bytes:
        """The final report. It is made once; again answers the same, whatever is told then. Raises NotFound, ReportIncomplete."""
        place = self._folder / f"{election_id}.pdf"
        facts = self._reports.report(election_id, account_id)
        gaps = gaps_of(facts, self._particulars.read(election_id)[1], told)
        if not place.is_file():
            if gaps:
                raise ReportIncomplete("; ".join(gaps))
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_once(place, self._made(election_id, told, language, account_id, draft=False))
        content = place.read_bytes()
        members: dict[str, Given] = {"by": account_id, "report_hash": sha256(content).digest()}
        self._note(election_id, "report_finalised", members, sha256(content).hexdigest())
        return content

    def _made(self, election_id: str, told: Told, language: Language, account_id: str, *, draft: bool) -> bytes:
        facts, particulars = self._reports.report(election_id, account_id), self._particulars.read(election_id)[1]
        roll = self._particulars.roll(election_id)
        facts["assigned"] = {method.value: roll.named[method] for method in Method if method in roll.named} if roll else {}
        kept = ("election", "label", "ballot_type", "section", "assigned", "count", "result", "record_hash")
        result = {name: facts.get(name) for name in kept}
        title = HEADINGS["report"][list(Language).index(language)]
        attachment = json.dumps(result, ensure_ascii=False, sort_keys=True, indent=1).encode()
        blocks = blocks_of(facts, particulars, told, language)
        return to_pdf(Pages(title, subtitle_of(facts), facts["scrutineer"], self._clock.now(), draft, language, blocks, attachment))
