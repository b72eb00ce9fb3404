"""Who is authorised for what, and every change of it (COP-084.1, COP-085a, COP-085c, COP-097a, SV-04, SV-31).

Nobody grants, widens or approves anything for themselves, and nobody approves what they asked for. Each grant has an end.
"""

import secrets
from datetime import timedelta

from sqlmodel import Session

from api.accounts.database import AccountDatabase
from api.accounts.errors import ListFrozen
from api.accounts.events import Event, Record
from api.accounts.models import FrozenList, PermissionHead
from api.accounts.permission_log import PermissionLog, frozen_list, grant_of
from api.accounts.permissions import EXCEPTIONS, Change, Grant, Kind, Period, Reason, grants_after, list_hash
from api.auth import Principal, Role
from api.clock import Clock
from api.errors import Conflict, Denied, Invalid

__all__ = ["LONGEST", "LONGEST_EXCEPTION", "MAY_GRANT", "Grants"]

LONGEST, LONGEST_EXCEPTION = timedelta(days=366), timedelta(days=31)
"""So long a grant lasts at most, and one that was made after the opening."""
MAY_GRANT = {
    Role.ADMINISTRATOR: frozenset({Role.ADMINISTRATOR, Role.SCRUTINEER}),
    Role.SCRUTINEER: frozenset({Role.SCRUTINEER, Role.SUPPORT, Role.AUDITOR, Role.TRUSTEE}),
}
"""The roles that each role grants, changes, revokes and approves, for the ballot that the principal is made for. Others grant nothing."""


class Grants:
    """The permissions of one database."""

    def __init__(self, database: AccountDatabase, clock: Clock, record: Record) -> None:
        self._database, self._store, self._clock, self._record = database, database.store, clock, record
        self._log = PermissionLog(clock, record)

    # Asked

    def principal(self, account_id: str, role: Role, election_id: str | None = None) -> Principal:
        """An account in a role for a ballot, or for all of them, if it is authorised for that now. Raises Denied."""
        principal = Principal(account_id, role, election_id)
        with self._store.reading() as session:
            self.must_hold(session, principal)
        return principal

    def must_hold(self, session: Session, principal: Principal) -> None:
        """Raises Denied unless the principal is authorised now."""
        now = self._clock.now()
        for grant in self._log.grants(session, principal.election_id, principal.account_id):
            if grant.role is principal.role and grant.period.contains(now):
                return
        raise Denied("this account is not authorised for that")

    def authorised(self, election_id: str | None) -> tuple[Grant, ...]:
        """The grants that reach a ballot and are not over, ordered by account; None: those for all ballots alone."""
        with self._store.reading() as session:
            return self._log.current(session, election_id)

    def held_by(self, account_id: str) -> tuple[Grant, ...]:
        """An account's grants that are not over, for whatever ballots; a ballot that is open may know less of them."""
        with self._store.reading() as session:
            grants = grants_after(self._log.of_account(session, account_id))
            return tuple(grant for grant in grants.values() if self._clock.now() < grant.period.ends)

    def changes(self, election_id: str) -> tuple[Change, ...]:
        """Everything that was ever done about permissions that reach this ballot, in order (COP-085c). Empty says: nothing was."""
        with self._store.reading() as session:
            return self._log.reaching(session, election_id)

    # Changed

    def grant(self, principal: Principal, account_id: str, role: Role, election_id: str | None, period: Period, reason: Reason) -> str:
        """Authorises an account; answers the grant's id. Raises Denied, NotFound, Invalid; ListFrozen once the ballot is open: then `ask`.
        For all ballots means those that are not open yet."""
        with self._store.transaction() as session:
            head = self._enter(session, principal, account_id, role, election_id)
            if election_id is not None and frozen_list(session, election_id) is not None:
                raise ListFrozen
            self._check(period, LONGEST)
            grant = Grant(secrets.token_hex(16), account_id, role, election_id, period)
            self._log.add(session, head, Kind.GRANTED, grant, reason, asked_by=principal.account_id)
        return grant.grant_id

    def ask(self, principal: Principal, account_id: str, role: Role, election_id: str, period: Period, reason: Reason) -> str:
        """Asks for a grant for a ballot that is open; answers the id it would have. It authorises nobody before somebody else approves it.
        Raises Denied, NotFound, Invalid for another reason than sickness or investigation; Conflict if the list is not frozen."""
        if reason not in EXCEPTIONS:
            raise Invalid(f"the reason: expected {' or '.join(sorted(EXCEPTIONS))}, got {reason}")
        with self._store.transaction() as session:
            head = self._enter(session, principal, account_id, role, election_id)
            if frozen_list(session, election_id) is None:
                raise Conflict("the ballot's list of authorised persons is not frozen: no second person is needed; nothing was changed")
            self._check(period, LONGEST_EXCEPTION)
            grant = Grant(secrets.token_hex(16), account_id, role, election_id, period)
            self._log.add(session, head, Kind.ASKED, grant, reason, asked_by=principal.account_id)
        return grant.grant_id

    def decide(self, principal: Principal, grant_id: str, *, approve: bool) -> None:
        """A second person approves or refuses what was asked for. Raises Denied to whoever asked, gains, or may not grant it; NotFound;
        Conflict if it was decided already or its period is over."""
        with self._store.transaction() as session:
            asked = self._log.last(session, grant_id)
            head = self._enter(session, principal, asked.account_id, asked.role, asked.election_id)
            asked = self._log.last(session, grant_id)
            if principal.account_id == asked.asked_by:
                raise Denied("nobody decides about what they asked for themselves")
            if asked.kind is not Kind.ASKED or (approve and self._clock.now() >= asked.period.ends):
                raise Conflict("this was decided already, or its period is over; nothing was changed")
            kind = Kind.GRANTED if approve else Kind.REFUSED
            self._log.add(session, head, kind, grant_of(asked), asked.reason, asked_by=asked.asked_by, approver=principal.account_id)

    def change(self, principal: Principal, grant_id: str, period: Period, reason: Reason) -> None:
        """Gives a grant another period. Raises Denied, NotFound, Invalid; ListFrozen if the ballot is open and it would be longer at either
        end; Conflict if there is no such grant any more."""
        with self._store.transaction() as session:
            last = self._log.last(session, grant_id)
            head = self._enter(session, principal, last.account_id, last.role, last.election_id)
            last = self._log.last_of_grant(session, grant_id)
            if last.election_id is not None and frozen_list(session, last.election_id) is not None and not period.is_within(last.period):
                raise ListFrozen
            self._check(period, LONGEST)
            grant = Grant(grant_id, last.account_id, last.role, last.election_id, period)
            self._log.add(session, head, Kind.CHANGED, grant, reason, asked_by=principal.account_id)

    def revoke(self, principal: Principal, grant_id: str, reason: Reason) -> None:
        """Ends a grant, at any time; one's own too. Raises Denied, NotFound, Conflict if there is no such grant any more."""
        with self._store.transaction() as session:
            last = self._log.last(session, grant_id)
            if last.account_id == principal.account_id:
                head = self._log.lock(session)
            else:
                head = self._enter(session, principal, last.account_id, last.role, last.election_id, alive=False)
            last = self._log.last_of_grant(session, grant_id)
            self._log.add(session, head, Kind.REVOKED, grant_of(last), reason, asked_by=principal.account_id)

    def freeze(self, election_id: str) -> bytes:
        """Fixes a ballot's list of authorised persons, when it opens, and answers the hash of the list; once it is fixed, the same again
        (COP-097a.1). Raises Conflict if there is no scrutineer on the list."""
        with self._store.transaction() as session:
            head = self._log.lock(session)
            found = frozen_list(session, election_id)
            if found is not None:
                return found.list_hash
            grants = self._log.current(session, election_id)
            if not any(grant.role is Role.SCRUTINEER for grant in grants):
                raise Conflict("nobody is authorised as scrutineer of this ballot; it cannot be opened")
            hashed, now = list_hash(election_id, grants), self._clock.now()
            session.add(FrozenList(election_id=election_id, size=head.size, list_hash=hashed, at=now))
            session.flush()
            self._record(Event.LIST_FROZEN, {"election": election_id, "hash": hashed.hex(), "grants": str(len(grants))})
            return hashed

    # Within transactions of the accounts

    def first(self, session: Session, account_id: str, period: Period) -> None:
        """Authorises the first administrator. Raises Conflict if anybody was ever authorised."""
        head = self._log.lock(session)
        if head.size:
            raise Conflict("the platform is set up already; nothing was changed")
        self._check(period, LONGEST)
        grant = Grant(secrets.token_hex(16), account_id, Role.ADMINISTRATOR, None, period)
        self._log.add(session, head, Kind.GRANTED, grant, Reason.APPOINTMENT, asked_by=None)

    def revoke_all(self, session: Session, principal: Principal, account_id: str, reason: Reason) -> None:
        """Ends all grants of an account that is ended."""
        head = self._log.lock(session)
        for grant in grants_after(self._log.of_account(session, account_id)).values():
            self._log.add(session, head, Kind.REVOKED, grant, reason, asked_by=principal.account_id)

    # Details

    def _enter(
        self, session: Session, principal: Principal, account_id: str, role: Role, election_id: str | None, *, alive: bool = True
    ) -> PermissionHead:
        """From here on nothing else happens to permissions. Raises Denied unless the principal may grant this to that account, now."""
        if role not in MAY_GRANT.get(principal.role, frozenset()) or principal.election_id != election_id:
            raise Denied(f"this account does not authorise anybody as {role} here")
        if principal.account_id == account_id:
            raise Denied("nobody authorises themselves")
        if alive:
            self._database.lock(session, account_id)
        head = self._log.lock(session)
        self.must_hold(session, Principal(principal.account_id, principal.role, election_id))
        return head

    def _check(self, period: Period, longest: timedelta) -> None:
        if self._clock.now() >= period.ends:
            raise Invalid("a period: expected an end in the future")
        if period.length > longest:
            raise Invalid(f"a period: expected at most {longest.days} days, got {period.length.days}")
