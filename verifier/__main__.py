"""The command: `python3 verifier.pyz RECORD [--key KEY]`. Exit status 0 verified, 1 does not verify, 2 unreadable or wrongly called."""

import argparse
import os
import re
import sys
import time
from pathlib import Path

from .page import to_html
from .verify import FORMATS, Progress, verify_record

__all__ = ["main"]

_KEY = re.compile(r"[0-9A-Fa-f]{64}")
_BAR = 30


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        return _verify(options)
    except KeyboardInterrupt:
        print("stopped; nothing has been verified", file=sys.stderr)
        return 2
    except Exception as error:  # noqa: BLE001 - last resort: whatever a record does, the answer is never a traceback or status 0
        print(f"UNREADABLE: the verifier failed ({type(error).__name__}: {error}); please report this", file=sys.stderr)
        return 2


def _verify(options: argparse.Namespace) -> int:
    folder = Path(options.record)
    try:
        key, origin = _key(options.key, folder) if options.format == FORMATS[0] else (None, "")
    except (OSError, ValueError) as error:
        print(f"key: {error}", file=sys.stderr)
        return 2
    if options.key and options.format != FORMATS[0]:
        print("key: not used, records of other layouts carry no signature of ours", file=sys.stderr)
    progress = None if options.quiet or not sys.stderr.isatty() else _progress()
    report = verify_record(
        folder, key, processes=max(1, options.processes), format=options.format, progress=progress, key_origin=origin
    )
    if options.report:
        Path(options.report).write_text(to_html(report, folder.resolve().name), encoding="utf-8")
    if options.json:
        print(report.json())
    elif options.quiet:
        print(report.verdict)
    else:
        print(report.text(), end="")
    return report.exit_status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="verifier.pyz", description="Verifies an election record.")
    parser.add_argument("record", metavar="RECORD", help="the record's folder")
    parser.add_argument("--key", help="the scrutineer's public key: 64 hexadecimal digits, or a file that holds them; "
                        "without it, the file RECORD.key beside the record")  # fmt: skip
    parser.add_argument("--format", choices=FORMATS[1:], default=FORMATS[0], help="layout of a record of another system")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--report", metavar="FILE.html", help="write the report as a web page too")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, metavar="N", help="number of processes")
    parser.add_argument("--quiet", action="store_true", help="print the verdict alone, and no progress")
    return parser


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


def _progress() -> Progress:
    start = time.monotonic()

    def show(what: str, done: int, total: int) -> None:
        if what != "ballots":
            return
        filled = _BAR * done // max(total, 1)
        left = (time.monotonic() - start) * (total - done) / max(done, 1)
        end = "\n" if done == total else ""
        line = f"\r[{'#' * filled}{'.' * (_BAR - filled)}] {done}/{total} ballots, {int(left) // 60}:{int(left) % 60:02} left "
        print(line, end=end, file=sys.stderr, flush=True)

    return show


if __name__ == "__main__":
    sys.exit(main())
