"""Names of columns: exact ones, ones that mean the same in English and Welsh, and none where two could be meant."""

import pytest

from api.users.headers import COLUMNS, find_columns
from api.users.sheets import FileRefused


def shown(*header: str, one_style: bool = False) -> dict[str, str]:
    return find_columns(header, one_style=one_style).shown()


def test_exact_names_are_taken_whatever_their_case_and_order() -> None:
    header = [name.upper() for name in reversed(COLUMNS) if name not in ("first_name", "surname")]
    assert shown(*header) == {name: name.upper() for name in COLUMNS if name not in ("first_name", "surname")}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            ("Member no.", "Forename", "Surname", "E-mail address", "Mobile phone", "Ballot paper", "Address 1", "Post code"),
            {
                "reference": "Member no.", "first_name": "Forename", "surname": "Surname", "email": "E-mail address",
                "mobile": "Mobile phone",
                "ballot_style": "Ballot paper", "address": "Address 1 + Post code",
            },
        ),
        (
            ("Rhif aelod", "Enw", "Cyfeiriad e-bost", "Ffôn symudol", "Papur pleidleisio", "Cod post", "Dull pleidleisio"),
            {
                "reference": "Rhif aelod", "name": "Enw", "email": "Cyfeiriad e-bost", "mobile": "Ffôn symudol",
                "ballot_style": "Papur pleidleisio", "address": "Cod post", "method": "Dull pleidleisio",
            },
        ),
    ],
)  # fmt: skip
def test_names_that_mean_the_same_are_recognised(header: tuple[str, ...], expected: dict[str, str]) -> None:
    assert shown(*header) == expected


def test_an_exact_name_goes_before_one_that_means_the_same() -> None:
    found = find_columns(["reference", "name", "ballot_style", "email", "Personal email"], one_style=False)
    assert found.shown()["email"] == "email"
    assert found.unused == ("Personal email",)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (("reference", "name", "ballot_style", "Personal email", "E-mail"), "could each be email; call the right one email"),
        (("reference", "reference", "name", "ballot_style"), "could each be reference"),
        (("reference", "name", "surname", "ballot_style"), "call the first one first_name"),
        (("reference", "surname", "ballot_style"), "there is no name"),
        (("name", "ballot_style"), "reference is missing"),
        (("reference", "name"), "ballot_style is missing"),
        (("M1", "Person One", "All members"), "there is no name"),
        (("",), "there is no name"),
    ],
)
def test_nothing_is_guessed_that_could_mean_two_things(header: tuple[str, ...], reason: str) -> None:
    with pytest.raises(FileRefused, match=reason):
        find_columns(header, one_style=False)


def test_a_ballot_with_one_style_needs_no_column_for_it() -> None:
    assert shown("reference", "name", one_style=True) == {"reference": "reference", "name": "name"}
