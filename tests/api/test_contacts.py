"""Contacts in one form, and whose they are (COP-054, SO-04, SO-05)."""

import random

import phonenumbers
import pytest

from api.errors import Invalid
from api.users.contact_rules import PROVIDERS, AllowedDomain, ContactRules
from api.users.contacts import ContactProblem, _is_british_mobile, email_of, mobile_of, phone_of


@pytest.mark.parametrize(
    "group",
    [
        ["ann@example.org", "Ann@Example.ORG", "ANN@example.org", "ann+union@example.org", "ann+a+b@example.org"],
        ["ann.bee@gmail.com", "annbee@gmail.com", "A.n.n.Bee@GoogleMail.com", "annbee+work@googlemail.com"],
        ["ann@müller.example", "ann@xn--mller-kva.example", "ann@MÜLLER.example"],
    ],
)
def test_so04_addresses_that_reach_the_same_person_have_one_key(group: list[str]) -> None:
    assert len({email_of(each).key for each in group}) == 1


@pytest.mark.parametrize(
    "pair", [("ann.bee@example.org", "annbee@example.org"), ("ann@example.org", "ann@mail.example.org"), ("a@gmail.com", "a@example.org")]
)
def test_so04_addresses_of_two_people_have_two_keys(pair: tuple[str, str]) -> None:
    assert email_of(pair[0]).key != email_of(pair[1]).key


@pytest.mark.parametrize(
    "text",
    ["nobody", "a@b", "a b@example.org", "a@b c", "a..b@example.org", ".a@example.org", "a.@example.org", "@example.org", "a@.org",
     "<a@b.org>", "Ann <a@example.org>", "a@b.org, c@d.org", "a@[127.0.0.1]", "a@host.local", "a@localhost", '"a b"@example.org',
     "a@example.org\r\nBcc: x@y.org", "x" * 65 + "@example.org", "a@" + "b" * 250 + ".org", "a@-b.org",
     "a\u200b@example.org", "@handle", "https://chat.example/a", "=1+1"],
)  # fmt: skip
@pytest.mark.proves("COP-054")
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ContactProblem) as error:
        email_of(text)
    assert error.value.rule == "COP-054a.1"
    assert text not in str(error.value)


@pytest.mark.proves("COP-054b.1")
@pytest.mark.parametrize(
    "text",
    ["07911123456", "07911 123456", "07911 123 456", "+447911123456", "+44 7911 123456", "+44 (0)7911 123456", "00447911123456",
     "0044 (0) 7911 123456", "7911123456", "(07911) 123456", "07911-123-456", "447911123456".replace("44", "+44", 1), "07911\u00a0123456"],
)  # fmt: skip
def test_so04_a_number_is_the_same_however_it_is_written(text: str) -> None:
    assert mobile_of(text).number == "+447911123456"


@pytest.mark.proves("COP-054b.1")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("020 7946 0000", "landline"), ("0161 496 0000", "landline"), ("0800 111 999", "number"), ("0909 879 0000", "number"),
        ("070 1234 5678", "number"), ("076 1234 5678", "number"), ("07911 12345", "no telephone number"),
        ("call me", "no telephone number"), ("7.9E+09", "shortened"), ("7911123456.0", "shortened"), ("999", "no telephone number"),
        ("", "no telephone number"),
        ("07911 123456 x12", "number"), ("07911 123456 / 020 7946 0000", "number"), ("@handle", "no telephone number"),
        ("+999 1234567", "no telephone number"),
    ],
)  # fmt: skip
def test_what_is_no_mobile_number_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ContactProblem, match=reason) as error:
        mobile_of(text)
    assert error.value.rule == "COP-054b.1"


def test_mobile_numbers_of_other_countries_are_good() -> None:
    assert mobile_of("+353 85 123 4567").number == "+353851234567"


def test_ranges_are_told_by_six_digits_as_the_library_tells_them_by_all() -> None:
    chosen = random.Random(7)
    for _ in range(5000):
        number = f"7{chosen.randrange(10**9):09}"
        kind = phonenumbers.number_type(phonenumbers.PhoneNumber(country_code=44, national_number=int(number)))
        assert _is_british_mobile(number[:6]) == (kind == phonenumbers.PhoneNumberType.MOBILE)


# Whose they are

RULES = ContactRules.made(
    ["Acme-Rail.co.uk", "*.acme.example", "gmail.com"], ["@union.org.uk"], [AllowedDomain("gmail.com", "public sign-up")],
    ["020 7946 0000", "07911 000001"], ["0161 496 0000"],
)  # fmt: skip


@pytest.mark.proves("COP-054a.2")
@pytest.mark.parametrize(
    "address",
    ["a@acme-rail.co.uk", "a@ACME-Rail.CO.UK", "a@mail.acme-rail.co.uk", "a@x.y.acme-rail.co.uk", "a@acme.example", "a@union.org.uk",
     "a@branch.union.org.uk"],
)  # fmt: skip
def test_so05_domains_of_employer_and_union_and_all_below_are_withheld(address: str) -> None:
    with pytest.raises(ContactProblem, match="domain of the") as error:
        RULES.judge_domain(email_of(address).domain)
    assert error.value.rule == "COP-054a.2"


@pytest.mark.parametrize(
    "domain",
    ["acme-rai1.co.uk", "acrne-rail.co.uk", "acme-rall.co.uk", "acmerail.co.uk", "acme-rial.co.uk", "acme-raill.co.uk", "acme-ral.co.uk",
     "mail.acme-rai1.co.uk", "un1on.org.uk", "unlon.org.uk", "unión.org.uk", "uniоn.org.uk", "vnion.org.uk"],
)  # fmt: skip
def test_so05_domains_that_look_like_them_are_held_for_review(domain: str) -> None:
    with pytest.raises(ContactProblem, match="looks like"):
        RULES.judge_domain(email_of(f"a@{domain}").domain)
    reviewed = ContactRules.made(["acme-rail.co.uk"], ["union.org.uk"], [AllowedDomain(domain, "a shop, looked at")])
    reviewed.judge_domain(email_of(f"a@{domain}").domain)


def test_other_domains_are_good() -> None:
    for domain in ("example.org", "acme.co.uk", "rail.co.uk", "co.uk", "notacme.example", *PROVIDERS):
        RULES.judge_domain(domain)


@pytest.mark.proves("COP-054a.3")
def test_so05_a_public_service_is_good_even_if_the_employer_owns_it() -> None:
    RULES.judge_domain("gmail.com")
    with pytest.raises(ContactProblem):
        ContactRules.made(["gmail.com"]).judge_domain("gmail.com")


@pytest.mark.proves("COP-054b.2")
@pytest.mark.parametrize("text", ["07911 000001", "+447911000001", "+44 (0)7911 000001", "0044 7911 000001"])
def test_so05_numbers_of_employer_and_union_are_withheld_however_they_are_written(text: str) -> None:
    with pytest.raises(ContactProblem, match="number of the employer") as error:
        RULES.judge_number(mobile_of(text).number)
    assert error.value.rule == "COP-054b.2"
    with pytest.raises(ContactProblem, match="number of the union"):
        RULES.judge_number(phone_of("+44 161 496 0000"))
    RULES.judge_number(mobile_of("07911 000002").number)


def test_rules_are_read_as_they_were_written() -> None:
    assert ContactRules.from_json(RULES.to_json()) == RULES
    assert ContactRules.from_json(b"{}") == ContactRules()


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"1", b'{"domains": []}', b'{"employer_domains": ["no domain"]}', b'{"employer_domains": ["localhost"]}',
     b'{"union_domains": [""]}',
     b'{"employer_numbers": ["call me"]}', b'{"allowed_domains": ["gmail.com"]}', b'{"allowed_domains": [{"domain": "gmail.com"}]}',
     b'{"employer_domains": ["a..b"]}', b'{"employer_domains": 5}'],
)  # fmt: skip
def test_rules_that_are_none_are_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        ContactRules.from_json(content)
