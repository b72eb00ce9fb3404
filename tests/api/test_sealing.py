"""A sealed field opens where it was sealed and nowhere else, and only with its key (SV-25, COP-064, COP-082a)."""

import os

import pytest

from api.errors import KeysMissing, SealError
from api.sealing import OVERHEAD, DataKey, EnvironmentKeys, KeyRing, Place, SealingKey

PLACE = Place("vote", "sealed", b"row 1")
KEY = DataKey("voters", os.urandom(32))
RING = KeyRing.generate("voters")


def test_sv25_a_field_opens_where_it_was_sealed() -> None:
    sealed = KEY.seal(b"content", PLACE)
    assert KEY.open(sealed, PLACE) == b"content"
    assert len(sealed) == len(b"content") + OVERHEAD
    assert b"content" not in sealed


@pytest.mark.proves("COP-064.3")
def test_sv25_one_changed_bit_is_found() -> None:
    sealed = KEY.seal(b"content", PLACE)
    for bit in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealError):
            KEY.open(bytes(changed), PLACE)
    for length in range(len(sealed)):
        with pytest.raises(SealError):
            KEY.open(sealed[:length], PLACE)


@pytest.mark.parametrize(
    "place", [Place("vote", "sealed", b"row 2"), Place("vote", "evidence", b"row 1"), Place("voter", "sealed", b"row 1")]
)
def test_sv25_a_field_moved_to_another_place_is_found(place: Place) -> None:
    with pytest.raises(SealError, match="was changed, or belongs to another row"):
        KEY.open(KEY.seal(b"content", PLACE), place)


def test_sv25_places_are_told_apart_wherever_their_parts_end() -> None:
    with pytest.raises(SealError):
        KEY.open(KEY.seal(b"content", Place("ab", "c", b"")), Place("a", "bc", b""))


def test_sv25_a_field_of_another_database_or_key_is_found() -> None:
    sealed = KEY.seal(b"content", PLACE)
    for other in (DataKey("users", KEY.secret), DataKey("voters", os.urandom(32))):
        with pytest.raises(SealError):
            other.open(sealed, PLACE)


def test_sv25_no_nonce_is_used_twice() -> None:
    assert len({KEY.seal(b"", PLACE)[1:13] for _ in range(10_000)}) == 10_000


def test_sv25_after_an_exchange_of_keys_the_old_one_is_useless() -> None:
    sealed = RING.seal_data_key(KEY, "a")
    newer = RING.with_new_key()
    assert newer.open_data_key(sealed, "a") == KEY
    assert RING.is_newest(sealed)
    assert not newer.is_newest(sealed)
    again = newer.seal_data_key(newer.open_data_key(sealed, "a"), "a")
    only = newer.newest_only()
    assert only.open_data_key(again, "a") == KEY
    with pytest.raises(KeysMissing, match="which is not here"):
        RING.open_data_key(again, "a")
    with pytest.raises(KeysMissing, match="which is not here"):
        only.open_data_key(sealed, "a")


def test_a_data_key_opens_under_its_name_alone() -> None:
    sealed = RING.seal_data_key(KEY, "a")
    with pytest.raises(SealError, match="another name"):
        RING.open_data_key(sealed, "b")
    with pytest.raises(SealError, match="not a sealed data key"):
        RING.open_data_key(sealed[:-1], "a")
    with pytest.raises(SealError, match="another name"):
        RING.open_data_key(sealed[:-1] + bytes([sealed[-1] ^ 1]), "a")


@pytest.mark.proves("COP-064.4")
@pytest.mark.parametrize(
    "keys", [(), (SealingKey(b"1234", bytes(16)),), (SealingKey(b"123", bytes(32)),), (SealingKey(b"1234", bytes(32)),) * 2]
)
def test_no_ring_is_empty_short_or_ambiguous(keys: tuple[SealingKey, ...]) -> None:
    with pytest.raises(KeysMissing):
        KeyRing("voters", keys)


def test_keys_come_from_the_environment_in_the_form_they_are_written_in() -> None:
    environment = {"PSEPHOS_VOTERS_KEYS": RING.to_json().decode()}
    assert EnvironmentKeys(environment).ring("voters") == RING


@pytest.mark.proves("COP-064.1")
@pytest.mark.parametrize(
    "content",
    ["", "{}", "null", "[1]", '{"store":"voters"}', '{"store":"voters","keys":[]}', '{"store":"voters","keys":[{"id":"00","key":"zz"}]}'],
)
def test_missing_or_malformed_keys_are_refused_and_not_quoted(content: str) -> None:
    with pytest.raises(KeysMissing) as refused:
        EnvironmentKeys({"PSEPHOS_VOTERS_KEYS": content}).ring("voters")
    assert "zz" not in str(refused.value)


def test_keys_of_another_database_are_refused() -> None:
    with pytest.raises(KeysMissing, match="for the database 'voters'"):
        EnvironmentKeys({"PSEPHOS_USERS_KEYS": RING.to_json().decode()}).ring("users")


def test_no_secret_is_shown() -> None:
    for value in (KEY, RING, RING.keys[0], EnvironmentKeys({"PSEPHOS_VOTERS_KEYS": RING.to_json().decode()})):
        assert not any(secret.hex() in repr(value) or repr(secret) in repr(value) for secret in (KEY.secret, RING.keys[0].secret))
