"""Only one byte form of a value is read, and nothing but RecordError escapes (X7)."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis.strategies import binary, dictionaries, integers, lists, recursive, text

from verifier.source import RecordError
from verifier.strict_json import MAX_VALUES, canonical, parse

REFUSED = [
    b"", b" ", b"{", b'{"a":1}\n', b' {"a":1}', b'{"a": 1}', b'{"a":1} ', b'{"a":1}{"a":1}', b"\xef\xbb\xbf{}", b'"\xff"',
    b'"\xed\xa0\x80"', b'{"a":1,"a":2}', b'{"a":1,"a":1}', b'{"a":{"b":1,"b":1}}', b"1.0", b"1e3", b"1E400", b"NaN",
    b"Infinity", b"-Infinity", b"-0", b"01", b"+1", b"1" * 101, b"1" * 5000, b"-" + b"1" * 101, b'"\\ud800"', b'"\\u0041"',
    b'"\\u000A"', b'"\\u001F"', b'"\\/"', b'"\\u00e9"', b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 50_000,
    b"'a'", b"{a:1}", b"[1,]", b"// x\n1", b'"\x00"', b"tru",
]  # fmt: skip


@pytest.mark.parametrize("content", REFUSED, ids=range(len(REFUSED)))
def test_other_forms_are_refused(content: bytes) -> None:
    with pytest.raises(RecordError):
        parse(content, "file")


@pytest.mark.parametrize("value", [b"[]", b"{}", b"0", b'""'])
def test_too_many_values_are_refused_before_they_are_read(value: bytes) -> None:
    content = b"[" + b",".join([value] * (MAX_VALUES + 1)) + b"]"
    tracemalloc.start()
    try:
        with pytest.raises(RecordError, match="has more than"):
            parse(content, "file")
        assert tracemalloc.get_traced_memory()[1] < len(content) / 4
    finally:
        tracemalloc.stop()
    parse(b"[" + b",".join([b"0"] * MAX_VALUES) + b"]", "file")


@given(binary(max_size=60))
def test_nothing_but_record_error_escapes(content: bytes) -> None:
    try:
        node = parse(content, "file")
    except RecordError:
        return
    for read in (node.integer, node.small, node.text, node.items, node.truth, lambda: node.hex(2), lambda: node.members("a", "b?")):
        try:
            read()
        except RecordError:
            continue


values = recursive(
    integers(1 - 10**99, 10**99) | text(), lambda inner: lists(inner, max_size=4) | dictionaries(text(), inner, max_size=4), max_leaves=10
)


@given(values)
def test_the_canonical_form_is_read_back(value: object) -> None:
    content = canonical(value)
    assert parse(content, "file")
    assert json.loads(content) == value


def test_members_must_be_those_named_in_that_order() -> None:
    assert parse(b'{"a":1,"c":3}', "f").members("a", "b?", "c")["c"].small() == 3
    for content in (b'{"c":3,"a":1}', b'{"a":1}', b'{"a":1,"c":3,"d":4}', b"[]", b"1", b'"a"', b"null", b"true"):
        with pytest.raises(RecordError):
            parse(content, "f").members("a", "b?", "c")


@pytest.mark.parametrize("content", [b'"3"', b"true", b"false", b"null", b"-1", b"2147483648", b"[]", b"{}"])
def test_small_integers_are_json_integers_in_range(content: bytes) -> None:
    with pytest.raises(RecordError):
        parse(content, "f").small()


@pytest.mark.parametrize(
    "content", [b'"ab"', b'"ABC"', b'"0AB"', b'"0xAB"', b'" AB"', b'"AB "', b'""', b'"\xef\xbc\xa1B"', b"171", b'"GG"']
)
def test_hexadecimal_has_full_width_and_upper_case(content: bytes) -> None:
    node = parse(content, "f")
    for read in (node.hex, node.number):
        with pytest.raises(RecordError):
            read(1)


def test_an_error_names_file_line_and_member() -> None:
    with pytest.raises(RecordError, match=r"f\.jsonl, line 7, a\[1\]\.b: expected an integer, got text"):
        parse(b'{"a":[{"b":1},{"b":"x"}]}', "f.jsonl", 7).members("a")["a"].items()[1].members("b")["b"].integer()
