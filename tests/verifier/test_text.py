"""Rules for labels and times (X18, X7)."""

import pytest

from verifier.text import fault, folded, is_time, scripts


@pytest.mark.parametrize("text", ["A", "Ålice Ó Néill", "Cwm Rhondda – Ŵyr", "№ 7 (2026)", "x" * 200, "日本"])
def test_plain_labels_pass(text: str) -> None:
    assert fault(text) is None


@pytest.mark.parametrize(
    "text",
    ["", "x" * 201, " a", "a ", "a  b", "a\u00a0b", "a\u2003b", "a\tb", "a\nb", "a\u2028b", "a\u2029b", "e\u0301", "\u212b", "a\u200bb",
     "a\u200d", "\u202eabc", "\u2066a", "a\ufeff", "a\x00", "a\x7f", "\ue000", "\U000e0041", "\u0378", "a\u00ad"],
)  # fmt: skip
def test_labels_that_hide_something_are_refused(text: str) -> None:
    assert fault(text) is not None


def test_letters_of_other_scripts_are_told_apart() -> None:
    assert scripts("Paul Ŵ 7 – №") == {"LATIN"}
    assert scripts("Pаul") == {"LATIN", "CYRILLIC"}
    assert scripts("7 – !") == set()


@pytest.mark.parametrize(("one", "other"), [("Yes", "yes"), ("ﬁn", "fin"), ("２", "2"), ("STRASSE", "straße")])
def test_labels_that_fold_to_the_same_are_equal(one: str, other: str) -> None:
    assert folded(one) == folded(other)


def test_times() -> None:
    assert is_time("2024-02-29T23:59:59Z")
    for text in ("2023-02-29T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:60Z", "2024-1-1T00:00:00Z", "2024-01-01 00:00:00Z",
                 "2024-01-01T00:00:00", "2024-01-01T00:00:00+00:00", "２024-01-01T00:00:00Z", "2024-01-01T00:00:00Z\n", ""):  # fmt: skip
        assert not is_time(text)
