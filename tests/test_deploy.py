"""What `deploy/` holds: units, containers and the proxy are as closed as they say (T9, SV-24, SV-26)."""

import re
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.app import LARGEST_BODY
from api.doctor.variables import KNOWN
from tests.api.test_pages import ADDRESSES

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
UNITS = ("psephos-voting.service", "psephos@.service")
CLOSED = {
    "NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "PrivateDevices=yes", "MemoryDenyWriteExecute=yes",
    "LimitCORE=0", "UMask=0077", "CapabilityBoundingSet=", "RestrictNamespaces=yes", "IPAddressDeny=any",
    "SystemCallFilter=@system-service", "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX", "StateDirectoryMode=0700", "MemorySwapMax=0",
}  # fmt: skip
AES_256 = {"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"}


def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_closed_and_holds_no_secret(name: str) -> None:
    lines = (DEPLOY / "systemd" / name).read_text(encoding="utf-8").splitlines()
    assert set(lines) >= CLOSED
    assert not [line for line in lines if line.startswith(("Environment=", "SetCredential"))]
    assert any(line.startswith("User=psephos-") for line in lines)


def test_a_service_is_handed_its_own_stores_keys_alone() -> None:
    found = {}
    for path in (DEPLOY / "systemd").rglob("*"):
        if path.is_file():
            name, content = path.relative_to(DEPLOY / "systemd").as_posix(), path.read_text(encoding="utf-8")
            found[name] = set(re.findall(r"^LoadCredential\w*=(\w+)\.keys:", content, re.MULTILINE))
    assert {name: stores for name, stores in found.items() if stores} == {
        "psephos-voting.service": {"voters"},
        "psephos@staff.service.d/stores.conf": {"accounts", "audit", "voters"},
        "psephos@rolls.service.d/stores.conf": {"accounts", "audit", "users"},
    }


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_the_unit_valid_and_closed(name: str, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("psephos")
    unit = tmp_path / name.replace("@", "@staff")
    for path in {tmp_path / name, unit}:
        path.write_text((DEPLOY / "systemd" / name).read_text(encoding="utf-8").replace("/opt/psephos/bin/psephos", str(program)))
    verified = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    if "Failed to" in verified.stderr and "unit" not in verified.stderr.lower():
        pytest.skip(f"systemd-analyze cannot run here: {verified.stderr.strip()[:200]}")
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    secured = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=15", str(unit)], capture_output=True, text=True, check=False
    )
    assert secured.returncode == 0, secured.stdout[-300:]


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux")
def test_all_that_a_service_does_needs_no_memory_that_is_writable_and_executable() -> None:
    """As MemoryDenyWriteExecute=yes has it; PR_SET_MDWE is the kernel's own word for that."""
    program = """
import ctypes, mmap, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0:
    sys.exit(77)
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    sys.exit(78)
except OSError:
    pass
import api.running, api.serving, api.staff, psycopg
from api.voters.ballot_box import check
from engine.encoding import to_json
from engine.group import STANDARD
from tests.engine.elections import YES, a_ballot, a_manifest, hold_ceremony
election = hold_ceremony(3, 2, STANDARD, a_manifest(3)).election
check(to_json(a_ballot(election, YES)[0]), 1, election)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip("this kernel has no PR_SET_MDWE")
    assert done.returncode == 0, done.stderr[-2000:]


def settings_of_proxy() -> str:
    return re.sub(r"#.*", "", (DEPLOY / "nginx" / "psephos.conf").read_text(encoding="utf-8"))


@pytest.mark.proves("COP-064.4")
def test_the_proxy_speaks_tls_with_aes_256_alone() -> None:
    content = settings_of_proxy()
    assert re.findall(r"ssl_protocols (.*);", content) == ["TLSv1.2 TLSv1.3"]
    assert re.findall(r"Ciphersuites (.*);", content) == ["TLS_AES_256_GCM_SHA384"]
    (ciphers,) = re.findall(r"ssl_ciphers (.*);", content)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers)
    offered = {each["name"]: each for each in context.get_ciphers() if each["protocol"] != "TLSv1.3"}
    assert set(offered) == AES_256
    assert all(each["strength_bits"] == 256 for each in offered.values())
    assert "ssl_session_tickets off;" in content
    assert "max-age=63072000" in content


def test_the_proxy_writes_nothing_down_and_bounds_what_it_takes() -> None:
    content = settings_of_proxy()
    assert re.findall(r"access_log (.*);", content) == ["off"]
    assert re.findall(r"error_log (.*);", content) == ["stderr emerg"]
    assert re.findall(r"client_max_body_size (\d+)m;", content) == [str(LARGEST_BODY // 2**20)]
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in content
    assert "$proxy_add_x_forwarded_for" not in content
    for limit in ("client_header_timeout", "client_body_timeout", "send_timeout", "limit_req ", "limit_conn "):
        assert limit in content
    (pages,) = re.findall(r"location ~ (\S+) \{", content)
    assert set(re.findall(r"location ([^~\s]+) \{", content)) == {"/", "/api/v1/", "/api/v1/records"}
    for address in ADDRESSES:
        assert re.search(pages, address), address
    for address in ("/health", "/ready", "/metrics", "/vote/", "/vote/../health", "/assets/../health", "/assets/", "/index.html"):
        assert not re.search(pages, address), address
    assert not [line for line in content.splitlines() if re.search(r"^ {8}proxy_set_header", line)], "or the others would not be set there"


def test_sv26_the_voting_service_is_in_no_network_of_another_database() -> None:
    content = compose()
    services, networks = content["services"], content["networks"]
    assert set(services["voting"]["networks"]) == {"edge", "voters"}
    databases = {name: each for name, each in services.items() if name.startswith("db-")}
    assert set(databases) == {"db-voters", "db-staff", "db-users"}
    for name, each in databases.items():
        assert each["networks"] == [name.removeprefix("db-")]
        assert networks[name.removeprefix("db-")] == {"internal": True}
        assert "ports" not in each
    assert [name for name, each in services.items() if "ports" in each] == ["proxy"]
    assert services["proxy"]["networks"] == ["edge", "office"]
    assert set(services["staff"]["networks"]) == {"office", "voters", "staff"}
    assert set(services["rolls"]["networks"]) == {"office", "users", "staff"}


def test_sv24_no_container_has_a_password_or_a_key_in_its_environment() -> None:
    content = compose()
    for name, service in content["services"].items():
        environment = service.get("environment", {})
        for variable, value in environment.items():
            if name not in ("voting", "staff", "rolls"):
                assert variable in ("POSTGRES_PASSWORD_FILE", "POSTGRES_INITDB_ARGS"), f"{name}: {variable}"
            else:
                assert variable in KNOWN | {"CREDENTIALS_DIRECTORY", "TMPDIR"}
                assert not variable.endswith(("_KEYS", "_KEY"))
            assert "trust" not in value
        assert "no-new-privileges:true" in service["security_opt"]
        assert "privileged" not in service
    assert all(set(each) == {"file"} for each in content["secrets"].values())
    assert set(content["services"]["voting"]["secrets"]) == {"voters.keys", "voters.pgpass"}
    assert not {each for each in content["services"]["staff"]["secrets"] if each.startswith("users")}
    assert not {each for each in content["services"]["rolls"]["secrets"] if each.startswith("voters")}
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/deploy/secrets/" in ignored
