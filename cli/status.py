"""What is done, who is awaited, what comes next."""

from api.ceremony.attempts import Attempts
from api.ceremony.requests import latest_request
from api.ceremony.trial import answer_name, latest_round
from cli.exchange import ACKNOWLEDGEMENTS, CLOSED, COMMITMENTS, OPENED, PUBLIC_KEYS, SHARES, ElectionFolder
from cli.result import TALLY
from engine.decryption import DecryptedTally
from engine.trial import SOURCES


def status_lines(board: ElectionFolder, index: int | None) -> list[str]:
    """What `status` prints, for the trustee of guardian `index` or for anybody."""
    parameters = board.parameters()
    n, k = parameters.guardian_count, parameters.quorum
    spare = f"{n - k} may be lost after the ceremony" if n > k else "none may be lost: without any one of them nothing can be counted"
    lines = [f"{parameters.manifest.label}: {n} trustees, {k} are needed for the count, so {spare}"]
    if index is not None:
        name = parameters.manifest.voting.trustees[index - 1] if index <= n else "of another election"
        lines.append(f"  you are guardian {index}, {name}")
    ceremony, behind, following = _ceremony(board, n)
    lines += ceremony
    if board.complaints():
        return [*lines, "  there is a complaint: run psephos trustee ceremony to see who is at fault; then start again in a new folder"]
    if behind:
        return [*lines, *_next(following, behind, index)]
    if not (board.path / OPENED).exists():
        return [*lines, "  next: psephos scrutineer open"]
    lines.append("  keys are joined; ballots can be encrypted")
    lines += _trial(board, n, index)
    if not (board.path / CLOSED).exists() and latest_request(board) is None:
        return [*lines, f"  next: after {parameters.manifest.voting.closes}: psephos scrutineer close, then tally"]
    lines.append("  the set of ballots is fixed")
    if board.read(DecryptedTally, TALLY):
        return [*lines, "  the result is there", "  next: psephos scrutineer release, then psephos verify"]
    count, behind = _count(board, n, k)
    return [*lines, *count, *(_next("psephos trustee decrypt", behind, index) if behind else ["  next: psephos scrutineer tally"])]


def _ceremony(board: ElectionFolder, n: int) -> tuple[list[str], list[int], str]:
    """A line for each round, who is awaited in the first unfinished one, and with which command."""
    lines, awaited, command = [], list[int](), ""
    for title, folder in (
        ("commitments to keys", COMMITMENTS),
        ("public keys", PUBLIC_KEYS),
        ("encrypted shares", SHARES),
        ("acknowledgements", ACKNOWLEDGEMENTS),
    ):
        behind = [i for i in range(1, n + 1) if not all((board.path / folder / name).exists() for name in _names(folder, i, n))]
        lines.append(f"  {title}: {n - len(behind)} of {n}" + (f", awaited: {', '.join(map(str, behind))}" if behind else ""))
        if behind and not awaited:
            awaited, command = behind, f"psephos trustee {'keys' if folder == COMMITMENTS else 'ceremony'}"
    return lines, awaited, command


def _names(folder: str, i: int, n: int) -> list[str]:
    if folder != SHARES:
        return [f"guardian_{i}.json"]
    return [f"guardian_{i}_for_{receiver}.json" for receiver in range(1, n + 1) if receiver != i]


def _trial(board: ElectionFolder, n: int, index: int | None) -> list[str]:
    """Who has answered in the newest round of the trial decryption, if there was one."""
    asked = latest_round(board)
    if asked is None:
        return []
    awaited = [
        f"{i} ({source})" for i in range(1, n + 1) for source in SOURCES if not board.has(answer_name(asked[0], i, source))
    ]
    mine = [each for each in awaited if each.startswith(f"{index} ")]
    return [
        f"  trial decryption, round {asked[0]}: " + (f"awaited: {', '.join(awaited)}" if awaited else "all have answered"),
        *(["  next: psephos trustee trial, and the same with --copy and the path of your backup"] if mine else []),
    ]


def _count(board: ElectionFolder, n: int, k: int) -> tuple[list[str], list[int]]:
    asked = latest_request(board)
    if asked is None:
        return ["  nobody has been asked to decrypt yet"], []
    number, request = asked
    U = request.guardians
    done = [i for i in U if (board.path / f"decryption/request_{number}/nonces/guardian_{i}.json").exists()]
    attempts = Attempts(board, number, request, request.tally, board.election())
    lines = [
        f"  count: asked are {', '.join(map(str, U))} (request {number}, attempt {attempts.current()}); "
        f"done: {', '.join(map(str, done)) or 'none'}",
        f"  of the {n} trustees {n - len(U)} are left out; "
        + (f"if another is lost, ask the rest: {len(U) - k} more may be lost" if len(U) > k else "if they are lost, no more may be lost"),
    ]
    return lines, [i for i in U if i not in done]


def _next(command: str, behind: list[int], index: int | None) -> list[str]:
    if index is None or index in behind:
        return [f"  next: {command}"]
    return [f"  next: nothing for you until {'guardians' if len(behind) > 1 else 'guardian'} {', '.join(map(str, behind))} did: {command}"]
