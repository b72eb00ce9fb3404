"""engine/encoding.py: one form for every value, nothing else is read (X7)."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ballot import EncryptedBallot
from engine.decryption import DecryptedTally, NonceShares, PartialDecryptions, Responses
from engine.encoding import LARGEST_FILE, from_json, member, to_json
from engine.errors import EngineError, FormatError
from engine.group import STANDARD, Element, Scalar
from engine.guardian import GuardianSecretKeys, KeyShares
from engine.key_ceremony import Complaint, GuardianPublicKeys
from engine.proofs import Proof
from tests.engine.elections import Ballots, Ceremony, decrypt
from tests.groups import TOY


@dataclass(frozen=True, slots=True)
class Inner:
    number: int = member()


@dataclass(frozen=True, slots=True)
class Everything:
    """One member of each kind."""

    text: str = member()
    number: int = member("n")
    large: int = member(below=2**53)
    truth: bool = member()
    digest: bytes = member(length=2)
    some: bytes = member()
    element: Element = member()
    scalar: Scalar = member()
    list: tuple[int, ...] = member()
    hashes: tuple[tuple[bytes, ...], ...] = member(length=1)
    keyed: tuple[tuple[int, Inner], ...] = member(keyed=True)
    either: int | str = member()
    maybe: str | None = member()
    nested: tuple[Inner, ...] | None = member()


VALUE = Everything(
    "Zürich\u2028\"\\\n\x01", 7, 2**40, True, b"\x01\xff", b"", TOY.g, TOY.scalar(5), (1, 2), ((b"\x00",), ()), ((1, Inner(0)), (20,
    Inner(3))),
    "NO_LIMIT", None, None,
)  # fmt: skip
GOOD = to_json(VALUE)
RAW = json.loads(GOOD)


def compact(raw: Any) -> bytes:
    return json.dumps(raw, ensure_ascii=False, separators=(",", ":")).encode()


def with_member(name: str, value: Any) -> bytes:
    return compact({**RAW, name: value})


def with_token(name: str, token: str) -> bytes:
    """`token` in the place of a member's value, as it stands."""
    return compact({**RAW, name: "TOKEN"}).replace(b'"TOKEN"', token.encode())


# Refused


@pytest.mark.parametrize(
    ("name", "token"),
    [
        *(("n", token) for token in [
            "-0", "-1", "1e3", "1E3", "1.0", "0.5", "01", "+1", "0x1", "2147483648", "1e400", "NaN", "Infinity", "-Infinity", "true",
            "false", "null", '"7"', "[7]", "{}", "1_000", "٣", "9" * 19, "9" * 21, "9" * 5000, "--1", "7 ", " 7", "7.", ".7", "",
        ]),
        *(("large", token) for token in ["9007199254740992", "-1", "1e15", "1.5e3", '"1"']),
        *(("truth", token) for token in ["1", "0", '"true"', "null", "True", "TRUE"]),
        *(("text", token) for token in ["7", "null", "[]", "true", '"\\ud800"', '"\\udfff\\ud800"', '"a\nb"', '"\\u00fc"', '"\\/"',
        "'a'", '"\\x"']),
        *(("digest", token) for token in [
            '"01ff"', '"01fF"', '"1FF"', '"0001FF"', '"01F"', '""', '"0x1F"', '"01FG"', '" 1FF"', '"01FF "', '"+1FF"', '"0_FF"', '"١٢٣٤"',
            '"AQ=="', "511", "null",
        ]),
        *(("some", token) for token in ['"0"', '"0g"', '"ab"', "0", "null", "[]"]),
        *(("element", token) for token in ['""', '"1"', "1", "null", '"' + "0" * 64 + '"', '"' + "F" * 64 + '"', '"' + "G" * 64 + '"']),
        *(("scalar", token) for token in ['""', '"5"', "5", "null", '"FFFFFFFFFFFFFFC5"', '"FFFFFFFFFFFFFFFF"', '"000000000000000005"']),
        *(("list", token) for token in ["1", "null", "{}", '"1"', "[true]", "[1.0]", "[null]", "[-1]", "[[1]]", "[1,]", "[,1]"]),
        *(("hashes", token) for token in ['["00"]', '[["0000"]]', '[[""]]', "[[0]]", "[null]", '[["zz"]]']),
        *(("keyed", token) for token in [
            "[]", "null", '{"0":{"number":0}}', '{"01":{"number":0}}', '{"-1":{"number":0}}', '{"1.0":{"number":0}}', '{"":{"number":0}}',
            '{"2":{"number":0},"1":{"number":0}}', '{"1":{"number":0},"1":{"number":0}}',
            '{"9":{"number":0},"10":{"number":0},"2":{"number":0}}',
            '{"2147483648":{"number":0}}', '{"4294967297":{"number":0}}', '{"99999999999":{"number":0}}', '{"１":{"number":0}}',
            '{"a":{"number":0}}',
            '{" 1":{"number":0}}', '{"1":null}', '{"1":{}}', '{"1":{"number":0,"x":0}}', '{"1":[0]}',
        ]),
        *(("either", token) for token in ["true", "null", "1.0", "[]", "-1", "2147483648"]),
        ("maybe", "null"), ("maybe", "7"), ("nested", "null"), ("nested", "[null]"), ("nested", "{}"),
    ],
)  # fmt: skip
def test_cr07_cr53_any_other_form_of_a_member_is_refused(name: str, token: str) -> None:
    with pytest.raises(FormatError):
        from_json(Everything, with_token(name, token), TOY)


@pytest.mark.parametrize(
    "content",
    [
        b"", b" ", b"null", b"[]", b"7", b'"text"', b"{}", b"{", b"}", GOOD + b"\n", b" " + GOOD, GOOD + b" ", GOOD + b"{}", GOOD[:-1],
        b"\xef\xbb\xbf" + GOOD, GOOD.decode().encode("utf-16"), GOOD.decode().encode("latin-1", "replace") + b"\xff", GOOD + b"\0",
        b"\0" + GOOD,
        GOOD.replace(b":", b": ", 1), GOOD.replace(b",", b", ", 1), GOOD.replace(b"{", b"{ ", 1), GOOD.replace("ü".encode(), b"\\u00FC"),
        GOOD.replace(b"\\n", b"\\u000a"), GOOD.replace(b"\\u0001", b"\x01"), GOOD.replace(b"{", b"{/**/", 1), b"[" * 100_000,
        b"{" * 100_000,
        b'{"a":' * 50_000, b"[" * 100_000 + b"]" * 100_000, b'{"text":' + b"[" * 5_000 + b"]" * 5_000 + b"}", b'"\xed\xa0\x80"',
        b'"\xc0\x80"',
    ],
    ids=range(33),
)  # fmt: skip
def test_any_other_form_of_the_whole_is_refused(content: bytes) -> None:
    with pytest.raises(FormatError):
        from_json(Everything, content, TOY)


@pytest.mark.parametrize("name", list(RAW))
def test_a_missing_a_repeated_and_a_misplaced_member_is_refused(name: str) -> None:
    less = {key: value for key, value in RAW.items() if key != name}
    for content in (
        compact(less),
        GOOD[:-1] + b"," + compact({name: RAW[name]})[1:],
        compact({**less, name: RAW[name]}) if name != list(RAW)[-1] else compact({name: RAW[name], **less}),
        compact({**less, name.upper() + "_": RAW[name]}),
    ):
        with pytest.raises(FormatError):
            from_json(Everything, content, TOY)


@pytest.mark.parametrize("name", ["weight", "date", "", "text ", "TEXT", "__class__", "ünknown", "\u202e"])
def test_an_unknown_member_is_refused(name: str) -> None:
    with pytest.raises(FormatError, match="unknown member"):
        from_json(Everything, with_member(name, 1), TOY)


def test_a_file_beyond_the_bound_is_refused_unread() -> None:
    class Long(bytes):
        def __len__(self) -> int:
            return LARGEST_FILE + 1

        def decode(self, *_: object) -> str:  # type: ignore[override]
            raise AssertionError("read")

    with pytest.raises(FormatError, match="too many"):
        from_json(Everything, Long(), TOY)


def test_values_of_another_group_are_refused() -> None:
    with pytest.raises(FormatError):
        from_json(Everything, GOOD, STANDARD)


@pytest.mark.parametrize("value", [TOY.q, TOY.q + 1, 2**64 - 1])
def test_cr07_c_plus_q_is_no_second_form_of_c(value: int) -> None:
    """c = value − q would verify equally; only values below 59 have room for that on the small group, below 189 on the standard one."""
    proof = compact({"c": f"{value:016X}", "v": "0" * 16})
    with pytest.raises(FormatError, match="0 .. q - 1"):
        from_json(Proof, proof, TOY)
    with pytest.raises(FormatError, match="0 .. q - 1"):
        from_json(Proof, compact({"c": f"{STANDARD.q + value - TOY.q:064X}", "v": "0" * 64}), STANDARD)


def test_secrets_are_in_no_message(toy: Ceremony) -> None:
    """A key file with one digit too many is refused without being quoted."""
    for secret in (toy.secrets[0], toy.key_shares[0]):
        content = to_json(secret)
        hidden = [part for part in content.decode().replace('"', " ").split() if len(part) == 16]
        assert hidden
        for broken in (content.replace(hidden[-1].encode(), hidden[-1].encode() + b"0"), content[:-1], content + b" "):
            with pytest.raises(FormatError) as caught:
                from_json(type(secret), broken, TOY)
            assert not any(part[:6] in str(caught.value) for part in hidden)
            assert not any(part in repr(secret) for part in hidden)


# Read


def test_what_is_written_is_read_back() -> None:
    assert from_json(Everything, GOOD, TOY) == VALUE


def test_members_keep_their_order_and_names_and_absent_ones_are_left_out() -> None:
    names = ["text", "n", "large", "truth", "digest", "some", "element", "scalar", "list", "hashes", "keyed", "either"]
    assert list(RAW) == names
    assert RAW["n"] == 7
    assert RAW["digest"] == "01FF"
    assert RAW["scalar"] == "0000000000000005"
    assert RAW["keyed"] == {"1": {"number": 0}, "20": {"number": 3}}
    assert b'"Z\xc3\xbcrich\xe2\x80\xa8\\"\\\\\\n\\u0001"' in GOOD


@given(st.text(max_size=20), st.integers(0, 2**31 - 1), st.binary(max_size=8), st.lists(st.integers(0, 2**31 - 1), max_size=4))
def test_every_value_is_read_back_from_its_own_form_alone(text: str, number: int, some: bytes, numbers: list[int]) -> None:
    value = Everything(
        text, number, number, number % 2 == 0, b"ab", some, TOY.g, TOY.scalar(number), tuple(numbers), (), (), number, text,
        (Inner(number),)
    )
    assert from_json(Everything, to_json(value), TOY) == value


def test_every_message_of_an_election_is_read_back(toy: Ceremony, ballots: Ballots) -> None:
    tally = decrypt(toy.key_shares[:3], ballots.found.tally, toy.election)
    for value in (*toy.secrets, *toy.key_shares, *toy.public, *toy.acknowledgements, *toy.shares.values(), ballots.found.tally, tally):
        assert from_json(type(value), to_json(value), TOY) == value
    for ballot, opening in ballots.each:
        assert from_json(type(ballot), to_json(ballot), TOY) == ballot
        assert from_json(type(opening), to_json(opening), TOY) == opening


def test_a_complaint_has_two_forms() -> None:
    assert from_json(Complaint, b'{"i":1,"l":2}', TOY) == Complaint(1, 2, None, None)
    assert b"beta" in to_json(Complaint(1, 2, TOY.g, Proof(TOY.scalar(1), TOY.scalar(2))))


def test_every_kind_that_is_read_refuses_every_other(toy: Ceremony, ballots: Ballots) -> None:
    samples = {
        type(each): to_json(each)
        for each in (toy.public[0], toy.secrets[0], toy.key_shares[0], toy.acknowledgements[0], toy.shares[1, 2], ballots.each[0][0])
    }
    kinds = [*samples, DecryptedTally, NonceShares, PartialDecryptions, Responses, Complaint]
    for kind in kinds:
        for sample, content in samples.items():
            if kind is not sample:
                with pytest.raises(EngineError):
                    from_json(kind, content, TOY)
    assert {EncryptedBallot, GuardianPublicKeys, GuardianSecretKeys, KeyShares} <= set(samples)
