"""What browsers load is what the sources make, byte for byte, and small."""

import gzip
import re
import subprocess
from pathlib import Path

from tests.web.node import NODE, WEB

LARGEST = 150_000  # bytes of all pages together, compressed
FORBIDDEN = re.compile(r"\b(encrypt|hash|nonce|ciphertext)", re.IGNORECASE)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_cl01_the_pages_that_are_committed_are_what_the_sources_make(tmp_path: Path) -> None:
    command = [NODE, "node_modules/vite/bin/vite.js", "build", "--outDir", str(tmp_path / "dist"), "--logLevel", "error"]
    subprocess.run(command, cwd=WEB, check=True)
    assert files(tmp_path / "dist") == files(WEB / "dist")


def test_all_pages_together_are_small() -> None:
    assert sum(len(gzip.compress(content, 9, mtime=0)) for content in files(WEB / "dist").values()) <= LARGEST


def test_the_pages_name_no_other_site() -> None:
    for name, content in files(WEB / "dist").items():
        found = set(re.findall(rb"https?://[\w.-]+", content)) - {b"http://www.w3.org"}  # names of XML, nobody is asked there
        assert not found, name


def test_every_text_is_used() -> None:
    words = (WEB / "src/words/en.ts").read_text(encoding="utf-8")
    keys = re.findall(r"^  (\w+):", words, flags=re.MULTILINE)
    assert len(keys) > 80
    source = "".join(
        path.read_text(encoding="utf-8") for path in (WEB / "src").rglob("*.ts") if "words" not in path.parts or path.name == "words.ts"
    )
    assert [key for key in keys if f'"{key}"' not in source] == []


def test_a_text_that_is_missing_in_welsh_or_a_wrong_form_does_not_compile(tmp_path: Path) -> None:
    def compiles(welsh: str) -> bool:
        for name in ("en.ts", "words.ts"):
            (tmp_path / name).write_bytes((WEB / "src/words" / name).read_bytes())
        (tmp_path / "cy.ts").write_text(welsh, encoding="utf-8")
        options = [
            "--noEmit",
            "--strict",
            "--target",
            "ES2022",
            "--module",
            "ESNext",
            "--moduleResolution",
            "Bundler",
            "--lib",
            "ES2023,DOM",
        ]
        command = [NODE, str(WEB / "node_modules/typescript/bin/tsc"), *options, "--allowImportingTsExtensions", "--types", "", "words.ts"]
        return subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode == 0

    welsh = (WEB / "src/words/cy.ts").read_text(encoding="utf-8")
    assert compiles(welsh)
    assert not compiles(re.sub(r"^  back: .*\n", "", welsh, count=1, flags=re.MULTILINE))
    assert not compiles(welsh.replace("  back: ", "  bac: ", 1))
    assert not compiles(re.sub(r"aboutSteps: forms\(\n.*\n", "aboutSteps: forms(\n", welsh, count=1))


def test_no_screen_says_what_only_programmers_understand() -> None:
    texts = re.findall(r'"((?:[^"\\]|\\.)*)"', (WEB / "src/words/en.ts").read_text(encoding="utf-8"))
    assert [text for text in texts if FORBIDDEN.search(text)] == []


def test_the_texts_are_for_readers_of_eleven() -> None:
    """The Flesch-Kincaid grade, years at school: 6 is the age of 11."""
    texts = re.findall(r'"((?:[^"\\]|\\.)*)"', (WEB / "src/words/en.ts").read_text(encoding="utf-8"))
    sentences = [re.sub(r"\{\w+\}", "ten", text) for text in texts if len(text.split()) > 4 and not text.startswith("./")]
    words = [word.lower() for text in sentences for word in re.findall(r"[A-Za-z']+", text)]
    ends = sum(max(1, len(re.findall(r"[.?!:](?:\s|$)", text))) for text in sentences)
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", re.sub(r"(es|ed|e)$", "", word) if len(word) > 3 else word))) for word in words)
    assert len(words) > 1000
    assert 0.39 * len(words) / ends + 11.8 * syllables / len(words) - 15.59 <= 6
