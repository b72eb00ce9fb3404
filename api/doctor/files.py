"""Checks of files: databases that are files, sealing keys, the code itself, and the voter's pages."""

import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from api.databases import KNOWN, open_store
from api.doctor.finding import SERVICES, Check, Finding, Place
from api.errors import ApiError, KeysMissing
from api.migrating import check_version
from api.pages import read_pages
from api.sealing import KeyRing
from api.settings import Settings, SettingsError

__all__ = ["CHECKS"]

NETWORKS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "fuse.sshfs", "afs", "lustre", "gfs2")
"""File systems on which SQLite's locks, or what is durable, cannot be relied on."""
LEAST_FREE = 2**30, 0.05
"""Bytes, and a share of the disk."""


def databases(place: Place) -> Iterator[Finding]:
    """Files that others can read, that belong to somebody else, or that are where they are not safe."""
    for store, path in place.files().items():
        folder = path.parent
        if not path.exists():
            fix = "correct the address, or run `psephos database upgrade` as the service's account to make it"
            yield Finding("no-such-file", f"{store}: there is no file {path}", fix)
            continue
        if _mode(folder) & 0o077:
            yield Finding("open-folder", f"{store}: the folder {folder} has the mode {_mode(folder):04o}", f"chmod 0700 {folder}")
        for each in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
            if each.exists() and _mode(each) & 0o177:
                yield Finding("open-file", f"{store}: the file {each} has the mode {_mode(each):04o}", f"chmod 0600 {each}")
        if path.stat().st_uid != place.machine.uid:
            found = f"{store}: {path} belongs to the account number {path.stat().st_uid}, this runs as {place.machine.uid}"
            yield Finding("wrong-owner", found, f"run this as the service's account, or: chown that account {path}*")
        kind = place.machine.filesystem(path)
        if kind in NETWORKS:
            fix = "move it to a disk of this machine, or use PostgreSQL: over a network SQLite can lose what it acknowledged"
            yield Finding("network-file-system", f"{store}: {path} is on a file system of the type {kind}", fix)
        others = place.machine.users_of(path)
        if len(others) > 1:
            found = f"{store}: {len(others)} processes have the SQLite file {path} open"
            yield Finding("several-instances", found, "use PostgreSQL for more than one instance of a service, or end the others")
        free, share = place.machine.free(folder)
        if free < LEAST_FREE[0] or share < LEAST_FREE[1]:
            found = f"{store}: {free // 2**20} MiB, {share:.0%}, are left on the disk of {folder}"
            yield Finding("disk-nearly-full", found, "free at least 1 GiB and 5 %: when it is full no vote can be taken")


def keys(place: Place) -> Iterator[Finding]:
    """Sealing keys that are missing, unfit, shared, readable by others, or beside what they seal."""
    rings: dict[bytes, str] = {}
    for store in [each for each in SERVICES[place.service] if each in place.addresses() and KNOWN[each][1] is not None]:
        path = place.credentials / f"{store}.keys" if place.credentials else None
        has_file = path is not None and path.is_file()
        try:
            ring = Settings.read(_only_keys(place)).keys.ring(store)
        except PermissionError:
            yield Finding("keys-unreadable", f"{store}: {path} cannot be read", "run this as the service's account")
            continue
        except (KeysMissing, SettingsError, OSError) as error:
            fix = f"hand over the copy you keep as the systemd credential {store}.keys; for a new database first `psephos keys new {store}`"
            yield Finding("no-keys", getattr(error, "detail", f"{store}: {path} cannot be read"), fix)
            continue
        yield from _shared(store, ring, rings)
        if has_file and path is not None:
            yield from _key_file(place, store, path)


def _key_file(place: Place, store: str, path: Path) -> Iterator[Finding]:
    if _mode(path) & 0o077:
        yield Finding("open-keys", f"{store}: the sealing keys {path} have the mode {_mode(path):04o}", f"chmod 0600 {path}")
    if path.parent.resolve() in {each.parent.resolve() for each in place.files().values()}:
        fix = f"move {path.name} to another disk and hand it over as a systemd credential: a copy of this folder would open everything"
        yield Finding("keys-beside-database", f"{store}: the sealing keys are in the folder {path.parent} of a database", fix)


def _shared(store: str, ring: KeyRing, seen: dict[bytes, str]) -> Iterator[Finding]:
    for key in ring.keys:
        if seen.setdefault(key.secret, store) != store:
            fix = f"psephos keys rotate {store}, and find out who copied it: one key must not open two stores"
            yield Finding("shared-keys", f"{store} and {seen[key.secret]} have the same sealing key", fix)
    if len(ring.keys) > 1:
        fix = f"run `psephos keys rotate {store}` again: an exchange of keys was interrupted"
        yield Finding("old-keys", f"{store}: the ring has {len(ring.keys)} keys", fix, warning=True)


def versions(place: Place) -> Iterator[Finding]:
    """Databases that this program cannot use as they are."""
    for store, url in place.addresses().items():
        path = place.files().get(store)
        if store not in SERVICES[place.service] or url.drivername not in ("sqlite", "postgresql+psycopg") or (path and not path.exists()):
            continue
        if url.drivername == "sqlite" and path is None:
            continue
        if path is not None and path.stat().st_uid not in (place.machine.uid, 0) and place.machine.uid != 0:
            continue
        try:
            with closing(open_store(Settings.read(_only_addresses(place)), store, KeyRing.generate(store))) as opened:
                check_version(opened)
        except ApiError as error:
            fix = "psephos database upgrade, before or after a ballot; if it does not answer: correct the address, start the server"
            yield Finding("not-at-this-version", error.detail.partition("; run")[0], fix)
        except OSError as error:
            yield Finding("unusable-file", f"{store}: {error.strerror}", f"make {path} readable and writable for the service's account")


def code(place: Place) -> Iterator[Finding]:
    """Folders that programs are loaded from, and that others may write into."""
    for folder in dict.fromkeys(place.machine.code):
        try:
            mode, owner = _mode(folder), folder.stat().st_uid
        except OSError:
            continue
        if mode & 0o002 or (mode & 0o020 and folder.stat().st_gid != owner):
            fix = f"chmod go-w {folder}; if PYTHONPATH names it, unset that"
            yield Finding("writable-code", f"programs are loaded from {folder}, which others may write into (mode {mode:04o})", fix)


def pages(place: Place) -> Iterator[Finding]:
    """Pages of the voting service that are missing, or cannot be served."""
    if place.service != "voting":
        return
    fix = "build the pages into web/dist, install again, and start the service again"
    try:
        missing = read_pages(place.machine.pages).missing
    except (ApiError, OSError) as error:
        yield Finding("bad-pages", f"the pages for voters cannot be read: {getattr(error, 'detail', type(error).__name__)}", fix)
        return
    if missing:
        yield Finding("no-pages", f"pages for voters are missing in {place.machine.pages}: {', '.join(missing)}", fix)


def _only_keys(place: Place) -> dict[str, str]:
    names = [name for name in place.environment if name.endswith("_KEYS") or name == "CREDENTIALS_DIRECTORY"]
    return {name: place.environment[name] for name in names}


def _only_addresses(place: Place) -> dict[str, str]:
    return {name: text for name, text in place.environment.items() if name.endswith("_DATABASE")}


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


CHECKS: tuple[Check, ...] = (databases, keys, versions, code, pages)
