"""The command: `python3 verifier.pyz RECORD [--key KEY]`. Exit status 0 verified, 1 does not verify, 2 unreadable or wrongly called."""

import argparse
import os
import re
import sys
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from .arithmetic import choose
from .choice import ARITHMETICS
from .page import to_html
from .progress import Display
from .self_test import WrongArithmetic
from .verify import FORMATS, JournalError, verify_record

__all__ = ["Connect", "main"]

Connect = Callable[[str], AbstractContextManager[tuple[Executor, int]]]
"""Connects to a cluster at an address: gives an executor and how many tasks it does at a time."""

_KEY = re.compile(r"[0-9A-Fa-f]{64}")


def main(arguments: list[str] | None = None, program: str = "verifier.pyz", connect: Connect | None = None) -> int:
    """Runs the command, called `program`; returns the exit status. With `connect` there is an option `--cluster`; it raises OSError."""
    options = _parser(program, connect is not None).parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        choose(options.arithmetic)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        return _verify(options, connect)
    except WrongArithmetic as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        resume = f"; the same command goes on from {options.resume}" if options.resume and Path(options.resume).exists() else ""
        print(f"stopped; nothing has been verified{resume}", file=sys.stderr)
        return 2
    except JournalError as error:
        print(f"resume: {error}", file=sys.stderr)
        return 2
    except Exception as error:  # noqa: BLE001 - last resort: whatever a record does, the answer is never a traceback or status 0
        print(f"UNREADABLE: the verifier failed ({type(error).__name__}: {error}); please report this", file=sys.stderr)
        return 2


def _verify(options: argparse.Namespace, connect: Connect | None) -> int:
    folder = Path(options.record)
    try:
        key, origin = _key(options.key, folder) if options.format == FORMATS[0] else (None, "")
    except (OSError, ValueError) as error:
        print(f"key: {error}", file=sys.stderr)
        return 2
    if options.format == "egk-json" and (options.resume or options.cluster):
        print("egk-json: --resume and --cluster are not offered for this layout", file=sys.stderr)
        return 2
    if options.key and options.format != FORMATS[0]:
        print("key: not used, records of other layouts carry no signature of ours", file=sys.stderr)
    terminal = sys.stderr.isatty()
    progress = Display(sys.stderr, terminal) if options.progress or (terminal and not options.quiet) else None
    workers = max(1, options.processes)
    try:
        with connect(options.cluster) if connect and options.cluster else nullcontext((None, workers)) as (executor, workers):
            report = verify_record(
                folder, key, workers, format=options.format, progress=progress, key_origin=origin, executor=executor,
                journal=Path(options.resume) if options.resume else None, arithmetic=options.arithmetic,
                hints=_hints(options, folder),
            )  # fmt: skip
    except OSError as error:
        print(f"{'cluster' if options.cluster else 'verifier'}: {error}", file=sys.stderr)
        return 2
    if options.report:
        Path(options.report).write_text(to_html(report, folder.resolve().name), encoding="utf-8")
    if options.json:
        print(report.json())
    elif options.quiet:
        print(report.verdict)
    else:
        print(report.text(), end="")
    return report.exit_status


def _parser(program: str, clusters: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description="Verifies an election record.")
    parser.set_defaults(cluster=None)
    parser.add_argument("record", metavar="RECORD", help="the record's folder")
    parser.add_argument("--key", help="the scrutineer's public key: 64 hexadecimal digits, or a file that holds them; "
                        "without it, the file RECORD.key beside the record")  # fmt: skip
    parser.add_argument("--hints", metavar="FILE", help="a file of hints, with which ballots are tested thousands at a time; without it, "
                        "the file RECORD.hints beside the record. Hints save time and change no verdict, whatever is in them")  # fmt: skip
    parser.add_argument("--no-hints", action="store_true", help="check every ballot by itself, equation by equation")
    parser.add_argument("--format", choices=FORMATS[1:], default=FORMATS[0], help="layout of a record of another system")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--report", metavar="FILE.html", help="write the report as a web page too")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, metavar="N", help="number of processes")
    parser.add_argument("--resume", metavar="FILE", help="keep what has been found in FILE and go on from it if it is there; "
                        "it is deleted when all is done. Whoever can write FILE can forge the verdict: it belongs to the person who "
                        "verifies")  # fmt: skip
    if clusters:
        parser.add_argument("--cluster", metavar="tcp://HOST:PORT", help="share the ballots out on the Dask cluster of this scheduler; its "
                            "workers must find the record at the same path. Whoever runs the cluster can forge the verdict")  # fmt: skip
    parser.add_argument("--progress", action="store_true", help="show progress even if standard error is no terminal")
    parser.add_argument("--arithmetic", choices=ARITHMETICS, help="compute with this; otherwise with the fastest that is there")
    parser.add_argument("--quiet", action="store_true", help="print the verdict alone, and no progress")
    return parser


def _hints(options: argparse.Namespace, folder: Path) -> Path | None:
    """The file of hints to be used; None if there is none, or if none is wanted."""
    if options.no_hints or options.format != FORMATS[0]:
        return None
    beside = folder.resolve().with_name(folder.resolve().name + ".hints")
    return Path(options.hints) if options.hints else beside if beside.is_file() else None


def _key(given: str | None, folder: Path) -> tuple[bytes | None, str]:
    """The key and where it came from; None without one. Raises ValueError if it is not a key, OSError if a named file is missing."""
    if given is None:
        beside = folder.resolve().with_name(folder.resolve().name + ".key")
        return (_parse_key(beside.read_text("ascii"), str(beside)), f"the file {beside.name}") if beside.is_file() else (None, "")
    if _KEY.fullmatch(given):
        return bytes.fromhex(given), "the command line"
    return _parse_key(Path(given).read_text("ascii"), given), f"the file {given}"


def _parse_key(text: str, name: str) -> bytes:
    if not _KEY.fullmatch(text.strip()):
        raise ValueError(f"{name}: expected 64 hexadecimal digits")
    return bytes.fromhex(text.strip())


if __name__ == "__main__":
    sys.exit(main())
