"""What accounts and ballots tell, as entries of the audit log: each event under a kind of the catalogue, in the log it belongs to."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version

from api.accounts.events import Event
from api.audit.entry import ID_SIZE, PLATFORM, Entry, Given
from api.audit.events import BALLOT_CREATED
from api.audit.flood import FloodGate
from api.audit.log import AuditLog
from api.clock import Clock
from api.errors import Conflict, NotFound

__all__ = ["Recording"]

_CHANGES = {Event.PERMISSION_GRANTED: "granted", Event.PERMISSION_CHANGED: "changed", Event.PERMISSION_REVOKED: "revoked"}


class Recording:
    """Writes to one audit log. If it raises, whoever tells has not done what it tells."""

    def __init__(self, audit: AuditLog, clock: Clock) -> None:
        self._audit, self._clock, self._gate = audit, clock, FloodGate(audit, clock)

    def add(self, election_id: str | None, kind: str, members: Mapping[str, Given]) -> None:
        """Adds an entry to a ballot's log, or to the platform's: for None, and for a ballot that has no log yet."""
        self._add(Entry(PLATFORM if election_id is None else election_id, kind, self._clock.now(), members))

    def add_once(self, election_id: str, kind: str, members: Mapping[str, Given]) -> None:
        """The same for what happens to a ballot once: if it is carried out again, after a crash, it stands there no second time."""
        own = sha256(repr(("once", election_id, kind, sorted(members.items()))).encode()).digest()[:ID_SIZE]
        self._add(Entry(election_id, kind, self._clock.now(), members, own), any_time=True)

    def of_accounts(self, event: str, details: Mapping[str, str]) -> None:
        """What `api.accounts` tells."""
        election = details.get("election")
        chain = election if election and len(election) == 64 else None
        account, by = details.get("account", "service"), details.get("by") or details.get("asked_by") or details.get("account", "service")
        if event == Event.SIGNED_IN:
            self.add(None, "signed_in", {"by": account, "role": "staff"})
        elif event == Event.SIGNED_OUT:
            self.add(None, "signed_out", {"by": account, "role": "staff"})
        elif event == Event.SIGN_IN_FAILED:
            members: dict[str, Given] = {"what": "sign_in", "count": 1, "account": account}
            self._gate.add(Entry(PLATFORM, "unauthorised_access_attempted", self._clock.now(), members))
        elif event in _CHANGES:
            self.add(chain, "permission_changed", {
                "by": by, "reason": f"{details['reason']}, from {details['starts']} until {details['ends']}", "database": "accounts",
                "account": account, "right": details["role"], "change": _CHANGES[Event(event)],
            })  # fmt: skip
        else:
            rest = ", ".join(f"{name} {value}" for name, value in sorted(details.items()) if name not in ("by", "election"))
            self.add(chain, "platform_configured", {"by": by, "setting": event.replace(" ", "_"), "after": rest or "done"})

    def of_elections(self, event: str, details: Mapping[str, str]) -> None:
        """What `api.elections` tells."""
        election_id, by = details["election"], details.get("account", "service")
        if event == "ballot created":
            self.add_first(election_id, by)
            return
        rest = details.get("step") or details.get("state") or "manifest, keys or trustees"
        self.add(election_id, "platform_configured", {"by": by, "setting": event.replace(" ", "_"), "after": rest})

    def started(self) -> None:
        """That the service begins to run."""
        self.add(None, "platform_started", {"part": "platform", "version": version("psephos")})

    def ensure_log(self, election_id: str) -> None:
        """That the ballot has a log; it gets one here if its beginning was lost."""
        with suppress(Conflict):
            self.add_first(election_id, "service")

    def flush(self) -> None:
        """Writes what was counted of floods."""
        self._gate.flush()

    def add_first(self, election_id: str, by: str) -> None:
        """The entry that a ballot's log begins with."""
        members = {"by": by, "version": version("psephos")}
        self._audit.add(Entry(election_id, BALLOT_CREATED, self._clock.now(), members))

    def _add(self, entry: Entry, any_time: bool = False) -> None:
        if entry.chain != PLATFORM:
            with suppress(NotFound):
                self._audit.add(entry, any_time)
                return
        self._audit.add(replace(entry, chain=PLATFORM), any_time)
