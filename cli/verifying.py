"""The independent verifier in a process of its own, for the service that releases records: as an outsider would start it."""

import subprocess
import sys
import tempfile
from pathlib import Path

from api.records.service import Verdict

__all__ = ["verify_apart"]


def verify_apart(record: Path, key: bytes, hints: Path | None) -> Verdict:
    """What the verifier says of a record under this public key; hints only make it faster. It shares no code with what wrote the record."""
    with tempfile.NamedTemporaryFile("w", suffix=".key") as file:
        file.write(f"{key.hex().upper()}\n")
        file.flush()
        command = [sys.executable, "-I", "-m", "verifier", str(record), "--key", file.name]
        if hints:
            command += ["--hints", str(hints)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return Verdict(done.returncode == 0, (done.stdout + done.stderr).strip())
