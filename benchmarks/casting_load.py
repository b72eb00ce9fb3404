"""The load, in a process of its own: casts the votes of a file over HTTP from several connections, and prints what came back and how fast.

The file has a line of JSON for each vote: access code, ballot.
"""

import argparse
import http.client
import json
import sys
import threading
import time
from pathlib import Path


def main() -> int:
    """Prints statuses and seconds, in the order of the answers."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("votes", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    waiting = [json.loads(line) for line in options.votes.read_text(encoding="utf-8").splitlines()]
    lock, answers = threading.Lock(), []

    def cast() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", options.port, timeout=120)
        while True:
            with lock:
                if not waiting:
                    return
                code, ballot = waiting.pop()
            started = time.perf_counter()
            connection.request("POST", options.path, ballot, {"Access-Code": code, "Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            with lock:
                answers.append((answer.status, time.perf_counter() - started))

    threads = [threading.Thread(target=cast) for _ in range(options.connections)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"seconds": time.perf_counter() - started, "answers": answers}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
