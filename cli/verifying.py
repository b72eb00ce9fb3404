"""The independent verifier in a process of its own, for the service that releases records: as an outsider would start it."""

import subprocess
import sys
import tempfile
from pathlib import Path

from api.records.verifying import Progress, Verdict

__all__ = ["verify_apart"]

_BAR = "["
"""What the verifier's lines about its progress begin with; they end with words."""


def verify_apart(record: Path, key: bytes, hints: Path | None, tell: Progress) -> Verdict:
    """What the verifier says of a record under this public key; hints only make it faster. It shares no code with what wrote the record.
    `tell` is told now and then how far it is."""
    with tempfile.NamedTemporaryFile("w", suffix=".key") as file, tempfile.TemporaryFile("w+", errors="replace") as report:
        file.write(f"{key.hex().upper()}\n")
        file.flush()
        command = [sys.executable, "-I", "-m", "verifier", str(record), "--key", file.name, "--progress"]
        if hints:
            command += ["--hints", str(hints)]
        said = []
        with subprocess.Popen(command, stdout=report, stderr=subprocess.PIPE, text=True, errors="replace") as process:
            for line in process.stderr or ():
                if line.startswith(_BAR):
                    tell(line.partition("] ")[2].strip())
                else:
                    said.append(line)
        report.seek(0)
        return Verdict(process.returncode == 0, (report.read() + "".join(said)).strip())
