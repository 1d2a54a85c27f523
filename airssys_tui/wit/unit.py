"""Package names in WIT text: the package a file belongs to, and the places where it names others.

Reads names only (``design/mvp/WIT.md``, "Package declaration" and "Use"); wasm-tools decides whether the text is
valid.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.core.errors import WitError
from airssys_tui.core.regular_file import read_regular
from airssys_tui.core.units import MIB

MAX_TEXT: Final = 4 * MIB
"""Bytes of one file of WIT text, ``deps.toml`` or ``deps.lock`` at most."""

_NAME: Final = r"%?[a-zA-Z][a-zA-Z0-9-]*"
_VERSION: Final = r"@(?P<version>\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)"
_PACKAGE: Final = re.compile(rf"\bpackage\s+(?P<name>{_NAME}:{_NAME})(?:{_VERSION})?\s*;")
_REFERENCE: Final = re.compile(rf"(?<![\w%:/-])(?P<name>{_NAME}:{_NAME})/(?P<item>{_NAME})(?:{_VERSION})?")
_COMMENT: Final = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


class TextPosition(msgspec.Struct, frozen=True, order=True):
    """A place in a text; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """Return the form that editors understand: ``file:line:column``."""
        return f"{self.file}:{self.line}:{self.column}"


class Reference(msgspec.Struct, frozen=True):
    """A text's reference to another package's interface or world."""

    place: TextPosition
    package: str
    item: str
    version: str | None


class Unit(msgspec.Struct, frozen=True):
    """One file: its package, if declared, and its references."""

    file: Path
    package: str | None
    version: str | None
    place: TextPosition
    references: tuple[Reference, ...]


def read_unit(file: Path) -> Unit:
    """Read one file.

    Raises:
        WitError: If it is not UTF-8 text.
        FileError: If it is not a regular file, is too large or cannot be read.
    """
    return parse_unit(read_wit_text(file), file)


def read_wit_text(file: Path) -> str:
    """Return the text of one file; for the errors see :func:`read_unit`."""
    try:
        return read_regular(file, MAX_TEXT).decode("utf-8")
    except UnicodeDecodeError as error:
        raise WitError(f"{file}: byte {error.start} is not UTF-8", remedy="save the file as UTF-8") from error


def parse_unit(text: str, file: Path) -> Unit:
    """Parse the text of one file; comments are ignored."""
    bare = _COMMENT.sub(_blank, text)
    header = _PACKAGE.search(bare)
    references = tuple(
        Reference(
            place=_place(bare, match.start(), file),
            package=match["name"].replace("%", ""),
            item=match["item"].replace("%", ""),
            version=match["version"],
        )
        for match in _REFERENCE.finditer(bare)
    )
    return Unit(
        file=file,
        package=header["name"].replace("%", "") if header else None,
        version=header["version"] if header else None,
        place=_place(bare, header.start("name") if header else 0, file),
        references=references,
    )


def _blank(comment: re.Match[str]) -> str:
    """Keep a comment's line breaks, so that places stay correct."""
    return re.sub(r"[^\n]", " ", comment[0])


def _place(text: str, offset: int, file: Path) -> TextPosition:
    start = text.rfind("\n", 0, offset) + 1
    return TextPosition(str(file), text.count("\n", 0, offset) + 1, offset - start + 1)
