"""What the services of staff and of rolls are told by their environment, beside what all services are (`api.settings`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.accounts.passkeys import Site
from api.settings import Settings, SettingsError
from api.users.dispatch import OutboxFolder
from api.users.link import Link

__all__ = ["VARIABLES", "LinkSettings", "MessageSettings", "log_key", "secret", "site_of", "witness_key"]

VARIABLES = (
    "PSEPHOS_FOLDER", "PSEPHOS_LINK", "PSEPHOS_LINK_KEY", "PSEPHOS_LOG_KEY", "PSEPHOS_LOG_NAME", "PSEPHOS_OUTBOX", "PSEPHOS_PAGE",
    "PSEPHOS_SENDER", "PSEPHOS_SUPPORT", "PSEPHOS_WITNESS_KEY",
)  # fmt: skip
"""Their names."""


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """The link from the service for rolls to the one with the voters."""

    key: str = field(repr=False)
    address: str | None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "LinkSettings":
        """Raises SettingsError."""
        return cls(secret(environment, "PSEPHOS_LINK_KEY", "link.key"), environment.get("PSEPHOS_LINK"))

    def link(self) -> Link:
        """For the service for rolls. Raises SettingsError, Invalid."""
        if not self.address:
            raise SettingsError("PSEPHOS_LINK is not set: it says where the staff's service is, as https://HOST:PORT")
        return Link(self.address, self.key)


@dataclass(frozen=True, slots=True)
class MessageSettings:
    """What messages to voters say besides the ballot, and where they go."""

    page: str
    support: str
    sender_address: str
    outbox: OutboxFolder

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "MessageSettings":
        """Raises SettingsError."""
        page = _given(environment, "PSEPHOS_PAGE", "the address of the voting page")
        if not page.startswith("https://") and not page.startswith("http://localhost") and not page.startswith("http://127.0.0.1"):
            raise SettingsError("PSEPHOS_PAGE: expected an https:// address")
        return cls(
            page=page,
            support=_given(environment, "PSEPHOS_SUPPORT", "how voters get help"),
            sender_address=_given(environment, "PSEPHOS_SENDER", "the e-mail address that messages are from"),
            outbox=OutboxFolder(Path(_given(environment, "PSEPHOS_OUTBOX", "the folder that messages are put into"))),
        )


def log_key(environment: Mapping[str, str]) -> tuple[Ed25519PrivateKey, str]:
    """The key and the name that checkpoints of the audit log are signed with. Raises SettingsError."""
    key = _signing_key(environment, "PSEPHOS_LOG_KEY", "log.key")
    return key, _given(environment, "PSEPHOS_LOG_NAME", "the name of this platform's logs, such as ballots.example/log")


def witness_key(environment: Mapping[str, str]) -> Ed25519PrivateKey:
    """The key that checkpoints of votes are signed with: another one, which staff's service has alone. Raises SettingsError."""
    return _signing_key(environment, "PSEPHOS_WITNESS_KEY", "witness.key")


def _signing_key(environment: Mapping[str, str], name: str, credential: str) -> Ed25519PrivateKey:
    text = secret(environment, name, credential)
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))
    except ValueError:
        raise SettingsError(f"{name}: expected 64 hexadecimal digits, as `psephos keys log` makes them") from None


def site_of(settings: Settings) -> Site:
    """Where passkeys are used: the first host. Raises SettingsError."""
    if not settings.hosts:
        raise SettingsError("PSEPHOS_HOSTS is not set: it names the hosts the service answers to")
    host = settings.hosts[0]
    name, _, port = host.partition(":")
    here = name == "localhost" and port
    return Site(name, (f"http://{host}" if here else f"https://{host}",))


def secret(environment: Mapping[str, str], name: str, credential: str) -> str:
    """A secret from a credential's file, else from a variable. Raises SettingsError; it is never quoted."""
    folder = environment.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / credential if folder else None
    if path is not None and path.is_file():
        return path.read_text(encoding="ascii", errors="replace").strip()
    if not environment.get(name):
        raise SettingsError(f"{name} is not set, and there is no credential {credential}")
    return environment[name].strip()


def _given(environment: Mapping[str, str], name: str, what: str) -> str:
    if not environment.get(name):
        raise SettingsError(f"{name} is not set: it says {what}")
    return environment[name]
