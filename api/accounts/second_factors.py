"""The second factors that an account has: kept, asked, used once each (SV-05). A secret passes.

Everything here happens within a transaction of whoever asks. Nothing says why an answer was wrong.
"""

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, select, update

from api.accounts.database import AccountDatabase
from api.accounts.models import Challenge, SecondFactor
from api.accounts.one_time import step_of
from api.accounts.passkeys import Passkey, PasskeyRefused, Site, answer_options, checked_answer, checked_passkey, credential_of
from api.accounts.sessions import SignedIn
from api.clock import Clock
from api.errors import Conflict
from api.sealing import Place

__all__ = ["CHALLENGE_FOR", "Factor", "Kind", "Purpose", "SecondFactors"]

CHALLENGE_FOR = timedelta(minutes=5)
"""How long a passkey's answer may take."""


class Kind(StrEnum):
    """An app that makes one-time passwords, or a passkey."""

    ONE_TIME = "one-time"
    PASSKEY = "passkey"


class Purpose(StrEnum):
    """What a passkey's challenge is for."""

    NEW = "new"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Factor:
    """One that works, as its owner sees it in a list."""

    factor_id: str
    kind: Kind


class SecondFactors:
    """Those of one database. `site` is where passkeys are used."""

    def __init__(self, database: AccountDatabase, clock: Clock, site: Site) -> None:
        self._database, self._clock, self._site = database, clock, site

    def working(self, session: Session, account_id: str) -> list[SecondFactor]:
        """Those that can be signed in with."""
        return [row for row in self._all(session, account_id) if row.confirmed and not row.ended]

    def ever(self, session: Session, account_id: str) -> bool:
        """Whether there was one that worked, at any time. Only while there was none may a password alone lead to one."""
        return any(row.confirmed for row in self._all(session, account_id))

    def add_one_time(self, session: Session, account_id: str, secret: str) -> None:
        """Keeps an app's secret until its first code confirms it, in place of others that were never confirmed."""
        self._end_unconfirmed(session, account_id)
        self._add(session, account_id, Kind.ONE_TIME, secret.encode(), confirmed=False)

    def confirm_one_time(self, session: Session, account_id: str, code: str) -> str | None:
        """The id of the factor that is confirmed by this code, if any is. The code is used up by that."""
        for row in self._all(session, account_id):
            if row.kind == Kind.ONE_TIME and not row.confirmed and not row.ended:
                step = step_of(self._open(session, row).decode(), code, self._clock.now())
                if step is not None:
                    row.confirmed, row.last_used = True, step
                    session.add(row)
                    return row.factor_id
        return None

    def use_one_time(self, session: Session, account_id: str, code: str) -> bool:
        """Whether the code is right and later than every one that was used: its time step never serves again."""
        right = False
        for row in self.working(session, account_id):
            if row.kind == Kind.ONE_TIME and not right:
                step = step_of(self._open(session, row).decode(), code, self._clock.now())
                if step is not None and step > row.last_used:
                    row.last_used, right = step, True
                    session.add(row)
        return right

    def ask_passkey(self, session: Session, signed_in: SignedIn) -> str:
        """What the browser is asked for, in JSON. An earlier question of the same session is forgotten."""
        known = [row for row in self.working(session, signed_in.account_id) if row.kind == Kind.PASSKEY]
        challenge = self.challenge(session, signed_in, Purpose.ANSWER)
        return answer_options(self._site, challenge, [self._passkey(session, row).credential_id for row in known])

    def known_passkeys(self, session: Session, account_id: str) -> list[bytes]:
        """The ids of an account's passkeys."""
        rows = [row for row in self.working(session, account_id) if row.kind == Kind.PASSKEY]
        return [self._passkey(session, row).credential_id for row in rows]

    def add_passkey(self, session: Session, signed_in: SignedIn, answer: str) -> str:
        """The id of the factor that a passkey just made is. Raises PasskeyRefused; Conflict if it is known already."""
        passkey = checked_passkey(self._site, self._take(session, signed_in, Purpose.NEW), answer)
        credential_index = self._database.index.credential(passkey.credential_id)
        if session.exec(select(SecondFactor.factor_id).where(SecondFactor.credential_index == credential_index)).first() is not None:
            raise Conflict("this passkey is registered already; nothing was changed")
        content = json.dumps({"id": _text(passkey.credential_id), "public_key": _text(passkey.public_key)}).encode()
        return self._add(
            session, signed_in.account_id, Kind.PASSKEY, content, confirmed=True, index=credential_index, last_used=passkey.sign_count
        )

    def use_passkey(self, session: Session, signed_in: SignedIn, answer: str) -> bool:
        """Whether the answer is a right one to the question that was asked here, which no other answer serves for afterwards."""
        try:
            challenge = self._take(session, signed_in, Purpose.ANSWER)
            credential_index = self._database.index.credential(credential_of(answer))
            for row in self.working(session, signed_in.account_id):
                if row.credential_index == credential_index:
                    row.last_used = checked_answer(self._site, signed_in.account_id, challenge, self._passkey(session, row), answer)
                    session.add(row)
                    return True
        except PasskeyRefused:
            pass
        return False

    def end_all_but(self, session: Session, account_id: str, factor_id: str) -> None:
        """Ends all others."""
        others = (col(SecondFactor.account_id) == account_id, col(SecondFactor.factor_id) != factor_id)
        session.exec(update(SecondFactor).where(*others).values(ended=True))

    def challenge(self, session: Session, signed_in: SignedIn, purpose: Purpose) -> bytes:
        """A new challenge of 32 bytes in place of the session's earlier one for this purpose."""
        challenge, ends = secrets.token_bytes(32), self._clock.now() + CHALLENGE_FOR
        session.merge(Challenge(token_hash=signed_in.token_hash, purpose=purpose, challenge=challenge, ends=ends))
        return challenge

    def _take(self, session: Session, signed_in: SignedIn, purpose: Purpose) -> bytes:
        row = session.get(Challenge, (signed_in.token_hash, purpose), with_for_update=True)
        if row is None:
            raise PasskeyRefused("a passkey's answer to no question")
        challenge, ends = row.challenge, row.ends
        session.delete(row)
        if not self._in_time(ends):
            raise PasskeyRefused("a passkey's answer that comes too late")
        return challenge

    def _in_time(self, ends: datetime) -> bool:
        return self._clock.now() < ends

    def _all(self, session: Session, account_id: str) -> list[SecondFactor]:
        return list(session.exec(select(SecondFactor).where(SecondFactor.account_id == account_id).with_for_update()).all())

    def _end_unconfirmed(self, session: Session, account_id: str) -> None:
        unconfirmed = (col(SecondFactor.account_id) == account_id, col(SecondFactor.confirmed).is_(other=False))
        session.exec(update(SecondFactor).where(*unconfirmed).values(ended=True))

    def _add(
        self, session: Session, account_id: str, kind: Kind, content: bytes, *, confirmed: bool, index: bytes | None = None,
        last_used: int = 0,
    ) -> str:  # fmt: skip
        factor_id = secrets.token_hex(16)
        sealed = self._database.key(session, account_id).seal(content, _place(factor_id))
        row = SecondFactor(
            factor_id=factor_id, account_id=account_id, kind=kind, credential_index=index, sealed=sealed, last_used=last_used,
            confirmed=confirmed,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return factor_id

    def _open(self, session: Session, row: SecondFactor) -> bytes:
        return self._database.key(session, row.account_id).open(row.sealed, _place(row.factor_id))

    def _passkey(self, session: Session, row: SecondFactor) -> Passkey:
        content = json.loads(self._open(session, row))
        return Passkey(base64.b64decode(content["id"]), base64.b64decode(content["public_key"]), row.last_used)


def _place(factor_id: str) -> Place:
    return Place("second_factor", "sealed", factor_id.encode())


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
