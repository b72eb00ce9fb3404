"""The witnessed log: known answers, every proof of every small tree, and no proof of anything else (RFC 9162, C2SP)."""

import hashlib
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis.strategies import binary, data, integers

from engine.errors import FormatError, ProofError
from engine.merkle import (
    Checkpoint,
    Frontier,
    check_origin,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    read_checkpoint,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The eight leaves, and the roots of the trees of the first n of them, that the implementations of Certificate Transparency test with.
LEAVES = [leaf_hash(bytes.fromhex(each)) for each in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MANY = [leaf_hash(number.to_bytes(2, "big")) for number in range(40)]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "psephos.example/ballot-1"


def frontier_of(leaves: list[bytes]) -> Frontier:
    frontier = Frontier()
    for leaf in leaves:
        frontier = frontier.add(leaf)
    return frontier


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_the_known_ones(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == frontier_of(LEAVES[:size]).root().hex() == ROOTS[size - 1]


def test_an_empty_log_has_the_hash_of_nothing() -> None:
    assert root_of([]) == Frontier().root() == hashlib.sha256(b"").digest()


def test_a_leaf_is_never_a_node() -> None:
    assert leaf_hash(MANY[0] + MANY[1]) != node_hash(MANY[0], MANY[1])


def test_every_leaf_of_every_small_tree_has_a_proof_which_shows_nothing_else() -> None:
    for size in range(1, len(MANY) + 1):
        leaves, root = MANY[:size], root_of(MANY[:size])
        for position in range(size):
            proof = inclusion_proof(leaves, position)
            verify_inclusion(leaves[position], position, size, proof, root)
            wrong = [
                (MANY[position - 1], position, size, proof, root),
                (leaves[position], position + 1, size, proof, root),
                (leaves[position], position, size + 1, proof, root_of([*leaves, leaves[0]])),
                (leaves[position], position, size, (*proof, root), root),
                (leaves[position], position, size, proof, leaves[0][::-1]),
                (leaves[position], -1, size, proof, root),
            ] + [(leaves[position], position, size, proof[:-1], root)] * bool(proof)
            for case in wrong:
                with pytest.raises(ProofError):
                    verify_inclusion(*case)


def test_every_small_tree_goes_on_from_every_smaller_one_and_from_no_other() -> None:
    for size in range(1, len(MANY) + 1):
        leaves, root = MANY[:size], root_of(MANY[:size])
        for earlier in range(1, size + 1):
            before, proof = root_of(leaves[:earlier]), consistency_proof(leaves, earlier)
            verify_consistency(earlier, before, size, root, proof)
            wrong = [
                (earlier, before[::-1], size, root, proof),
                (earlier, before, size, root[::-1], proof),
                (earlier, before, size, root, (*proof, root)),
                (size + 1, before, size, root, proof),
                (-1, before, size, root, proof),
                (earlier, root_of([leaves[0][::-1], *leaves[1:earlier]]), size, root, proof),
            ]
            if proof:
                wrong += [(earlier, before, size, root, proof[:-1]), (earlier, before, size, root, ())]
                wrong += [(earlier, before, size, root, (*proof[:-1], proof[-1][::-1]))]
            for case in wrong:
                with pytest.raises(ProofError):
                    verify_consistency(*case)


def test_every_log_goes_on_from_the_empty_one() -> None:
    verify_consistency(0, Frontier().root(), 3, root_of(MANY[:3]), ())
    for root, proof in ((MANY[0], ()), (Frontier().root(), (MANY[0],))):
        with pytest.raises(ProofError):
            verify_consistency(0, root, 3, root_of(MANY[:3]), proof)


@given(integers(2, 300), data())
def test_a_leaf_exchanged_dropped_or_moved_in_a_longer_log_is_seen(size: int, drawn: data) -> None:  # type: ignore[valid-type]
    leaves = [leaf_hash(number.to_bytes(2, "big")) for number in range(size)]
    earlier = drawn.draw(integers(1, size))  # type: ignore[attr-defined]
    at = drawn.draw(integers(0, earlier - 1))  # type: ignore[attr-defined]
    for forged in ([*leaves[:at], leaves[at][::-1], *leaves[at + 1 :]], [*leaves[:at], *leaves[at + 1 :], leaves[at]]):
        if forged[:earlier] != leaves[:earlier]:
            with pytest.raises(ProofError):
                verify_consistency(earlier, root_of(leaves[:earlier]), size, root_of(forged), consistency_proof(forged, earlier))


@pytest.mark.parametrize(("size", "roots"), [(1, ()), (3, (bytes(32),)), (1, (bytes(31),)), (-1, (bytes(32),)), (0, (bytes(32),))])
def test_a_frontier_has_a_root_for_each_complete_subtree(size: int, roots: tuple[bytes, ...]) -> None:
    with pytest.raises(FormatError):
        Frontier(size, roots)


@pytest.mark.parametrize("position", [-1, 3])
def test_what_is_not_there_has_no_proof(position: int) -> None:
    with pytest.raises(IndexError):
        inclusion_proof(MANY[:3], position)
    with pytest.raises(IndexError):
        consistency_proof(MANY[:3], position + (position > 0))


def test_a_checkpoint_is_a_signed_note() -> None:
    note = Checkpoint(ORIGIN, 3, root_of(MANY[:3])).sign(KEY)
    lines = note.decode().split("\n")
    assert lines[:2] == [ORIGIN, "3"]
    assert lines[3] == ""
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]
    assert read_checkpoint(note, ORIGIN, KEY.public_key()) == Checkpoint(ORIGIN, 3, root_of(MANY[:3]))


def test_signatures_of_others_are_passed_over() -> None:
    note = Checkpoint(ORIGIN, 3, root_of(MANY[:3])).sign(KEY)
    text, _, own = note.rpartition(b"\n\n")
    witnessed = text + b"\n\n" + "— witness.example AAAAAAAA\n".encode() + own
    assert read_checkpoint(witnessed, ORIGIN, KEY.public_key()).size == 3


def test_a_changed_checkpoint_is_refused() -> None:
    note = Checkpoint(ORIGIN, 3, root_of(MANY[:3])).sign(KEY)
    for at, byte in enumerate(note):
        changed = note[:at] + bytes([byte ^ 1]) + note[at + 1 :]
        with pytest.raises((FormatError, ProofError)):
            read_checkpoint(changed, ORIGIN, KEY.public_key())


def test_a_checkpoint_of_another_log_or_under_another_key_is_refused() -> None:
    note = Checkpoint(ORIGIN, 3, root_of(MANY[:3])).sign(KEY)
    with pytest.raises(FormatError, match="of another log"):
        read_checkpoint(note, "psephos.example/ballot-2", KEY.public_key())
    with pytest.raises(ProofError, match="not signed"):
        read_checkpoint(note, ORIGIN, Ed25519PrivateKey.generate().public_key())


@given(binary(max_size=200))
def test_any_other_text_is_refused(content: bytes) -> None:
    with pytest.raises((FormatError, ProofError)):
        read_checkpoint(content, ORIGIN, KEY.public_key())


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\nb", "x" * 256])
def test_an_origin_is_one_word(origin: str) -> None:
    with pytest.raises(FormatError):
        check_origin(origin)
    assert check_origin(ORIGIN) == ORIGIN


def test_pairs_of_sizes_hold_in_a_row() -> None:
    """A witness that follows a growing log step by step ends where one that looks only once does."""
    sizes = [1, 2, 3, 7, 8, 9, 31, 32, 33, 40]
    for earlier, later in pairwise(sizes):
        leaves = MANY[:later]
        verify_consistency(earlier, root_of(MANY[:earlier]), later, frontier_of(leaves).root(), consistency_proof(leaves, earlier))
