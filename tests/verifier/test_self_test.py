"""verifier/self_test.py: an arithmetic that computes wrongly is noticed before anything is said about a record."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gmpy2
import pytest

from tests.forging import YES_NO, Forger, write
from tests.verifier.arithmetics import ALL, using
from tests.verifier.sample import TOY
from verifier import arithmetic, choice, powers
from verifier.__main__ import main
from verifier.arithmetic import STANDARD, Group
from verifier.self_test import WrongArithmetic, _test, self_test


@pytest.fixture(autouse=True)
def _afresh():
    _test.cache_clear()
    yield
    _test.cache_clear()
    arithmetic.choose(choice.name())


def values(group: Group) -> list[int]:
    return [pow(group.g, 3 + x, group.p) for x in range(6)]


def turn(content: bytes, at: int) -> bytes:
    """One bit of the number `at` is wrong."""
    place = at * 512 + 300
    return content[:place] + bytes([content[place] ^ 8]) + content[place + 1 :]


class Faulty:
    """The native arithmetic with a fault in one operation."""

    def __init__(self, real: Any, name: str, spoil: Callable[[Any], Any]) -> None:
        self._real, self._name, self._spoil = real, name, spoil

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        return (lambda *given: self._spoil(found(*given))) if name == self._name else found


FAULTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "a product of columns": ("product", lambda found: turn(found, len(found) // 512 - 1)),
    "a product": ("multiply", lambda found: turn(found, 5)),
    "a power in the last lane": ("shared_powers", lambda found: (turn(found[0], 7), found[1]) if len(found[0]) == 8 * 512 else found),
    "membership": ("shared_powers", lambda found: (found[0], bytes(x ^ 1 for x in found[1]))),
    "everything is a member": ("shared_powers", lambda found: (found[0], b"\1" * len(found[1]))),
    "a product of powers": ("multi_power", lambda found: (turn(found[0], 0), found[1])),
    "a bit slice": ("multi_power", lambda found: (found[0], turn(found[1], 77))),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_native_arithmetic_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with using("native"):
        faulty = Faulty(choice.native(STANDARD.p, STANDARD.q), *FAULTS[fault])
        monkeypatch.setattr(choice, "native", lambda p, q: faulty)
        monkeypatch.setattr(choice, "native_comb", lambda p, q, base: choice.NativeComb(faulty._real, base))
        with pytest.raises(WrongArithmetic, match=r"native \(AVX.* computes wrongly on this machine.*`--arithmetic python`"):
            self_test(STANDARD, values(STANDARD))
        monkeypatch.undo()


def test_a_fault_in_native_tables_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Table(choice.NativeComb):
        def __init__(self, modulus: Any, base: int) -> None:
            super().__init__(modulus, base)
            real = self.powers
            self.powers = lambda exponents: turn(real(exponents), len(exponents) // 32 - 1)

    with using("native"):
        monkeypatch.setattr(choice, "NativeComb", Table)
        with pytest.raises(WrongArithmetic, match="a power of g"):
            self_test(STANDARD, values(STANDARD))
        monkeypatch.undo()


@pytest.mark.parametrize("name", ["powmod", "legendre", "mpz"])
@pytest.mark.parametrize("group", [TOY, STANDARD], ids=["toy", "standard"])
def test_a_fault_in_gmpy2_is_found(group: Group, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*given: int) -> Any:
        found = getattr(gmpy2, name)(*given)
        return -found if name == "legendre" else found ^ (found >> 100 & 1)

    with using("gmpy2"):
        real = {each: getattr(gmpy2, each) for each in ("powmod", "legendre", "mpz", "version", "mp_version")}
        monkeypatch.setattr(choice, "gmpy2", SimpleNamespace(**real | {name: wrong}))
        with pytest.raises(WrongArithmetic, match="gmpy2 .* computes wrongly"):
            self_test(group, values(group))
        monkeypatch.undo()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("group", [TOY, STANDARD], ids=["toy", "standard"])
def test_a_right_arithmetic_passes_whatever_the_record_holds(group: Group, name: str) -> None:
    with using(name):
        for chosen in ([], [0, -1, group.p, group.p + 1, 256**group.l_p], [1, 1, group.p - 1, 2], values(group) * 2):
            self_test(group, chosen)


def test_a_fault_stops_the_command_with_status_2_and_no_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    forger = Forger(STANDARD, 12, n=1, k=1, contests=(YES_NO,), styles=((1,),))
    folder = write(tmp_path / "record", forger.files(forger.sheets([("Cast", 1, {1: (1, 0, 0)})])))
    monkeypatch.setattr(powers.Ladder, "power", lambda self, exponent: 1)
    with using("gmpy2"):
        assert main([str(folder), "--arithmetic", "gmpy2", "--processes", "1"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("the arithmetic in use, gmpy2 ")
    assert "Nothing was verified. `--arithmetic python` does without it" in output.err
