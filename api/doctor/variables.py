"""Checks of the variables themselves: names, hosts, proxies, numbers, addresses of databases."""

from collections.abc import Iterator
from difflib import get_close_matches
from ipaddress import ip_address, ip_network

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from api import staff_settings
from api.doctor.finding import SERVICES, Check, Finding, Place
from api.sealing import STORES
from api.settings import Settings, SettingsError

__all__ = ["CHECKS", "KNOWN"]

KNOWN = frozenset(
    {f"PSEPHOS_{store.upper()}_{what}" for store in STORES for what in ("DATABASE", "KEYS")}
    | {f"PSEPHOS_{name}" for name in ("ARITHMETIC", "HOSTS", "METRICS", "PROCESSES", "PROXIES", "WAITING")}
    | {f"PSEPHOS_{name}" for name in ("PASSWORD_FILE", "SIGN_IN_CODE", "SIGN_IN_NAME")}
    | set(staff_settings.VARIABLES)
)
"""All variables that are read."""
_HARMLESS = {f"PYTHON{name}" for name in ("UNBUFFERED", "DONTWRITEBYTECODE", "UTF8", "NOUSERSITE", "SAFEPATH", "PATH", "IOENCODING")}
_NARROWEST = {4: 8, 6: 32}


def unknown_names(place: Place) -> Iterator[Finding]:
    """A variable that nobody reads: most likely a typing mistake."""
    for name in sorted(place.environment):
        if name.upper().startswith(("PSEPHOS", "PSEHPOS", "PSEPHO_")) and name not in KNOWN:
            near = get_close_matches(name.upper(), sorted(KNOWN), 1, 0.7)
            fix = f"rename it to {near[0]}, or unset it" if near else "unset it; `psephos serve --help` names the variables"
            yield Finding("unknown-variable", f"{name} is set, and nothing reads it", fix)


def missing(place: Place) -> Iterator[Finding]:
    """What the service does not start without."""
    named = [store for store in SERVICES[place.service] if place.environment.get(f"PSEPHOS_{store.upper()}_DATABASE")]
    if not named:
        wanted = " and ".join(f"PSEPHOS_{store.upper()}_DATABASE" for store in SERVICES[place.service])
        fix = f"set {wanted}, like sqlite:////srv/psephos/voters.db or postgresql+psycopg://USER@HOST/NAME"
        yield Finding("no-database", "the environment names no database that this service needs", fix)


def other_stores(place: Place) -> Iterator[Finding]:
    """A service that knows a database it must not know (SV-26)."""
    for store in sorted(set(STORES) - set(SERVICES[place.service])):
        for name in (f"PSEPHOS_{store.upper()}_DATABASE", f"PSEPHOS_{store.upper()}_KEYS"):
            if name in place.environment:
                fix = f"unset {name} for this service: whoever gets into it must not get there too"
                yield Finding("foreign-store", f"{name} is set for the service {place.service}", fix)


def addresses(place: Place) -> Iterator[Finding]:
    """Addresses that cannot be read, are of another kind, are shared, or hold a password."""
    seen: dict[str, str] = {}
    for store in STORES:
        name = f"PSEPHOS_{store.upper()}_DATABASE"
        text = place.environment.get(name)
        if text is None:
            continue
        form = "sqlite:////FOLDER/FILE.db (four strokes: the path is absolute) or postgresql+psycopg://USER@HOST/NAME"
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            yield Finding("bad-address", f"{name} is no address of a database", f"write {form}")
            continue
        if url.drivername not in ("sqlite", "postgresql+psycopg"):
            yield Finding("bad-address", f"{name} is of the kind {url.drivername}", f"write {form}")
        elif url.drivername == "sqlite" and not (url.database or "").startswith("/"):
            yield Finding("relative-address", f"{name} depends on the folder the service is started in", f"write {form}")
        if url.password is not None:
            fix = "leave it out and name a file: ?passfile=FILE, mode 0600, a line HOST:PORT:NAME:USER:PASSWORD; or use peer authentication"
            yield Finding("password-in-address", f"{name} holds a password", fix)
        same = str(url.set(query={}, username=None, password=None))
        if same in seen:
            yield Finding("shared-database", f"{name} and {seen[same]} name the same database", "give each store a database of its own")
        seen[same] = name
    if "PGPASSWORD" in place.environment:
        yield Finding("password-in-environment", "PGPASSWORD is set", "unset it and name a file in the address: ?passfile=FILE")


def hosts(place: Place) -> Iterator[Finding]:
    """Names the service answers to: names alone, as browsers send them."""
    names = [each.strip() for each in place.environment.get("PSEPHOS_HOSTS", "").split(",") if each.strip()]
    if not names and place.service != "installation":
        yield Finding("no-hosts", "PSEPHOS_HOSTS is not set or empty", "set it to the name in voters' links, like vote.example.org")
    for name in names:
        bare = name.rpartition(":")[0] if name.rpartition(":")[2].isdigit() and name.count(":") == 1 else name
        if "*" in name:
            yield Finding("wildcard-host", f"PSEPHOS_HOSTS has the wildcard {name!a}", "list each name: a wildcard lets anybody's through")
        elif "/" in name:
            yield Finding("host-with-scheme", f"PSEPHOS_HOSTS has the address {name!a}", "leave out https:// and whatever follows the name")
        elif _is_address(bare):
            yield Finding("host-is-address", f"PSEPHOS_HOSTS has the address {name!a}", "write the name that the certificate is for")
        elif bare != bare.lower() or not all(part and all(c.isalnum() or c == "-" for c in part) for part in bare.split(".")):
            yield Finding("bad-host", f"PSEPHOS_HOSTS has {name!a}, which is no host name in small letters", "write it as browsers send it")


def proxies(place: Place) -> Iterator[Finding]:
    """Networks whose word about addresses is believed."""
    for text in (each.strip() for each in place.environment.get("PSEPHOS_PROXIES", "").split(",") if each.strip()):
        try:
            network = ip_network(text)
        except ValueError:
            yield Finding("bad-proxy", f"PSEPHOS_PROXIES has {text[:50]!a}", "write addresses or networks like 10.0.0.2 or 10.0.0.0/24")
            continue
        if network.prefixlen < _NARROWEST[network.version]:
            fix = "name our own proxies alone: any machine listed here can make up the address a vote comes from"
            yield Finding("trusts-everybody", f"PSEPHOS_PROXIES has {text}, which is almost everybody", fix)


def numbers(place: Place) -> Iterator[Finding]:
    """Numbers that cannot be read, or that this machine cannot keep up with."""
    try:
        settings = Settings.read(place.environment)
    except SettingsError as error:
        if "PSEPHOS_PROXIES" not in error.detail:
            yield Finding("bad-setting", error.detail, "write it so, or unset it")
        return
    if settings.processes > place.machine.cores:
        fix = f"set PSEPHOS_PROCESSES={place.machine.cores}"
        yield Finding("too-many-processes", f"PSEPHOS_PROCESSES is {settings.processes}, processors are {place.machine.cores}", fix)
    if settings.waiting < settings.processes:
        fix = f"set PSEPHOS_WAITING to at least {settings.processes}, better 32 for each process"
        yield Finding("too-few-waiting", f"PSEPHOS_WAITING is {settings.waiting}, fewer than the processes that check", fix)


def debugging(place: Place) -> Iterator[Finding]:
    """Variables that make Python show more than it should, or run other code."""
    for name in sorted(place.environment):
        if name in ("LD_PRELOAD", "LD_LIBRARY_PATH") or (name.startswith("PYTHON") and name not in _HARMLESS):
            yield Finding("debugging", f"{name} is set", f"unset {name} for the service: it changes what runs, or shows what is in memory")


def _is_address(text: str) -> bool:
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


CHECKS: tuple[Check, ...] = (unknown_names, missing, other_stores, addresses, hosts, proxies, numbers, debugging)
