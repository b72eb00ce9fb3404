"""verifier/choice.py: which arithmetic is in use, who says so, and that the verifier needs none but Python's own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.verifier.arithmetics import using
from tests.verifier.sample import KEY, TOY, make, write
from verifier import arithmetic, choice
from verifier.__main__ import main
from verifier.arithmetic import STANDARD

ROOT = Path(__file__).resolve().parents[2]
BARE = """
import sys
sys.modules["gmpy2"] = sys.modules["montgomery"] = None
from pathlib import Path
from verifier.arithmetic import Group, in_use
from verifier.verify import verify_record
folder, key, *group = sys.argv[1:]
print(verify_record(Path(folder), bytes.fromhex(key), group=Group(*map(int, group))).json())
print(in_use())
"""


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(choice.VARIABLE, raising=False)
    before = choice.name()
    yield
    monkeypatch.undo()
    arithmetic.choose(before)


def test_an_arithmetic_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"^arithmetic: expected native, gmpy2 or python, got 'gmp'$"):
        arithmetic.choose("gmp")
    monkeypatch.setenv(choice.VARIABLE, "fast")
    with pytest.raises(ValueError, match=r"^PSEPHOS_ARITHMETIC: expected native, gmpy2 or python, got 'fast'$"):
        arithmetic.choose()


def test_an_arithmetic_that_is_not_here_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nothing:
        @staticmethod
        def levels() -> list[str]:
            return []

    monkeypatch.setattr(choice, "gmpy2", None)
    monkeypatch.setattr(choice, "montgomery", None)
    for name, reason in (("gmpy2", "gmpy2 is not installed"), ("native", "the module montgomery is not built")):
        with pytest.raises(ValueError, match=f"^arithmetic: {name} is not available here: {reason}$"):
            arithmetic.choose(name)
    monkeypatch.setattr(choice, "montgomery", Nothing)
    with pytest.raises(ValueError, match="it does not know this processor"):
        arithmetic.choose("native")
    assert arithmetic.choose() == "python"
    assert arithmetic.in_use() == "plain integers"


def test_the_option_goes_before_the_variable_and_that_before_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(choice.VARIABLE, "python")
    assert arithmetic.choose() == "python"
    assert arithmetic.choose("gmpy2") == "gmpy2"
    assert arithmetic.in_use().startswith("gmpy2 ")
    monkeypatch.setenv(choice.VARIABLE, "")
    assert arithmetic.choose() in ("native", "gmpy2")


def test_native_arithmetic_is_for_the_group_of_the_specification_alone() -> None:
    with using("native"):
        assert arithmetic.in_use().startswith("native (AVX")
        assert choice.native(STANDARD.p, STANDARD.q) is not None
        for p, q in ((TOY.p, TOY.q), (STANDARD.p, STANDARD.q - 2), (STANDARD.p - 2, STANDARD.q), (STANDARD.p >> 1, STANDARD.q)):
            assert choice.native(p, q) is None
    with using("gmpy2"):
        assert choice.native(STANDARD.p, STANDARD.q) is None


def test_another_choice_forgets_what_the_last_one_worked_out() -> None:
    with using("python"):
        comb = arithmetic._comb(TOY, TOY.g)
        arithmetic.know(arithmetic.Known(TOY.p, {TOY.g: {5: 1}}))
        arithmetic.choose("gmpy2")
        assert arithmetic._comb(TOY, TOY.g) is not comb
        assert TOY.power(TOY.g, 5) == pow(TOY.g, 5, TOY.p)


def test_the_command_takes_the_arithmetic_and_refuses_another(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["nowhere", "--arithmetic", "python"]) == 2
    assert choice.name() == "python"
    monkeypatch.setattr(choice, "montgomery", None)
    capsys.readouterr()
    assert main(["nowhere", "--arithmetic", "native"]) == 2
    assert capsys.readouterr() == ("", "arithmetic: native is not available here: the module montgomery is not built\n")
    monkeypatch.setenv(choice.VARIABLE, "quick")
    assert main(["nowhere"]) == 2
    assert "PSEPHOS_ARITHMETIC: expected native, gmpy2 or python, got 'quick'" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        main(["nowhere", "--arithmetic", "quick"])
    assert stopped.value.code == 2


def test_without_gmpy2_and_montgomery_a_record_is_still_verified(tmp_path: Path) -> None:
    folder = write(tmp_path / "record", make()[1])
    command = [sys.executable, "-c", BARE, str(folder), KEY.hex(), str(TOY.p), str(TOY.q), str(TOY.g)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    *report, last = done.stdout.splitlines()
    assert last == "plain integers"
    assert json.loads("\n".join(report))["verified"] is True
