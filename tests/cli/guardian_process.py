"""A trustee's program on the small group, as a process that can be killed: `python -m tests.cli.guardian_process ROOM GUARDIANS INDEX`.

Production code cannot select the small group (CR-11); so this stands in for `psephos trustee decrypt`.
"""

import sys
from pathlib import Path

from cli import exchange, keystore
from tests.cli.folders import Count


def main(room: str, guardians: str, index: str) -> None:
    keystore.MEMORY, keystore.ITERATIONS, keystore.LANES = 32, 1, 1
    exchange.POLL = 0.002
    Count(Path(room), int(guardians)).decrypt(int(index))


if __name__ == "__main__":
    main(*sys.argv[1:])
