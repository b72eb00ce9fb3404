"""Sends access codes: asks for one, sends it, forgets it (architecture, step 2). A secret passes.

Each is asked for in place of whatever the person had before, so that a run that was stopped can be run again: what an older message holds
opens nothing any more, and nobody has two codes that do (OP-14).
"""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Protocol

from api.law.statement import hierarchy_statement
from api.users.contacts import ContactProblem, email_of
from api.users.entries import Entry
from api.users.people import Known, UserDatabase
from engine.statutory import Method, Route, routes_of

__all__ = ["Dispatcher", "Instructions", "IssueCode", "OutboxFolder", "Sender", "Sent", "instructions_text"]

MethodsOf = Callable[[Entry], tuple[tuple[Method, ...], tuple[Method, ...]]]
"""Called with somebody on the roll; answers the methods that the person has, and those that the person has or may be moved to."""
IssueCode = Callable[[str, str], str]
"""Called with a unique identifier and a channel; answers a new access code, 28 characters, in place of all others of that voter."""


@dataclass(frozen=True, slots=True)
class Instructions:
    """What every message says (COP-059, COP-063): `page` is the address of the voting page, where a code is typed; with `reference`, the
    beginning of the ballot's identifier, and the code as a fragment it is the link. `hierarchy` is the ballot's, `imprint` says who is
    responsible for the message."""

    ballot: str
    union: str
    scrutineer: str
    closes: datetime
    page: str
    reference: str
    support: str
    sender: str
    hierarchy: tuple[Route, ...] = ()
    imprint: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """How a dispatch went: messages sent, messages that could not be sent, people who cannot be reached by this channel, and people who are
    still to be sent one."""

    sent: int
    failed: int
    unreachable: int
    waiting: int


class Sender(Protocol):
    """Whoever takes messages. Raises OSError if it can't."""

    def send(self, message: EmailMessage) -> None:
        """Sends one message."""
        ...


@dataclass(frozen=True, slots=True)
class OutboxFolder:
    """Puts each message into a new file of a folder that only its owner can read, for tests and demonstrations. Names are random."""

    folder: Path

    def send(self, message: EmailMessage) -> None:
        """Writes one message."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / f"{secrets.token_hex(16)}.eml", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(message.as_bytes())


class Dispatcher:
    """Sends the access codes of a ballot by e-mail."""

    channel = "e-mail"

    def __init__(self, people: UserDatabase, issue: IssueCode, sender: Sender, methods: MethodsOf | None = None) -> None:
        self._people, self._issue, self._sender, self._methods = people, issue, sender, methods or _as_on_the_roll
        self._held: dict[str, set[str]] | None = None

    def send_all(
        self, election_id: str, instructions: Instructions, progress: Callable[[int, int], None] | None = None, most: int | None = None
    ) -> Sent:
        """Sends a code to everybody on the roll whose methods include the electronic one, who has an e-mail address that no other voter's
        code went to (COP-055a), and was not sent one, in random order; to at most so many of them. What a run that was stopped has sent is
        not sent again. `progress` is called with how many are done and how many there are."""
        have_one = self._people.sent_to(election_id)
        reachable = [
            known for known in self._people.people(election_id)
            if known.entry.email and Method.ELECTRONIC in self._methods(known.entry)[0] and not self._is_anothers(election_id, known)
        ]  # fmt: skip
        unreachable = self._people.count(election_id) - len(reachable)
        waiting = [known for known in reachable if known.unique_identifier not in have_one]
        secrets.SystemRandom().shuffle(waiting)
        now, sent = waiting[:most], 0
        for done, known in enumerate(now, 1):
            sent += self.send_one(election_id, known, instructions)
            if progress:
                progress(done, len(now))
        return Sent(sent, len(now) - sent, unreachable, len(waiting) - sent)

    def send_one(self, election_id: str, known: Known, instructions: Instructions) -> bool:
        """Sends a new code to one person, in place of any other. False if the message could not be sent; that is noted too. None is asked
        for if another voter's code went to the same address."""
        if self._is_anothers(election_id, known):
            self._people.note_dispatch(election_id, known.unique_identifier, self.channel, "failed")
            return False
        return self.send_code(election_id, known, self._issue(known.unique_identifier, self.channel), instructions)

    def send_code(self, election_id: str, known: Known, code: str, instructions: Instructions) -> bool:
        """Sends a code that was made for this person. As `send_one`."""
        try:
            if self._is_anothers(election_id, known):
                raise ValueError("another voter's address")
            self._sender.send(_message(known, code, instructions, self._statement(known, instructions)))
        except (OSError, ValueError, AttributeError, LookupError):  # all but the first: an address of which no message can be made
            self._people.note_dispatch(election_id, known.unique_identifier, self.channel, "failed")
            return False
        key = email_of(known.entry.email).key
        self._people.note_dispatch(election_id, known.unique_identifier, self.channel, "sent", key)
        if self._held is not None:
            self._held.setdefault(self._people.contact_hash(election_id, key), set()).add(known.unique_identifier)
        return True

    def _statement(self, known: Known, instructions: Instructions) -> str:
        """The hierarchy statement, for who has or may be moved to several routes (50, 155)."""
        routes = routes_of(*self._methods(known.entry)[1])
        return hierarchy_statement([route for route in instructions.hierarchy if route in routes])

    def _is_anothers(self, election_id: str, known: Known) -> bool:
        """Whether another voter's code was sent to this person's address, in whatever way it was written then (COP-055a)."""
        if self._held is None:
            self._held = self._people.holders(election_id)
        try:
            key = email_of(known.entry.email).key
        except ContactProblem:  # a roll of an earlier program may have one; no message can be made of it
            return False
        return not self._held.get(self._people.contact_hash(election_id, key), set()) <= {known.unique_identifier}


def instructions_text(instructions: Instructions) -> str:
    """What every voter is told, with what differs between them left open: for the audit log (COP-105b-iii)."""
    several = hierarchy_statement(instructions.hierarchy)
    return f"Subject: {_subject(instructions)}\n\n{_text('<name>', '<code>', '<code>', instructions, several)}"


def _as_on_the_roll(entry: Entry) -> tuple[tuple[Method, ...], tuple[Method, ...]]:
    return tuple(map(Method, entry.methods)), ()


def _message(known: Known, code: str, instructions: Instructions, statement: str) -> EmailMessage:
    """Plain text; the code is in the link's fragment, which no server is sent, and once more to type."""
    grouped = "-".join(code[at : at + 4] for at in range(0, len(code), 4))
    message = EmailMessage(policy=SMTP)
    message["From"] = instructions.sender
    message["To"] = known.entry.email
    message["Subject"] = _subject(instructions)
    message.set_content(_text(known.entry.name, code, grouped, instructions, statement))
    return message


def _subject(instructions: Instructions) -> str:
    return f"Your voting code: {instructions.ballot}"


def _text(name: str, code: str, grouped: str, instructions: Instructions, statement: str) -> str:
    return (
        f"Dear {name},\n\n"
        f"{instructions.union} is holding a ballot: {instructions.ballot}.\n"
        f"It is run by {instructions.scrutineer}, the independent scrutineer.\n\n"
        f"To vote, open this link:\n\n    {instructions.page}/{instructions.reference}#{code}\n\n"
        f"or go to {instructions.page} and type this code:\n\n    {grouped}\n\n"
        f"Vote before {instructions.closes:%d %B %Y, %H:%M} UTC. You can vote once. Keep this message to yourself.\n\n"
        + (f"{statement}\n" if statement else "")
        + f"If you need help: {instructions.support}\n"
        + (f"\n{instructions.imprint}\n" if instructions.imprint else "")
    )
