"""What about the distribution is not said in pyproject.toml: the one part that is compiled, and the voter's pages, built from `web/`.

The former is optional: where there is no compiler, or none of Python's header files, the installation goes on without it and gmpy2 does the
work. The pages are taken as they are in `web/dist`, into the package `api`; without them the voting service starts and has no pages.
"""

import shutil
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

PAGES = Path("web/dist")


class BuildWithPages(build_py):
    """Copies the pages, unless what is installed is this folder itself (then `api.pages` reads them where they are)."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "api", "web")
            shutil.rmtree(target, ignore_errors=True)  # an earlier build's
            if PAGES.is_dir():
                shutil.copytree(PAGES, target)

    def get_source_files(self) -> list[str]:
        """A source distribution has them, too."""
        return [*super().get_source_files(), *(str(path) for path in sorted(PAGES.rglob("*")) if path.is_file())]


setup(
    ext_modules=[Extension("montgomery", ["native/montgomery.c"], py_limited_api=True, optional=True)],
    cmdclass={"build_py": BuildWithPages},
)
