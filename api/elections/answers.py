"""Answers to requests with an Idempotency-Key, in the database called elections."""

from sqlalchemy.exc import IntegrityError

from api.elections.models import Answered
from api.idempotency import Answer
from api.store import Store

__all__ = ["StoredAnswers"]


class StoredAnswers:
    """See `api.idempotency.Answers`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, key: bytes) -> Answer | None:
        """What was answered under this key."""
        with self._store.reading() as session:
            found = session.get(Answered, key)
        return None if found is None else (found.digest, found.status, found.content)

    def keep(self, key: bytes, answer: Answer) -> None:
        """Keeps an answer; the first one under a key stays."""
        digest, status, content = answer
        try:
            with self._store.transaction() as session:
                session.add(Answered(key=key, digest=digest, status=status, content=content))
        except IntegrityError:  # the same request, sent twice at once
            pass
