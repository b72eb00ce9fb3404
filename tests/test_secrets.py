"""No key, password or token is in the repository or in what is installed from it, and no server code fetches anything (SV-23, SV-24)."""

import ast
import math
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MARKS = {
    "a private key": rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----",
    "an age key": rb"AGE-SECRET-KEY-1[0-9A-Z]{10}",
    "an SSH key": rb"openssh-key-v1\x00",
    "a token of a known service": rb"\b(AKIA[0-9A-Z]{16}|gh[pousr]_\w{30,}|xox[abp]-[\w-]{20,}|glpat-[\w-]{20}|sk_live_\w{20,})",
    "a password in an address": rb"[a-z0-9+]+://[^\s/:@'\"{}$<>]+:(?!PASSWORD@)[^\s/@'\"{}$<>]{3,}@",
    "a password in a setting": rb"(?i)\b[\w-]*(password|passwd|passphrase|secret_key|api_key)[\"']?\s*[:=]\s*[\"'][^\s\"'{}$<>]{12,}[\"']",
    "a ring of sealing keys": rb"\"keys\"\s*:\s*\[\s*\{\s*\"id\"\s*:\s*\"[0-9a-f]{8}\"\s*,\s*\"key\"",
}
NAMES = re.compile(r"(^|/)(\.env.*|id_(rsa|ed25519|ecdsa)|.*\.(pem|key|keys|p12|pfx|jks|kdbx|db|sqlite3?|cred))$")
DENSE = re.compile(rb"[0-9A-Fa-f]{48,}|[A-Za-z0-9+/_-]{40,}={0,2}")
KNOWN = {
    "tests/vectors/": "known answers of the specification: keys of guardians who never were",
    "requirements/": "hashes of packages",
    "benchmarks/peer/requirements.txt": "hashes of packages",
    "web/package-lock.json": "hashes of packages",
    "web/dist/": "built pages: p, q and g, hashes of what they load",
}
"""Where long random-looking texts belong; marks above are looked for there too."""
MADE_UP = {"tests/cli/test_online.py": ["a password in an address"]}
"""Files with such marks that are no secret: addresses that are to be refused."""
PUBLIC = {
    "tests/engine/test_log.py": "known hashes",
    "tests/engine/test_merkle.py": "known hashes",
    "tests/verifier/test_ed25519.py": "known answers of RFC 8032",
    "tests/verifier/test_egrf.py": "hashes of a published record",
    "tests/verifier/test_log.py": "known hashes",
    "verifier/arithmetic.py": "the standard p, q and g",
    "web/src/group.ts": "the standard p, q and g",
}
"""Other files that hold such texts, and what these are. A new one needs a look and a line here."""


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("this is no git repository")
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def entropy(text: bytes) -> float:
    """Bits a character."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def dense(content: bytes) -> list[bytes]:
    """Texts that look like key material: long, of hexadecimal or base64 digits, and without the order that words have."""
    found = []
    for each in DENSE.findall(content):
        is_hex = re.fullmatch(rb"[0-9A-Fa-f]+", each) is not None
        mixed = all(re.search(kind, each) for kind in (rb"[a-z]", rb"[A-Z]", rb"[0-9]"))
        if entropy(each) > (3.3 if is_hex else 4.3) and (is_hex or mixed):
            found.append(each)
    return found


def marked(content: bytes) -> list[str]:
    return [what for what, mark in MARKS.items() if re.search(mark, content)]


def test_the_scan_finds_what_it_looks_for() -> None:
    planted = [
        b"-----BEGIN " + b"PRIVATE KEY-----", b"-----BEGIN OPENSSH " + b"PRIVATE KEY-----", b"AKIA" + b"ABCDEFGHIJKLMNOP",
        b"postgresql://user:" + b"hunter22@db/name", b'POSTGRES_PASSWORD = "' + b'correct-horse-battery"', b"ghp_" + b"0123456789" * 4,
        b'{"store": "voters", "keys": [{"id": "0a1b2c3d", "' + b'key": "00"}]}',
    ]  # fmt: skip
    assert all(marked(each) for each in planted)
    import secrets

    assert dense(secrets.token_hex(32).encode())
    assert any(dense(secrets.token_urlsafe(48).encode()) for _ in range(3))
    assert dense(b"ab" * 32) == dense(b"test_a_name_that_is_long_but_made_of_words_alone_for_sure") == []
    assert marked(b"postgresql+psycopg://USER:PASSWORD@HOST/NAME and https://[::1]:8443/@x") in ([], ["a password in an address"])


def test_sv24_no_tracked_file_holds_a_secret() -> None:
    found = []
    for name in tracked():
        if name != "tests/test_secrets.py":
            found += [f"{name}: {what}" for what in marked((ROOT / name).read_bytes()) if what not in MADE_UP.get(name, [])]
    assert found == []


def test_sv24_no_tracked_file_is_of_a_kind_that_holds_secrets() -> None:
    assert [name for name in tracked() if NAMES.search(name)] == []


def test_sv24_key_material_is_only_where_it_is_known() -> None:
    others = [name for name in tracked() if not name.startswith(tuple(KNOWN))]
    assert {name for name in others if dense((ROOT / name).read_bytes())} == set(PUBLIC)


def test_sv24_what_is_built_to_be_installed_holds_no_secret(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    source = tmp_path / "source"
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    (source / "api" / "voters.keys").write_text("left here by mistake")
    (source / ".env").write_text("left here by mistake")
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(source)], check=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert len(names) > 100
        for name in names:
            assert name.endswith((".py", ".so", ".typ")) or ".dist-info/" in name or name.startswith("api/web/"), name
            content = archive.read(name)
            assert marked(content) == [], name
            if name.endswith(".py"):
                assert name in PUBLIC or dense(content) == [], name


# What a server might be made to fetch

CLIENTS = {
    "aiohttp", "ftplib", "grpc", "http", "httpx", "httpx2", "imaplib", "nntplib", "paramiko", "poplib", "pycurl", "requests", "smtplib",
    "socket", "ssl", "telnetlib", "urllib", "urllib3", "websocket", "websockets", "xmlrpc",
}  # fmt: skip
ALLOWED = {
    ("api/running.py", "http.server"): "serves numbers to this machine",
    ("api/running.py", "socket"): "names of address families",
    ("api/users/link.py", "http.client"): "to staff's service, at the address that the environment names",
    ("api/users/link.py", "ssl"): "the same",
    ("api/users/link.py", "urllib.parse"): "reads that address",
    ("api/problems.py", "http"): "names of statuses",
    ("api/observing.py", "http"): "names of statuses",
    ("api/users/roll_messages.py", "http"): "names of statuses",
}
STARTED = {("api/users/sheets.py", "Popen"): "our own reader of spreadsheets, with bounds (api/users/unpacking.py)"}
STARTS = {"open_connection", "create_connection", "urlopen", "create_subprocess_exec", "create_subprocess_shell", "Popen", "system"}


def clients(source: str, name: str) -> Iterator[str]:
    """Imports of whatever could reach another machine, and calls that do; `name` is the file's."""
    for node in ast.walk(ast.parse(source)):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            modules = [node.module or ""]
        for module in modules:
            if module.partition(".")[0] in CLIENTS and (name, module) not in ALLOWED:
                yield f"{name}:{node.lineno} imports {module}"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in STARTS | {"__import__", "import_module"} and (name, called) not in STARTED:
                yield f"{name}:{node.lineno} calls {called}"


def test_sv23_no_server_code_fetches_anything() -> None:
    """Databases are reached through `api.store` alone, at the address that the environment names."""
    found = []
    for path in sorted((ROOT / "api").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        found += clients(path.read_text(encoding="utf-8"), name)
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import requests", "def f():\n    import urllib.request", "from httpx import get", "import smtplib as s", "import http.client",
        "asyncio.open_connection('a', 1)", "__import__('socket')", "from socket import create_connection", "subprocess.Popen(['curl'])",
    ],
)  # fmt: skip
def test_sv23_the_check_finds_every_way_out(source: str) -> None:
    assert list(clients(source, "api/voters/routes.py"))
