"""A bundle for an auditor: nobody else can read it, every change is found, and the platform can't tell anything but what it logged."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from api.audit import bundle as bundles
from api.audit.bundle import Opened, open_bundle, write_bundle
from api.audit.entry import PLATFORM, Entry
from api.audit.errors import BundleBroken, LogBroken
from api.audit.events import ITEMS
from api.errors import Invalid, NotFound
from tests.api.auditing import BALLOT, OTHER_BALLOT, START, Auditing, an_auditing, note, reissued
from tests.api.conftest import MakeStore

AUDITOR = X25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = AUDITOR.public_key().public_bytes_raw()


@pytest.fixture
def auditing(make_store: MakeStore) -> Auditing:
    made = an_auditing(make_store)
    for voter in ("voter 4711", "voter 4712", "voter 4711"):
        made.log.add(reissued(voter))
    made.log.add(note("all is well"))
    return made


def written(auditing: Auditing, *, identities: bool = False) -> bytes:
    return write_bundle(auditing.log, BALLOT, auditor=PUBLIC, by="scrutineer-1", reason="order 12", identities=identities)


def opened(auditing: Auditing, bundle: bytes) -> Opened:
    return open_bundle(bundle, AUDITOR, auditing.key.public_key())


def body_of(auditing: Auditing, bundle: bytes) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(bundles._decrypted(bundle, AUDITOR, auditing.key.public_key()))
    return body


def made_again(auditing: Auditing, body: dict[str, Any] | bytes, signer: Ed25519PrivateKey | None = None) -> bytes:
    """What the platform itself could make, which has the log's key; or somebody with another key."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    signature = (signer or auditing.key).sign(b"psephos audit bundle 1\n" + content)
    info = b"psephos audit bundle 1" + auditing.key.public_key().public_bytes_raw()
    return bundles._SUITE.encrypt(signature + content, AUDITOR.public_key(), info=info)


# Changed on the way


def test_sv16_every_change_of_a_byte_is_found(auditing: Auditing) -> None:
    bundle = written(auditing)
    for at in range(0, len(bundle), 1 if auditing.store.is_sqlite else 97):
        with pytest.raises(BundleBroken):
            opened(auditing, bundle[:at] + bytes([bundle[at] ^ 1]) + bundle[at + 1 :])


def test_sv17_every_truncation_is_found(auditing: Auditing) -> None:
    bundle = written(auditing)
    for size in [*range(100), *range(100, len(bundle), 83), len(bundle) - 1]:
        with pytest.raises(BundleBroken):
            opened(auditing, bundle[:size])
    for more in (b"\x00", bundle):
        with pytest.raises(BundleBroken):
            opened(auditing, bundle + more)


def test_only_the_auditor_opens_it_and_only_as_from_this_log(auditing: Auditing) -> None:
    bundle = written(auditing)
    with pytest.raises(BundleBroken):
        open_bundle(bundle, X25519PrivateKey.generate(), auditing.key.public_key())
    with pytest.raises(BundleBroken):
        open_bundle(bundle, AUDITOR, Ed25519PrivateKey.generate().public_key())


def test_a_bundle_somebody_else_made_is_refused(auditing: Auditing) -> None:
    """Everybody can encrypt to the auditor."""
    body = body_of(auditing, written(auditing))
    with pytest.raises(BundleBroken, match="not made by this log"):
        opened(auditing, made_again(auditing, body, Ed25519PrivateKey.generate()))
    assert opened(auditing, made_again(auditing, body)).entries


def test_a_bundle_for_one_auditor_cannot_be_passed_on_as_one_for_another(auditing: Auditing) -> None:
    body = body_of(auditing, written(auditing))
    body["auditor"] = X25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    with pytest.raises(BundleBroken, match="another auditor"):
        opened(auditing, made_again(auditing, body))


# A platform that wants to tell something else


def swap(body: dict[str, Any]) -> None:
    entries = body["entries"]
    entries[2], entries[3] = entries[3], entries[2]


def swap_contents(body: dict[str, Any]) -> None:
    one, other = body["entries"][2], body["entries"][3]
    for name in ("sealed", "key"):
        one[name], other[name] = other[name], one[name]


def change_time(body: dict[str, Any]) -> None:
    body["entries"][2]["time"] += 1


def other_key(body: dict[str, Any]) -> None:
    body["entries"][2]["key"] = "00" * 32


def other_kind(body: dict[str, Any]) -> None:
    body["entries"][2]["kind"] = "note_added"


def hide_the_person(body: dict[str, Any]) -> None:
    del body["entries"][2]["sealed_person"]


def test_sv17_a_signed_bundle_with_another_entry_is_found_where_it_is(auditing: Auditing) -> None:
    bundle = written(auditing)
    changes: list[Callable[[dict[str, Any]], None]] = [swap, swap_contents, change_time, other_key, other_kind, hide_the_person]
    for change in changes:
        body = body_of(auditing, bundle)
        change(body)
        with pytest.raises(LogBroken) as found:
            opened(auditing, made_again(auditing, body))
        assert found.value.position == 2, change


def test_sv17_a_signed_bundle_without_an_entry_is_found(auditing: Auditing) -> None:
    bundle = written(auditing)
    for position in range(6):
        body = body_of(auditing, bundle)
        del body["entries"][position]
        with pytest.raises(LogBroken) as found:
            opened(auditing, made_again(auditing, body))
        assert found.value.position == position
    body = body_of(auditing, bundle)
    body["checkpoints"] = []
    with pytest.raises(BundleBroken, match="ends after its last checkpoint"):
        opened(auditing, made_again(auditing, body))


def test_sv17_what_a_witness_has_decides(auditing: Auditing) -> None:
    bundle = written(auditing)
    auditing.fill(10)
    later = auditing.log.checkpoint(BALLOT)
    with pytest.raises(LogBroken, match="entry 6: is missing; there were 10 entries"):
        open_bundle(bundle, AUDITOR, auditing.key.public_key(), [later])
    with pytest.raises(Invalid):
        open_bundle(bundle, AUDITOR, auditing.key.public_key(), [b"no note"])
    assert len(open_bundle(written(auditing), AUDITOR, auditing.key.public_key(), [later]).entries) == 11


def test_a_body_of_another_form_is_refused(auditing: Auditing) -> None:
    for content in (b"", b"[]", b"{}", b"null", b"\xff", b'{"format":1}', b"[" * 100_000):
        with pytest.raises(BundleBroken):
            opened(auditing, made_again(auditing, content))
    bundle = written(auditing)
    for name in ("entries", "checkpoints", "made", "chain", "origin"):
        for value in (None, 1, "x", ["x"], [["x", "y"]], {"x": "y"}):
            body = body_of(auditing, bundle)
            body[name] = value
            with pytest.raises((BundleBroken, LogBroken, Invalid)):
                opened(auditing, made_again(auditing, body))


# What is in it


def test_pr15_identifiers_stay_behind_and_pseudonyms_are_fresh_for_each_bundle(auditing: Auditing) -> None:
    bundles_ = [written(auditing), written(auditing)]
    seen = []
    for bundle in bundles_:
        content = json.dumps(body_of(auditing, bundle))
        assert "voter 47" not in content
        assert "person_key" not in content
        found = opened(auditing, bundle)
        assert not found.identities
        seen.append([each.entry.unique_identifier for each in found.entries if each.entry.unique_identifier])
    (one, two, again), (other, *_) = seen
    assert one == again
    assert len({one, two, other}) == 3


def test_identities_are_there_if_the_order_covers_them(auditing: Auditing) -> None:
    found = opened(auditing, written(auditing, identities=True))
    assert found.identities
    assert [each.entry.unique_identifier for each in found.entries[1:4]] == ["voter 4711", "voter 4712", "voter 4711"]
    body = body_of(auditing, written(auditing, identities=True))
    body["entries"][1]["person_key"] = "00" * 32
    with pytest.raises(LogBroken, match="entry 1: cannot be opened"):
        opened(auditing, made_again(auditing, body))


@pytest.mark.proves("COP-105d-ii")
def test_to_write_a_bundle_is_its_last_entry(auditing: Auditing) -> None:
    last = opened(auditing, written(auditing)).entries[-1].entry
    assert last.kind == "log_exported"
    assert dict(last.members) == {
        "auditor": PUBLIC.hex(), "before": 5, "by": "scrutineer-1", "identities": "replaced", "reason": "order 12"
    }  # fmt: skip


def test_the_keys_in_a_bundle_open_nothing_that_comes_later(auditing: Auditing) -> None:
    body = body_of(auditing, written(auditing, identities=True))
    with auditing.store.reading() as session:
        chain_key = auditing.log._key(session, BALLOT)
    assert chain_key
    assert chain_key.secret.hex() not in json.dumps(body)
    keys = [each["key"] for each in body["entries"]] + [each["person_key"] for each in body["entries"] if "person_key" in each]
    assert len(set(keys)) == len(keys) == 9


def test_what_the_code_asks_for_and_is_not_there_is_listed(auditing: Auditing) -> None:
    missing = opened(auditing, written(auditing)).missing
    assert set(ITEMS) - set(missing) == {"COP-101.1", "COP-105a-i", "COP-105b-i", "COP-105d-ii", "COP-105e"}


def test_a_long_log_goes_into_a_bundle(auditing: Auditing) -> None:
    auditing.fill(205)
    found = opened(auditing, written(auditing))
    assert [each.position for each in found.entries] == list(range(206))
    assert found.chain == BALLOT


def test_the_log_of_the_platform_goes_into_a_bundle(auditing: Auditing) -> None:
    bundle = write_bundle(auditing.log, PLATFORM, auditor=PUBLIC, by="scrutineer-1", reason="order 12")
    assert [each.entry.kind for each in opened(auditing, bundle).entries] == ["ballot_log_begun", "log_exported"]


# Not written


def test_a_key_that_is_none_is_refused_before_anything_is_logged(auditing: Auditing) -> None:
    before = auditing.copy()
    for key in (b"", bytes(31), bytes(32), b"\x01" + bytes(31)):
        with pytest.raises(Invalid, match="no X25519 public key"):
            write_bundle(auditing.log, BALLOT, auditor=key, by="scrutineer-1", reason="order 12")
    assert auditing.copy() == before


def test_a_log_that_was_changed_is_not_written_however_long_ago_it_was_signed(auditing: Auditing) -> None:
    auditing.log.checkpoint(BALLOT)
    auditing.drop_triggers()
    auditing.run(f"UPDATE audit_entry SET kind = 'signed_in' WHERE chain = '{BALLOT}' AND position = 3")  # noqa: S608
    with pytest.raises(LogBroken, match="entry 3"):
        written(auditing)


def test_an_export_that_is_refused_is_logged(auditing: Auditing) -> None:
    with pytest.raises(NotFound):
        write_bundle(auditing.log, OTHER_BALLOT, auditor=PUBLIC, by="officer-2", reason="curious")
    logged = [each.entry.members for each in auditing.log.read("auditor-1", "looking", PLATFORM, kinds=["log_access_refused"])]
    assert logged == [{"by": "officer-2", "what": "export"}]


def test_a_bundle_opens_in_a_process_that_has_no_database(auditing: Auditing, tmp_path: Path) -> None:
    if not auditing.store.is_sqlite:
        return
    auditing.log.add(Entry(BALLOT, "report_delivered", START, {"by": "scrutineer-1", "report_hash": b"r" * 32}))
    (tmp_path / "bundle").write_bytes(written(auditing))
    program = (
        "import sys; from pathlib import Path\n"
        "from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey\n"
        "from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey\n"
        "from api.audit.bundle import open_bundle\n"
        "keys = X25519PrivateKey.from_private_bytes(bytes(range(32))), Ed25519PublicKey.from_public_bytes(bytes.fromhex(sys.argv[2]))\n"
        "print(len(open_bundle(Path(sys.argv[1]).read_bytes(), *keys).entries))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "bundle"), auditing.key.public_key().public_bytes_raw().hex()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": os.defpath})
    assert done.stdout == "7\n"
