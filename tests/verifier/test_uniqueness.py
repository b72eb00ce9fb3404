"""Values that occur twice, among any number of ballots and in bounded memory."""

import random
from hashlib import sha256

import pytest

from verifier import uniqueness
from verifier.source import Chunk
from verifier.uniqueness import Packed, Packer, Places, Uniqueness

Place = tuple[int, int]


def value(kind: int, number: int) -> bytes:
    return sha256(b"%d %d" % (kind, number)).digest()


@pytest.mark.parametrize("held", [0, 2_000, 2**24])
def test_every_value_that_was_there_before_is_found_and_no_other(held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uniqueness, "_HELD", held)
    chance = random.Random(7)
    first: dict[tuple[int, int], Place] = {}
    expected: list[tuple[int, Place, Place]] = []
    with Uniqueness() as found:
        for device in (1, 2):
            for start in range(1, 300, 50):
                packer = Packer(device)
                for position in range(start, start + 50):
                    numbers = [chance.randrange(5_000) for _ in range(6)]
                    kinds = (0, 1, 2, 3, 3, 3)
                    values = [value(0, number) for number in numbers]  # the same value in another kind is another one
                    packer.add(position, *values[:3], values[3:])
                    for key in zip(kinds, numbers, strict=True):
                        earlier = first.setdefault(key, (device, position))
                        if earlier != (device, position) or kinds.count(key[0]) > 1 and numbers[3:].count(key[1]) > 1:
                            expected.append((key[0], (device, position), earlier))
                packed = packer.packed()
                assert packed.ballots == 50
                found.add(packed)
        done: list[int] = []
        repeated = list(found.repeated(done.append))
    assert done == [*range(1, 257)]
    assert {entry for entry in repeated if entry[1] != entry[2]} == {entry for entry in expected if entry[1] != entry[2]}


def test_one_value_twice_on_one_ballot_is_found() -> None:
    packer = Packer(2**32 - 1)
    packer.add(2**64 - 1, b"a", b"b", b"c", [b"n", b"m", b"n"])
    with Uniqueness() as found:
        found.add(packer.packed())
        assert list(found.repeated()) == [(3, (2**32 - 1, 2**64 - 1), (2**32 - 1, 2**64 - 1))]


def test_nothing_repeats_where_nothing_is() -> None:
    with Uniqueness() as found:
        assert list(found.repeated()) == []
        found.add(Packer(1).packed())
        assert list(found.repeated()) == []


def test_malformed_entries_are_refused() -> None:
    packer = Packer(1)
    packer.add(1, b"a", b"b", b"c")
    good = packer.packed()
    for ends, data in ((b"", b""), (good.ends, good.data[:-1]), (good.ends[:-4], good.data), (bytes(1024), good.data),
                       (b"\xff" * 4 + good.ends[4:], good.data), (good.ends[:-4] + b"\0\0\0\1", b"x")):  # fmt: skip
        with pytest.raises(ValueError, match="malformed"):
            Packed(1, ends, data)


def test_a_place_is_named_as_its_reader_names_it() -> None:
    chunks = [Chunk("a", 0, 1, 4, 1, 2, ()), Chunk("b", 0, 5, 2, 1, 2, ()), Chunk("c", 0, 1, 3, 7, 1, ())]
    places = Places(chunks)
    assert [places.where(place) for place in ((1, 1), (1, 4), (1, 5), (1, 6), (7, 3))] == [
        "a, line 2", "a, line 5", "b, line 2", "b, line 3", "c, line 3",
    ]  # fmt: skip
