"""One of the processes of the race in test_races.py: many threads that cast as fast as they can."""

import json
import sys
import threading
from collections import deque

from api.errors import Conflict, Overloaded
from api.migrating import check_version
from api.sealing import KeyRing
from api.store import Store
from api.voters.access_code import AccessCode
from api.voters.ballot_box import BallotBox, check
from api.voters.database import VoterDatabase
from api.voters.models import TABLES
from api.voters.window import window_of
from tests.api.voting import ADDRESS, OPEN, SetClock
from tests.groups import TOY


def main() -> None:
    """Reads what to do from standard input, waits for the line that starts the race, and prints which ballots were acknowledged."""
    told = json.loads(sys.stdin.readline())
    store = Store("voters", told["address"], KeyRing.from_json("voters", told["keys"].encode()), TABLES)
    check_version(store)
    database = VoterDatabase(store)
    window, box = window_of(database, told["election_id"], TOY), BallotBox(database, SetClock(OPEN))
    tasks = deque((AccessCode(number), check(content.encode(), 1, window.election)) for number, content in told["votes"])
    acknowledged: list[str] = []
    failures: list[str] = []

    def cast() -> None:
        while True:
            try:
                code, ballot = tasks.popleft()
            except IndexError:
                return
            for _ in range(100):
                try:
                    box.cast(window, code, ballot, ADDRESS)
                except Overloaded:
                    continue
                except Conflict:
                    break
                except Exception as error:  # noqa: BLE001 - the test says which
                    failures.append(repr(error))
                    break
                acknowledged.append(ballot.content.decode())
                break
            else:
                failures.append("always busy")

    threads = [threading.Thread(target=cast) for _ in range(told["threads"])]
    print("ready", flush=True)
    sys.stdin.readline()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"acknowledged": acknowledged, "failures": failures}), flush=True)


if __name__ == "__main__":
    main()
