"""The voter's pages, as they were built from `web/`: read once, at the start, and kept in memory with their names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from api.errors import ApiError

__all__ = ["NO_PAGES", "PAGES", "REFERENCE_LENGTH", "PageFile", "Pages", "pages_folder", "read_pages"]

REFERENCE_LENGTH = 16
"""Hexadecimal digits of a ballot's identifier that stand in the address of its pages: its first ones."""
PAGES = ("index.html", "check.html", "record.html", "accessibility.html")
_ASSETS = "assets"
_DEVICE = "psephos, pages "
_TYPES = {
    ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8", ".ico": "image/x-icon", ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8", ".json": "application/json", ".map": "application/json", ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8", ".txt": "text/plain; charset=utf-8", ".wasm": "application/wasm", ".woff": "font/woff",
    ".woff2": "font/woff2",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file, and the type it is served as."""

    content: bytes = field(repr=False)
    content_type: str

    @property
    def digest(self) -> str:
        """SHA-256 of its content, in hexadecimal."""
        return sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Pages:
    """All files by their names below the folder, such as index.html or assets/index-4f2a.js."""

    files: Mapping[str, PageFile]

    @property
    def missing(self) -> tuple[str, ...]:
        """The pages that are not there."""
        return tuple(name for name in PAGES if name not in self.files)

    @property
    def digest(self) -> str:
        """One SHA-256 for all of them, of lines as `sha256sum` prints them in the order of names."""
        return sha256("".join(f"{file.digest}  {name}\n" for name, file in sorted(self.files.items())).encode()).hexdigest()

    @property
    def device_information(self) -> str:
        """What a manifest says of the device that votes are encrypted with (72): these pages, by their digest. So it stands in the record,
        and was fixed before the ballot opened (CL-01)."""
        return f"{_DEVICE}{self.digest}"

    def are_named(self, device_information: str) -> bool:
        """Whether a manifest that says this was made for these pages, or for none in particular."""
        return not device_information.startswith(_DEVICE) or device_information == self.device_information


NO_PAGES = Pages({})


def pages_folder() -> Path:
    """Where the built files are: in a checkout `web/dist`, where this program is installed a folder beside this module (`setup.py`)."""
    package = Path(__file__).resolve().parent
    return package.parent / "web" / "dist" if (package.parent / "pyproject.toml").is_file() else package / "web"


def read_pages(folder: Path) -> Pages:
    """The pages and what they load; none if there is no such folder. Raises ApiError for a file of a type that is not served."""
    pages = [folder / name for name in PAGES]
    assets = sorted((folder / _ASSETS).iterdir()) if (folder / _ASSETS).is_dir() else []
    return Pages({path.relative_to(folder).as_posix(): _read(path) for path in [*pages, *assets] if path.is_file()})


def _read(path: Path) -> PageFile:
    if path.suffix not in _TYPES:
        raise ApiError(f"{path}: expected a file of a page, with one of the endings {' '.join(_TYPES)}")
    return PageFile(path.read_bytes(), _TYPES[path.suffix])
