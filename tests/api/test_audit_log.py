"""The audit log: whatever is done to it is found and located, and nothing it says is readable without the key (SV-16 to SV-18, COP-104)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.exc import DBAPIError

from api.audit import rows
from api.audit.chain import FIRST, Link, entry_keys, link_after
from api.audit.entry import PLATFORM, Entry, Given
from api.audit.errors import LogBroken
from api.audit.log import AuditLog, Verified
from api.audit.models import TABLES, AuditKey
from api.data_keys import DataKeys
from api.errors import Conflict, Invalid, KeysMissing, NotFound
from api.migrating import check_version, differences
from api.sealing import DataKey
from engine.errors import FormatError
from engine.merkle import Checkpoint, Frontier, leaf_hash, read_checkpoint
from tests.api.auditing import BALLOT, ORIGIN, OTHER_BALLOT, START, Auditing, an_auditing, created, note, reissued
from tests.api.conftest import MakeStore


@pytest.fixture
def auditing(make_store: MakeStore) -> Auditing:
    return an_auditing(make_store)


def broken(auditing: Auditing, position: int, *, witnessed: bytes | None = None) -> str:
    """That a process which remembers nothing finds the first bad place there; answers what it says."""
    with pytest.raises(LogBroken) as found:
        auditing.reopened().verify(BALLOT, [witnessed] if witnessed else [])
    assert found.value.position == position, str(found.value)
    return str(found.value)


def data_key(auditing: Auditing) -> DataKey:
    found = auditing.rows(f"SELECT sealed FROM data_key WHERE name = '{BALLOT}'")  # noqa: S608
    return auditing.store.keys.open_data_key(bytes(found[0][0]), BALLOT)


# A database whose owner changes it


@pytest.mark.parametrize("table", ["audit_chain", "audit_entry", "audit_checkpoint"])
def test_sv16_the_database_itself_refuses_to_change_or_delete(auditing: Auditing, table: str) -> None:
    auditing.log.checkpoint(BALLOT)
    before = auditing.copy()
    column = {"audit_chain": "name", "audit_entry": "kind", "audit_checkpoint": "note"}[table]
    statements = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]  # noqa: S608
    if not auditing.store.is_sqlite:
        statements.append(f"TRUNCATE {table} CASCADE")
    for statement in statements:
        with pytest.raises(DBAPIError, match="never"):
            auditing.run(statement)
    assert auditing.copy() == before


@pytest.mark.proves("COP-104.1")
def test_sv16_an_edit_of_any_column_is_found_where_it_is(auditing: Auditing) -> None:
    auditing.log.add(reissued())
    auditing.fill(6)
    auditing.drop_triggers()
    original = dict(zip([*TABLES.tables["audit_entry"].columns.keys()], auditing.rows(
        "SELECT * FROM audit_entry WHERE position = 1 AND kind = 'access_method_reissued'")[0], strict=True,
    ))  # fmt: skip
    edits: dict[str, list[Any]] = {
        "entry_id": [b"\x00" * 16, b""],
        "time": [original["time"] + 1, original["time"] - 1, 0, -1, 2**62],
        "kind": ["note_added", "", "something else"],
        "previous": [FIRST, b""],
        "sealed": [flipped(bytes(original["sealed"])), b"", bytes(original["sealed"]) + b"\x00"],
        "sealed_person": [flipped(bytes(original["sealed_person"])), b""],
        "hash": [flipped(bytes(original["hash"])), b""],
    }
    if auditing.store.is_sqlite:  # where a column may hold anything
        for column in edits:
            edits[column] += ["text", 5, 1.5, b"\xff" * 40]
    at = f"WHERE chain = '{BALLOT}' AND position = 1"
    for column, values in edits.items():
        for value in values:
            if value == original[column]:
                continue
            auditing.run(f"UPDATE audit_entry SET {column} = :value {at}", {"value": value})  # noqa: S608
            broken(auditing, 1)
            auditing.run(f"UPDATE audit_entry SET {column} = :value {at}", {"value": original[column]})  # noqa: S608
    auditing.run(f"UPDATE audit_entry SET position = 99 {at}")  # noqa: S608
    assert "is missing; the next there is 2" in broken(auditing, 1)
    auditing.run("UPDATE audit_entry SET position = 1 WHERE position = 99")
    auditing.run(f"UPDATE audit_entry SET chain = '{PLATFORM}' {at}")  # noqa: S608
    assert "is missing" in broken(auditing, 1)
    with pytest.raises(LogBroken, match=f"audit log {PLATFORM}, entry 1"):
        auditing.reopened().verify(PLATFORM)


def flipped(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.proves("COP-104.1")
def test_sv16_two_rows_swapped_are_found_where_they_are(auditing: Auditing) -> None:
    auditing.fill(6)
    auditing.drop_triggers()
    for old, new in ((2, 90), (4, 2), (90, 4)):
        auditing.run(f"UPDATE audit_entry SET position = {new} WHERE chain = '{BALLOT}' AND position = {old}")  # noqa: S608
    assert "was changed" in broken(auditing, 2)


@pytest.mark.proves("COP-104.1")
def test_sv16_an_entry_put_in_is_found_where_it_is(auditing: Auditing) -> None:
    auditing.fill(6)
    auditing.drop_triggers()
    for position in (5, 4, 3):
        auditing.run(f"UPDATE audit_entry SET position = {position + 1} WHERE chain = '{BALLOT}' AND position = {position}")  # noqa: S608
    key = data_key(auditing)
    with auditing.store.transaction() as session:
        last = rows.link_at(session, BALLOT, 2)
        assert last
        rows.put(session, link_after(last, note("put in"), last.time, key))
    broken(auditing, 4)


@pytest.mark.proves("COP-104.1")
def test_sv17_an_entry_taken_out_is_found_where_it_was(auditing: Auditing) -> None:
    auditing.fill(103)
    auditing.drop_triggers()
    for position in (0, 50, 99):
        row = auditing.rows(f"SELECT * FROM audit_entry WHERE chain = '{BALLOT}' AND position = {position}")[0]  # noqa: S608
        auditing.run(f"DELETE FROM audit_entry WHERE chain = '{BALLOT}' AND position = {position}")  # noqa: S608
        assert "is missing" in broken(auditing, position)
        names = ", ".join(TABLES.tables["audit_entry"].columns.keys())
        values = {f"v{number}": value for number, value in enumerate(row)}
        auditing.run(f"INSERT INTO audit_entry ({names}) VALUES ({', '.join(':' + name for name in values)})", values)  # noqa: S608
    assert auditing.reopened().verify(BALLOT).entries == 103


@pytest.mark.proves("COP-104.1")
def test_sv17_a_tail_cut_off_is_found_by_the_checkpoint_the_process_and_the_witness(auditing: Auditing) -> None:
    auditing.fill(103)
    auditing.drop_triggers()
    auditing.run(f"DELETE FROM audit_entry WHERE chain = '{BALLOT}' AND position >= 100")  # noqa: S608
    with pytest.raises(LogBroken, match="entry 100: is missing; there were 103 entries"):
        auditing.log.verify(BALLOT)  # this process has written them
    auditing.run(f"DELETE FROM audit_entry WHERE chain = '{BALLOT}' AND position >= 60")  # noqa: S608
    assert "there were 100 entries" in broken(auditing, 60)
    witnessed = auditing.rows("SELECT note FROM audit_checkpoint WHERE size = 100")[0][0]
    auditing.run("DELETE FROM audit_checkpoint")
    assert "there were 100 entries" in broken(auditing, 60, witnessed=bytes(witnessed))
    assert auditing.reopened().verify(BALLOT).entries == 60  # with no witness, and no memory, nobody can know


def test_sv17_a_tail_cut_off_stays_found_when_the_log_has_grown_again(auditing: Auditing) -> None:
    auditing.fill(10)
    auditing.drop_triggers()
    auditing.run(f"DELETE FROM audit_entry WHERE chain = '{BALLOT}' AND position >= 5")  # noqa: S608
    for number in range(10):
        auditing.log.add(note(f"again {number}"))
    with pytest.raises(LogBroken, match="entry 9: is not the one that was written"):
        auditing.log.verify(BALLOT)
    with pytest.raises(LogBroken, match="entry 9"):
        auditing.log.checkpoint(BALLOT)


def test_sv17_a_chain_rewritten_without_the_signing_key_is_found(auditing: Auditing) -> None:
    auditing.fill(103)
    auditing.drop_triggers()
    rewrite(auditing, 40)
    assert "not the one that was signed" in broken(auditing, 99)
    for signer in (Ed25519PrivateKey.generate(), None):
        sign_again(auditing, signer)
        assert "not genuine" in broken(auditing, 99)
    auditing.run("DELETE FROM audit_checkpoint")
    assert "the checkpoint of 100 entries is missing" in broken(auditing, 99)


def test_sv17_a_chain_rewritten_with_the_signing_key_is_found_by_the_witness(auditing: Auditing) -> None:
    auditing.fill(103)
    witnessed = auditing.log.checkpoint(BALLOT)
    auditing.drop_triggers()
    rewrite(auditing, 40)
    sign_again(auditing, auditing.key)
    assert auditing.reopened().verify(BALLOT).entries == 103
    assert "not the one that was signed" in broken(auditing, 102, witnessed=witnessed)
    with pytest.raises(LogBroken):
        auditing.log.verify(BALLOT)  # this process remembers


def rewrite(auditing: Auditing, changed: int) -> None:
    """Another text at one position, and all hashes and seals after it made anew, with the data key."""
    key = data_key(auditing)
    with auditing.store.transaction() as session:
        old = list(rows.links(session, BALLOT))
    auditing.run(f"DELETE FROM audit_entry WHERE chain = '{BALLOT}'")  # noqa: S608
    last = None
    with auditing.store.transaction() as session:
        for link in old:
            entry = created() if link.position == 0 else note("changed" if link.position == changed else f"number {link.position}")
            last = link_after(last, entry, link.time, key)
            rows.put(session, last)


def sign_again(auditing: Auditing, signer: Ed25519PrivateKey | None) -> None:
    """Checkpoints of what is there now, in place of those that were; with no signature at all if there is no signer."""
    auditing.run("DELETE FROM audit_checkpoint")
    with auditing.store.transaction() as session:
        frontier = Frontier()
        for link in list(rows.links(session, BALLOT)):
            frontier = frontier.add(leaf_hash(link.stated))
            if frontier.size in (100, 103):
                made = Checkpoint(f"{ORIGIN}/{BALLOT}", frontier.size, frontier.root())
                values = {"size": frontier.size, "note": made.sign(signer) if signer else made.text(), "roots": b"".join(frontier.roots)}
                rows.put_checkpoint(session, BALLOT, values["size"], values["note"], values["roots"])  # type: ignore[arg-type]


def test_sv16_an_unsigned_tail_made_up_without_the_data_key_is_found(auditing: Auditing) -> None:
    """Hashes and order are right, and no checkpoint covers it: the seals are what nobody can make."""
    auditing.fill(6)
    auditing.drop_triggers()
    auditing.run(f"DELETE FROM audit_entry WHERE chain = '{BALLOT}' AND position >= 4")  # noqa: S608
    with auditing.store.transaction() as session:
        last = rows.link_at(session, BALLOT, 3)
        for number in (4, 5):
            last = link_after(last, note(f"made up {number}"), last.time if last else 0, DataKey("audit", bytes(32)))
            rows.put(session, last)
    assert "cannot be opened" in broken(auditing, 4)


def test_sv16_an_edit_with_all_hashes_made_anew_is_found_by_the_seals(auditing: Auditing) -> None:
    complaint: dict[str, Given] = {"by": "officer-2", "subject": "no letter", "received": START, "unique_identifier": "voter 4"}
    auditing.log.add(Entry(BALLOT, "complaint_received", START, complaint))
    auditing.fill(5)
    auditing.drop_triggers()
    with auditing.store.transaction() as session:
        links = list(rows.links(session, BALLOT))
    changes: list[dict[str, Any]] = [{"kind": "signed_in"}, {"entry_id": b"\x01" * 16}, {"sealed_person": b""}, {"sealed": links[2].sealed}]
    for change in changes:
        put_again(auditing, links, 1, change)
        assert "entry 1" in broken(auditing, 1)
    put_again(auditing, links, 1, {})
    assert auditing.reopened().verify(BALLOT).entries == 5


def test_sv16_an_entry_that_follows_from_another_is_found(auditing: Auditing) -> None:
    auditing.fill(5)
    auditing.drop_triggers()
    with auditing.store.transaction() as session:
        links = list(rows.links(session, BALLOT))
    put_again(auditing, links, 3, {"previous": links[1].stated})
    assert "does not follow from the entry before" in broken(auditing, 3)


def test_sv18_a_time_before_that_of_the_entry_before_is_found(auditing: Auditing) -> None:
    auditing.fill(5)
    auditing.drop_triggers()
    with auditing.store.transaction() as session:
        links = list(rows.links(session, BALLOT))
    put_again(auditing, links, 3, {"time": links[2].time - 1})
    assert "is older than the entry before" in broken(auditing, 3)
    put_again(auditing, links, 3, {"time": links[2].time})
    assert auditing.reopened().verify(BALLOT).entries == 5


def put_again(auditing: Auditing, links: list[Link], position: int, change: dict[str, Any]) -> None:
    """All entries, one of them changed, with the hashes that they must have then."""
    auditing.run(f"DELETE FROM audit_entry WHERE chain = '{BALLOT}'")  # noqa: S608
    previous = FIRST
    with auditing.store.transaction() as session:
        for link in links:
            link = replace(link, **{"previous": previous, **(change if link.position == position else {})})
            previous = link.hash()
            rows.put(session, replace(link, stated=previous))


def test_sv16_an_edit_of_a_checkpoint_is_found_and_nothing_is_signed_on_it(auditing: Auditing) -> None:
    auditing.fill(103)
    auditing.drop_triggers()
    note_, roots = auditing.rows("SELECT note, roots FROM audit_checkpoint")[0]
    edits: list[tuple[str, Any]] = [("note", flipped(bytes(note_))), ("note", b""), ("roots", b""), ("roots", flipped(bytes(roots)))]
    for column, value in edits:
        auditing.run(f"UPDATE audit_checkpoint SET {column} = :value", {"value": value})  # noqa: S608
        broken(auditing, 99)
        with pytest.raises(LogBroken, match="entry 99"):
            auditing.reopened().checkpoint(BALLOT)
        auditing.run(f"UPDATE audit_checkpoint SET {column} = :value", {"value": {"note": note_, "roots": roots}[column]})  # noqa: S608
    auditing.run("UPDATE audit_checkpoint SET size = 101")
    broken(auditing, 99)
    auditing.run("UPDATE audit_checkpoint SET size = 100")
    auditing.log.checkpoint(BALLOT)
    auditing.run("UPDATE audit_checkpoint SET size = 102 WHERE size = 103")
    assert "the checkpoint of 102 entries is one of 103" in broken(auditing, 101)


def test_sv16_what_was_changed_is_never_signed_and_logging_goes_on(auditing: Auditing) -> None:
    auditing.fill(60)
    auditing.drop_triggers()
    auditing.run(f"UPDATE audit_entry SET kind = 'signed_in' WHERE chain = '{BALLOT}' AND position = 30")  # noqa: S608
    with pytest.raises(LogBroken, match="entry 30"):
        auditing.log.checkpoint(BALLOT)
    for number in range(60, 105):
        auditing.log.add(note(f"number {number}"))
    assert auditing.rows("SELECT count(*) FROM audit_checkpoint") == [(0,)]
    broken(auditing, 30)


def test_sv17_a_whole_log_taken_away_is_found(auditing: Auditing) -> None:
    auditing.log.add(created(OTHER_BALLOT))
    assert set(auditing.log.verify_all()) == {PLATFORM, BALLOT, OTHER_BALLOT}
    auditing.drop_triggers()
    for table, column in (("audit_entry", "chain"), ("audit_chain", "name"), ("data_key", "name")):
        auditing.run(f"DELETE FROM {table} WHERE {column} = '{OTHER_BALLOT}'")  # noqa: S608
    with pytest.raises(LogBroken, match=f"{OTHER_BALLOT}, entry 0: is missing"):
        auditing.reopened().verify_all()


def test_a_witness_note_of_another_log_is_refused(auditing: Auditing) -> None:
    other = Checkpoint(f"{ORIGIN}/{BALLOT}", 1, FIRST).sign(Ed25519PrivateKey.generate())
    for wrong in (b"", other, auditing.log.checkpoint(PLATFORM)):
        with pytest.raises(Invalid, match="no checkpoint of this log"):
            auditing.log.verify(BALLOT, [wrong])


# The clock


def test_sv18_a_clock_set_back_is_logged_once_and_the_order_is_kept(auditing: Auditing) -> None:
    auditing.fill(3)
    auditing.clock.moment -= timedelta(hours=1)
    for number in range(3):
        auditing.log.add(note(f"later {number}"))
    auditing.clock.moment += timedelta(hours=2)
    auditing.log.add(note("last"))
    auditing.log.verify(BALLOT)
    read = list(auditing.log.read("auditor-1", "clock", BALLOT))
    assert [each.entry.kind for each in read[3:]] == ["clock_went_back", *["note_added"] * 4]
    assert 3596_000_000 <= int(str(read[3].entry.members["microseconds"])) <= 3600_000_000
    assert [each.time for each in read] == sorted(each.time for each in read)


# Adding


def test_the_same_entry_twice_is_there_once(auditing: Auditing) -> None:
    entry = reissued()
    assert [auditing.log.add(entry) for _ in range(3)] == [1, 1, 1]
    assert auditing.reopened().add(entry) == 1
    assert auditing.log.verify(BALLOT).entries == 2


def test_another_entry_with_the_same_id_is_refused(auditing: Auditing) -> None:
    entry = note("one")
    auditing.log.add(entry)
    auditing.log.add(created(OTHER_BALLOT))
    before = auditing.copy()
    for other in (note("two"), note("one", OTHER_BALLOT)):
        with pytest.raises(Conflict):
            auditing.log.add(Entry(other.chain, other.kind, START, other.members, entry.id))
    assert auditing.copy() == before


def test_a_log_begins_with_the_creation_of_its_ballot_and_only_once(auditing: Auditing) -> None:
    with pytest.raises(NotFound, match="no log of this ballot"):
        auditing.log.add(note("early", OTHER_BALLOT))
    for chain in (BALLOT, PLATFORM):
        with pytest.raises(Conflict, match="begun before"):
            auditing.log.add(created(chain))
    first = next(iter(auditing.log.read("auditor-1", "looking", BALLOT)))
    assert first.entry.kind == "ballot_created"


def test_what_comes_after_the_delivery_leaves_the_delivered_log_as_it_was(auditing: Auditing) -> None:
    auditing.fill(5)
    auditing.log.add(Entry(BALLOT, "report_delivered", START, {"by": "scrutineer-1", "report_hash": b"r" * 32}))
    delivered, before = auditing.log.checkpoint(BALLOT), auditing.rows("SELECT * FROM audit_entry WHERE position < 6 ORDER BY 1, 2")
    auditing.log.add(note("later"))
    assert auditing.rows("SELECT * FROM audit_entry WHERE position < 6 ORDER BY 1, 2") == before
    assert auditing.log.verify(BALLOT, [delivered]).unsigned == 1
    kinds = [each.entry.kind for each in auditing.log.read("auditor-1", "looking", BALLOT, before=6)]
    assert (kinds[0], kinds[-1]) == ("ballot_created", "report_delivered")


def test_many_at_once_make_one_chain(auditing: Auditing) -> None:
    other = auditing.reopened()
    entries = [note(f"number {number}") for number in range(20)]
    with ThreadPoolExecutor(4) as pool:
        positions = list(pool.map(lambda pair: pair[1].add(pair[0]), [(entry, log) for entry in entries for log in (auditing.log, other)]))
    assert sorted(set(positions)) == list(range(1, 21))
    assert positions[::2] == positions[1::2]
    assert auditing.log.verify(BALLOT) == other.verify(BALLOT) == Verified(21, 0, 21, opened=True)


def test_there_is_a_checkpoint_at_every_hundred_and_whenever_asked(auditing: Auditing) -> None:
    auditing.fill(42)
    asked = auditing.log.checkpoint(BALLOT)
    assert auditing.log.checkpoint(BALLOT) == asked
    auditing.fill(201)
    sizes = [size for (size,) in auditing.rows("SELECT size FROM audit_checkpoint ORDER BY size")]
    assert sizes == [42, 100, 200]
    assert read_checkpoint(asked, f"{ORIGIN}/{BALLOT}", auditing.key.public_key()).size == 42
    assert auditing.reopened().verify(BALLOT, [asked]) == Verified(201, 3, 1, opened=True)
    with pytest.raises(NotFound):
        auditing.log.checkpoint(OTHER_BALLOT)


def test_an_origin_that_can_name_no_log_is_refused(auditing: Auditing) -> None:
    with pytest.raises(FormatError):
        AuditLog(auditing.store, auditing.clock, auditing.key, "two words")


# Corrections


@pytest.mark.proves("COP-104.2")
def test_a_correction_is_a_new_entry_that_names_the_one_it_corrects(auditing: Auditing) -> None:
    wrong = note("opened at 9")
    auditing.log.add(wrong)
    members: dict[str, Given] = {"by": "scrutineer-1", "reason": "mistyped", "corrected": wrong.id, "correction": "opened at 10"}
    auditing.log.add(Entry(BALLOT, "entry_corrected", START, members))
    read = [each.entry for each in auditing.log.read("auditor-1", "looking", BALLOT)]
    assert read[1] == wrong
    assert read[2].members["corrected"] == wrong.id.hex()
    assert not [name for name in dir(auditing.log) if any(word in name for word in ("update", "edit", "delete", "remove", "replace"))]


def test_a_correction_of_what_is_not_there_is_refused(auditing: Auditing) -> None:
    elsewhere = note("elsewhere", PLATFORM)
    auditing.log.add(elsewhere)
    for corrected in (b"\x00" * 16, elsewhere.id):
        members: dict[str, Given] = {"by": "scrutineer-1", "reason": "mistyped", "corrected": corrected, "correction": "x"}
        with pytest.raises(NotFound, match="no such entry"):
            auditing.log.add(Entry(BALLOT, "entry_corrected", START, members))
    assert auditing.log.verify(BALLOT).entries == 1


# Reading


@pytest.mark.proves("COP-105d-ii")
def test_reading_is_itself_an_entry_whether_it_is_done_or_refused(auditing: Auditing) -> None:
    auditing.fill(3)
    read = auditing.log.read("auditor-1", "complaint 7", BALLOT)
    assert auditing.rows("SELECT kind FROM audit_entry WHERE position = 3") == [("log_read",)]  # before anything is read
    assert [each.entry.kind for each in read] == ["ballot_created", "note_added", "note_added"]
    with pytest.raises(NotFound):
        auditing.log.read("auditor-1", "curious", OTHER_BALLOT)
    auditing.log.refuse("officer-2", "edit", BALLOT)
    logged = [each.entry for each in auditing.log.read("auditor-1", "looking", PLATFORM, kinds=["log_access_refused"])]
    assert [each.members for each in logged] == [
        {"by": "auditor-1", "what": "read"}, {"by": "officer-2", "what": "edit", "log": BALLOT}
    ]  # fmt: skip
    mine = next(iter(auditing.log.read("auditor-1", "again", BALLOT, kinds=["log_read"])))
    assert mine.entry.members == {"by": "auditor-1", "reason": "complaint 7", "first": 0, "before": 3}


@pytest.mark.parametrize("reason", ["", "  ", "a\nb", "ask me: someone@example.org"])
def test_reading_without_a_fit_reason_is_refused(auditing: Auditing, reason: str) -> None:
    before = auditing.copy()
    with pytest.raises(Invalid):
        auditing.log.read("auditor-1", reason, BALLOT)
    assert auditing.copy() == before


def test_a_part_can_be_read(auditing: Auditing) -> None:
    auditing.fill(10)
    read = list(auditing.log.read("auditor-1", "looking", BALLOT, first=3, before=5))
    assert [(each.position, each.entry.members["text"]) for each in read] == [(3, ("number 3",)), (4, ("number 4",))]


# Keys


def test_sv25_what_is_logged_stands_in_no_column(auditing: Auditing) -> None:
    auditing.log.add(reissued("voter 4711", "the letter was lost"))
    for rows_ in auditing.copy().values():
        for row in rows_:
            for value in row:
                assert not any(canary in bytes(str(value), "utf-8") + (bytes(value) if isinstance(value, bytes) else b"")
                               for canary in (b"voter 4711", b"letter", b"officer-2"))  # fmt: skip


@pytest.mark.proves("COP-104.1")
def test_the_chain_verifies_when_its_key_is_destroyed_and_says_nothing_any_more(auditing: Auditing) -> None:
    auditing.fill(103)
    auditing.log.add(reissued())
    witnessed = auditing.log.checkpoint(BALLOT)
    auditing.log.destroy(BALLOT, "scrutineer-1", "retention has ended")
    for log in (auditing.log, auditing.reopened()):
        assert log.verify(BALLOT, [witnessed]) == Verified(104, 2, 0, opened=False)
        assert BALLOT in log.verify_all()
        with pytest.raises(NotFound):
            log.read("auditor-1", "looking", BALLOT)
        with pytest.raises(Conflict, match="destroyed"):
            log.add(note("more"))
    logged = [each.entry.members["ballot"] for each in auditing.log.read("auditor-1", "looking", PLATFORM, kinds=["audit_data_destroyed"])]
    assert logged == [BALLOT]
    auditing.drop_triggers()
    auditing.run(f"UPDATE audit_entry SET time = time + 1 WHERE chain = '{BALLOT}' AND position = 20")  # noqa: S608
    broken(auditing, 20)


def test_a_last_checkpoint_is_signed_before_the_key_is_destroyed(auditing: Auditing) -> None:
    auditing.fill(5)
    auditing.log.destroy(BALLOT, "scrutineer-1", "retention has ended")
    assert auditing.reopened().verify(BALLOT) == Verified(5, 1, 0, opened=False)


def test_sv25_the_ring_of_keys_can_be_exchanged(auditing: Auditing) -> None:
    auditing.fill(3)
    old = auditing.store.keys
    assert DataKeys(auditing.store, AuditKey).rotate(old.with_new_key()) == 2
    auditing.store.keys = auditing.store.keys.newest_only()
    assert auditing.log.verify(BALLOT).opened
    auditing.log.add(note("with the new ring"))
    auditing.store.keys = old
    with pytest.raises(KeysMissing):
        auditing.log.verify(BALLOT)


def test_the_log_of_the_platform_cannot_be_destroyed(auditing: Auditing) -> None:
    for chain in (PLATFORM, OTHER_BALLOT):
        with pytest.raises(NotFound):
            auditing.log.destroy(chain, "scrutineer-1", "tidying")


def test_each_entry_has_keys_of_its_own(auditing: Auditing) -> None:
    key, entry = data_key(auditing), reissued()
    keys = {each.secret for entry_id in (entry.id, note("x").id) for each in entry_keys(key, entry_id)}
    assert len(keys | {key.secret}) == 5


def test_the_tables_are_those_that_are_declared(auditing: Auditing) -> None:
    assert differences(auditing.store) == ""
    check_version(auditing.store)
