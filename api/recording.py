"""What accounts and ballots tell, as entries of the audit log: each event under a kind of the catalogue, in the log it belongs to."""

import json
from collections.abc import Mapping
from contextlib import suppress
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
        if election_id is not None:
            try:
                self._audit.add(Entry(election_id, kind, self._clock.now(), members))
            except NotFound:
                pass
            else:
                return
        self._audit.add(Entry(PLATFORM, kind, self._clock.now(), members))

    def add_once(self, election_id: str, kind: str, members: Mapping[str, Given], act: str) -> None:
        """Adds an entry to a ballot's log, unless this `act` was logged there before: the entry's id is made of it. So an act that is done
        again after a crash stands there once, as it was logged first. Raises NotFound if the ballot has no log."""
        own = sha256(b"psephos act" + json.dumps([election_id, kind, act]).encode()).digest()[:ID_SIZE]
        try:
            self._audit.add(Entry(election_id, kind, self._clock.now(), members, own))
        except Conflict:  # the same id, at another time; or another reason
            if not self._audit.has(election_id, own):
                raise

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
        rest = details.get("step") or "manifest, keys or trustees"
        members: dict[str, Given] = {"by": by, "setting": event.replace(" ", "_"), "after": rest}
        try:
            self.add_once(election_id, "platform_configured", members, f"version {details['version']}: {event}, {rest}, by {by}")
        except NotFound:  # the beginning of its log was lost
            self.add(None, "platform_configured", members)

    def started(self, pages_hash: bytes) -> None:
        """That the service begins to run, and which pages for voters this version has: their SHA-256 (CL-01)."""
        self.add(None, "platform_started", {"part": "platform", "version": version("psephos"), "configuration_hash": pages_hash})

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
