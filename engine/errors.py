"""What can go wrong in the engine, divided by what a caller can do about it."""

from typing import Any


class EngineError(Exception):
    """Any refusal of the engine. The message says where, what was expected and what came; never a secret."""


class FormatError(EngineError):
    """Bytes that are not the one canonical form of the value asked for. The sender has to send something else."""


class ArithmeticMissing(EngineError):
    """The arithmetic that the environment variable PSEPHOS_ARITHMETIC asks for is not there."""


class GroupError(EngineError):
    """A number outside Z_q or outside the subgroup of order q, or values of different groups."""


class ManifestError(EngineError):
    """A manifest that cannot be used: ambiguous, incomplete or against the rules of `specs/record-format.md`, section 2.3."""


class SelectionError(EngineError):
    """Choices that the manifest does not allow."""


class ProofError(EngineError):
    """Something that should be proved is not. The message names the equation that failed."""


class CeremonyError(EngineError):
    """A guardian's message that breaks the key ceremony or the decryption; `guilty` is the index of the guardian at fault."""

    def __init__(self, message: str, guilty: int) -> None:
        super().__init__(message)
        self.guilty = guilty

    def __reduce__(self) -> Any:  # an exception is rebuilt from its message alone unless told otherwise
        return type(self), (str(self), self.guilty)


class QuorumError(EngineError):
    """Too few, too many or unknown guardians."""


class DecryptionRefused(EngineError):
    """A guardian's own program refuses to decrypt what it is asked to."""
