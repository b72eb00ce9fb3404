"""Hints: the commitments of every proof of a record, in a file beside it, so that a verifier can test thousands of proofs as one.

A record needs no hints, and nobody trusts them: a verifier that finds them missing or wrong computes the commitments itself
(specs/batch-verification.md). They show nothing that the ballots do not show: whoever checks a proof computes exactly these numbers.

    b"psephos hints 1\\n"                            16 bytes
    H_E                                             32 bytes
    for each ballot, in the order of the record:    commitments of 512 bytes each
        for each contest:  for each option a_0, b_0 … a_R, b_R;  of the limit proof a_0, b_0 … a_L, b_L;  of the spoil proof likewise
        of the encrypted ballot nonce: a of (37)
    where each ballot's commitments begin, and where the last end:   n + 1 integers of 8 bytes
    n                                                                8 bytes
"""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

MAGIC = b"psephos hints 1\n"


class HintsWriter:
    """Writes the file `path`: one `add` for each ballot, in the record's order. A context manager; after an exception no file is left.

    Raises FileExistsError rather than overwrite a file, OSError if the disk is full.
    """

    def __init__(self, path: Path, extended_base_hash: bytes) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        if path.exists():
            raise FileExistsError(f"{path} exists already")
        self._file = open(self._part, "wb")  # noqa: SIM115 - closed in __exit__
        self._file.write(MAGIC + extended_base_hash)
        self._ends = [len(MAGIC) + len(extended_base_hash)]

    def __enter__(self) -> Self:
        return self

    def add(self, commitments: bytes) -> None:
        """The commitments of the next ballot, one behind the other; empty if they are not known."""
        self._file.write(commitments)
        self._ends.append(self._ends[-1] + len(commitments))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._file:
            if kind is None:
                self._file.write(b"".join(end.to_bytes(8, "big") for end in self._ends))
                self._file.write((len(self._ends) - 1).to_bytes(8, "big"))
                self._file.flush()
                os.fsync(self._file.fileno())
        if kind is None:
            os.replace(self._part, self._path)
        else:
            self._part.unlink(missing_ok=True)
