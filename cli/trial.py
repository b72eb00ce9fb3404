"""A trustee's part of the trial decryption (OP-02): from the key medium, and from the backup copy. Secrets pass."""

from pathlib import Path

from api.ceremony.trial import answer_name, latest_round
from cli.errors import PsephosError
from cli.exchange import ElectionFolder
from cli.trustee_folder import TrusteeFolder
from engine.encoding import to_json
from engine.errors import DecryptionRefused
from engine.trial import COPY, MEDIUM
from engine.trial_answer import answer_trial


def answer(board: ElectionFolder, own: TrusteeFolder, passphrase: bytes, copy: Path | None = None) -> str:
    """Reads the key share from the own folder, or from its `copy`, and publishes the answer to the newest round; answers what it is called.

    Run again it publishes the same. Raises PsephosError if nobody has asked, or the copy is no copy; DecryptionRefused for a key share that
    does not fit the published keys.
    """
    election = board.election()
    asked = latest_round(board)
    if asked is None:
        raise PsephosError("nobody has asked for a trial decryption yet; the scrutineer does when the key ceremony is done")
    number, request = asked
    source, path = (COPY, check_copy(copy, own)) if copy else (MEDIUM, own.share_file)
    with own.alone():
        share = own.unseal_share(passphrase, path)
        if share.index != own.index:
            raise DecryptionRefused(f"{path} is the key share of guardian {share.index}, not of guardian {own.index}")
        made = to_json(answer_trial(share, source, request, election))  # each time, so that it is read each time
        name = answer_name(number, own.index, source)
        board.publish(name, own.keep(f"trial_{number}_{source}.json", lambda: made))
    return name


def check_copy(copy: Path, own: TrusteeFolder) -> Path:
    """The file of the backup copy, which may be named by its folder. Raises PsephosError if it is the key share's own file."""
    path = copy / own.share_file.name if copy.is_dir() else copy
    if not path.is_file():
        raise PsephosError(f"{path} is not there: it should be the backup copy of {own.share_file}")
    if own.share_file.exists() and path.samefile(own.share_file):
        raise PsephosError(
            f"{path} is no copy but the very file {own.share_file}, perhaps by a link: if that is lost, both are. Name the file on the "
            "other medium, the one that is kept elsewhere"
        )
    return path


def on_one_medium(copy: Path, own: TrusteeFolder) -> bool:
    """Whether copy and key share lie on the same file system, as far as this machine can tell."""
    return own.share_file.exists() and copy.stat().st_dev == own.share_file.stat().st_dev
