"""A trustee's part of the key ceremony: commitment, public keys, shares, acknowledgement (§3.2.2). Secrets pass.

It can be stopped at any instant and run again: what was sent is sent again byte for byte.
"""

import json
from functools import partial
from typing import TypeVar

from cli.errors import PsephosError
from cli.exchange import ACKNOWLEDGEMENTS, COMMITMENTS, COMPLAINTS, PUBLIC_KEYS, SHARES, ElectionFolder, wait_for
from cli.keystore import erase
from cli.trustee_folder import GuardianKeyFile, TrusteeFolder, indices
from engine.encoding import to_json
from engine.errors import CeremonyError, FormatError
from engine.guardian import ComplaintRaised, KeyShares, acknowledge, generate_guardian_keys, receive_shares, share_keys
from engine.key_ceremony import (
    Acknowledgement,
    Complaint,
    EncryptedShare,
    GuardianPublicKeys,
    KeyCommitment,
    commit_to_keys,
    join_keys,
    judge_complaint,
    verify_acknowledgement,
    verify_reveal,
)
from engine.parameters import Election, ElectionParameters

T = TypeVar("T")

SEEN = "commitments_seen.json"


def make_keys(board: ElectionFolder, own: TrusteeFolder, passphrase: bytes) -> GuardianPublicKeys:
    """Makes this guardian's keys and publishes the commitment to the public ones; run again, it publishes the same."""
    parameters = board.parameters()
    _check_own_folder(board, own)
    with own.alone():
        if own.share_file.exists():
            raise PsephosError(f"{own.share_file} exists: there are keys already; go on with: psephos trustee ceremony")
        if not own.keys_file.exists():
            secret, public = generate_guardian_keys(parameters, own.index)
            own.seal_keys(GuardianKeyFile(secret, public), passphrase)
        return _commit(board, own, passphrase, parameters).public


def run_ceremony(board: ElectionFolder, own: TrusteeFolder, passphrase: bytes, patient: bool) -> Election | str:
    """Takes the ceremony as far as it goes: the election once everything is confirmed, otherwise who is awaited.

    Raises CeremonyError naming a guilty guardian; a complaint is published first.
    """
    _check_own_folder(board, own)
    with own.alone():
        return _run_ceremony(board, own, passphrase, patient)


def _run_ceremony(board: ElectionFolder, own: TrusteeFolder, passphrase: bytes, patient: bool) -> Election | str:
    parameters = board.parameters()
    everybody = range(1, parameters.guardian_count + 1)
    if not own.share_file.exists():
        keys = _commit(board, own, passphrase, parameters)
        commitments = _gather(board, own, KeyCommitment, COMMITMENTS, everybody, patient)
        if isinstance(commitments, str):
            return commitments
        # Kept before the own keys are revealed: nobody can change a commitment after seeing them (CR-17).
        own.keep(SEEN, lambda: _digests(commitments))
        public = _public_keys(board, own, keys, parameters, patient)
        if isinstance(public, str):
            return public
        _send_shares(board, own, keys, public, parameters)
        shares = _shares(board, own, everybody, patient)
        if isinstance(shares, str):
            return shares
        try:
            own.seal_share(receive_shares(keys.secret, public, shares, parameters), passphrase)
        except ComplaintRaised as error:
            _complain(board, own, error.complaint, next(share for share in shares if share.sender == error.guilty))
            raise
    share = own.unseal_share(passphrase)  # proves that the file can be read before anything is promised
    if own.keys_file.exists():
        keys = _own_keys(own, passphrase, parameters)
        public = _public_keys(board, own, keys, parameters, patient)
        if isinstance(public, str):
            return public
        _send_acknowledgement(board, own, keys, share, public, parameters)
    public = published_keys(board, parameters)
    election = join_keys(parameters, public)
    acknowledgements = _gather(board, own, Acknowledgement, ACKNOWLEDGEMENTS, everybody, patient)
    if isinstance(acknowledgements, str):
        return acknowledgements
    for acknowledgement in acknowledgements.values():
        verify_acknowledgement(acknowledgement, election, public)
    if share.extended_base_hash != election.extended_base_hash:
        raise CeremonyError("the published keys are not those this guardian confirmed", 0)
    erase(own.keys_file)
    return election


def _check_own_folder(board: ElectionFolder, own: TrusteeFolder) -> None:
    if own.path.resolve().is_relative_to(board.path.resolve()):
        raise PsephosError(f"{own.path} is in the election folder, which others read: your own folder has to be elsewhere")
    others = indices(own.path) - {own.index}
    if others:
        raise PsephosError(f"{own.path} holds the keys of guardian {min(others)}: each trustee needs a folder of his own")


def _own_keys(own: TrusteeFolder, passphrase: bytes, parameters: ElectionParameters) -> GuardianKeyFile:
    """The own keys, if they are this election's (CR-58)."""
    keys = own.unseal_keys(passphrase)
    if keys.secret.election_base_hash != parameters.election_base_hash or {keys.secret.index, keys.public.index} != {own.index}:
        raise PsephosError(f"{own.keys_file} belongs to another election, or this one was changed; each election needs a new own folder")
    return keys


def _commit(board: ElectionFolder, own: TrusteeFolder, passphrase: bytes, parameters: ElectionParameters) -> GuardianKeyFile:
    keys = _own_keys(own, passphrase, parameters)
    board.publish(f"{COMMITMENTS}/guardian_{own.index}.json", to_json(commit_to_keys(keys.public, parameters)))
    return keys


def _send_shares(
    board: ElectionFolder,
    own: TrusteeFolder,
    keys: GuardianKeyFile,
    public: tuple[GuardianPublicKeys, ...],
    parameters: ElectionParameters,
) -> None:
    for each in public:
        if each.index != own.index:
            name = f"guardian_{own.index}_for_{each.index}.json"
            share = own.keep(name, partial(_make_share, keys, each, parameters))
            board.publish(f"{SHARES}/{name}", share)


def _make_share(keys: GuardianKeyFile, recipient: GuardianPublicKeys, parameters: ElectionParameters) -> bytes:
    return to_json(share_keys(keys.secret, recipient, parameters))


def _send_acknowledgement(
    board: ElectionFolder,
    own: TrusteeFolder,
    keys: GuardianKeyFile,
    share: KeyShares,
    public: tuple[GuardianPublicKeys, ...],
    parameters: ElectionParameters,
) -> None:
    election = join_keys(parameters, public)
    if share.extended_base_hash != election.extended_base_hash:
        raise PsephosError(f"{own.share_file} belongs to other keys than those published; nothing was confirmed")
    made = own.keep("acknowledgement.json", lambda: to_json(acknowledge(keys.secret, election, public)))
    board.publish(f"{ACKNOWLEDGEMENTS}/guardian_{own.index}.json", made)


def published_keys(board: ElectionFolder, parameters: ElectionParameters) -> tuple[GuardianPublicKeys, ...]:
    """The public keys of guardians 1 … n as they stand in the election folder. Raises CeremonyError if one is gone."""
    keys = []
    for i in range(1, parameters.guardian_count + 1):
        key = board.read(GuardianPublicKeys, f"{PUBLIC_KEYS}/guardian_{i}.json")
        if key is None:
            raise CeremonyError(f"guardian {i}: a message that was there is gone from the election folder", i)
        keys.append(key)
    return tuple(keys)


def _digests(commitments: dict[int, KeyCommitment]) -> bytes:
    return json.dumps({str(i): commitments[i].commitment.hex() for i in sorted(commitments)}).encode()


def _seen(own: TrusteeFolder, everybody: range) -> dict[int, bytes]:
    """The commitments that were there before this guardian revealed its keys."""
    path = own.path / SEEN
    try:
        digests = json.loads(path.read_bytes())
        return {i: bytes.fromhex(digests[str(i)]) for i in everybody}
    except (ValueError, TypeError, KeyError, RecursionError):
        raise PsephosError(f"{path} is damaged; the ceremony has to start again in a new folder") from None


def _gather(
    board: ElectionFolder, own: TrusteeFolder, kind: type[T], folder: str, everybody: range, patient: bool
) -> dict[int, T] | str:
    """The messages of all guardians, or who is awaited. Stops for a complaint."""
    found: dict[int, T] = {}

    def ready() -> dict[int, T] | None:
        _stop_for_complaint(board, own)
        found.update(board.read_all(kind, folder, [i for i in everybody if i not in found]))
        return found if len(found) == len(everybody) else None

    def missing() -> str:
        return f"guardians {', '.join(str(i) for i in everybody if i not in found)} ({folder.split('/')[1][2:].replace('_', ' ')})"

    return wait_for(ready, missing, patient) or missing()


def _complain(board: ElectionFolder, own: TrusteeFolder, complaint: Complaint, share: EncryptedShare) -> None:
    """Publishes the complaint, and first the share as it was received: the sender could put a better one in its place afterwards."""
    name, evidence = _complaint_names(complaint)
    board.publish(f"{COMPLAINTS}/{evidence}", to_json(share))
    board.publish(f"{COMPLAINTS}/{name}", own.keep(f"complaint_{name}", lambda: to_json(complaint)))


def _complaint_names(complaint: Complaint) -> tuple[str, str]:
    i, accuser = complaint.accused, complaint.accuser
    return f"guardian_{accuser}_about_{i}.json", f"shares/guardian_{i}_for_{accuser}.json"


def _stop_for_complaint(board: ElectionFolder, own: TrusteeFolder) -> None:
    for name in board.complaints():
        complaint = board.read(Complaint, name)
        if complaint is not None:
            _judge(board, own, name, complaint)


def _judge(board: ElectionFolder, own: TrusteeFolder, name: str, complaint: Complaint) -> None:
    """Raises CeremonyError naming who is at fault, or nobody (0) where files that were changed afterwards do not tell."""
    parameters, accuser, accused = board.parameters(), complaint.accuser, complaint.accused
    everybody = range(1, parameters.guardian_count + 1)
    if accuser == own.index and not (own.path / f"complaint_{_complaint_names(complaint)[0]}").exists():
        raise PsephosError(f"{board.path / name} is a complaint in this guardian's name that it never made: somebody else wrote it")
    keys = board.read_all(GuardianPublicKeys, PUBLIC_KEYS, everybody)
    share = board.read(EncryptedShare, f"{SHARES}/guardian_{accused}_for_{accuser}.json")
    evidence = board.read(EncryptedShare, f"{COMPLAINTS}/{_complaint_names(complaint)[1]}")
    if share is None or len(keys) < len(everybody):
        raise CeremonyError(f"guardian {accuser} complains about messages that are not there", accuser)
    if evidence not in (None, share):
        raise CeremonyError(
            f"guardian {accuser} complains about another share than the one from guardian {accused} that is there now: one of the two has "
            "put it there. The ceremony has to start again in a new folder; let both show their own copies.",
            0,
        )
    if (own.path / SEEN).exists():
        for i, digest in _seen(own, everybody).items():
            verify_reveal(keys[i], KeyCommitment(i, digest), parameters)
    guilty = judge_complaint(complaint, share, [keys[i] for i in everybody], parameters)
    raise CeremonyError(
        f"guardian {accuser} complains about the share from guardian {accused}: guardian {guilty} is at fault. "
        "The ceremony has to start again in a new folder, without that guardian.",
        guilty,
    )


def _public_keys(
    board: ElectionFolder, own: TrusteeFolder, keys: GuardianKeyFile, parameters: ElectionParameters, patient: bool
) -> tuple[GuardianPublicKeys, ...] | str:
    """Reveals the own keys, answers everybody's, each as committed to before."""
    everybody = range(1, parameters.guardian_count + 1)
    seen = _seen(own, everybody)
    board.publish(f"{PUBLIC_KEYS}/guardian_{own.index}.json", to_json(keys.public))
    found = _gather(board, own, GuardianPublicKeys, PUBLIC_KEYS, everybody, patient)
    if isinstance(found, str):
        return found
    for i in everybody:
        verify_reveal(found[i], KeyCommitment(i, seen[i]), parameters)
    return tuple(found[i] for i in everybody)


def _shares(board: ElectionFolder, own: TrusteeFolder, everybody: range, patient: bool) -> list[EncryptedShare] | str:
    receiver = own.index
    senders = [i for i in everybody if i != receiver]
    found: dict[int, EncryptedShare] = {}

    def ready() -> list[EncryptedShare] | None:
        _stop_for_complaint(board, own)
        for i in senders:
            name = f"{SHARES}/guardian_{i}_for_{receiver}.json"
            share = found.get(i) or board.read(EncryptedShare, name)
            if share:
                if (share.sender, share.receiver) != (i, receiver):
                    raise FormatError(f"{board.path / name} is a share from guardian {share.sender} for guardian {share.receiver}")
                found[i] = share
        return [found[i] for i in senders] if len(found) == len(senders) else None

    def missing() -> str:
        return f"guardians {', '.join(str(i) for i in senders if i not in found)} (shares)"

    answer = wait_for(ready, missing, patient)
    return missing() if answer is None else answer
