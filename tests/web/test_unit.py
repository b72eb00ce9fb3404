"""The browser's code has tests of its own in web/tests: all of them pass."""

import subprocess

from tests.web.node import NODE, WEB


def test_every_test_of_the_browsers_code_passes() -> None:
    done = subprocess.run([NODE, "--test", "--test-reporter=tap", "tests/*.test.ts"], cwd=WEB, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    passed = int(next(line for line in done.stdout.splitlines() if line.startswith("# pass ")).split()[2])
    assert passed >= 48
