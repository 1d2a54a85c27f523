"""Validation of WIT text: this module checks the packages of a folder together, wasm-tools checks the rest."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from airssys_tui.core.errors import WitError
from airssys_tui.core.regular_file import FileError
from airssys_tui.wit import tool
from airssys_tui.wit.unit import Unit, read_unit
from airssys_tui.wit.workspace import LISTING, Workspace


class Validation(msgspec.Struct, frozen=True):
    """The result for one folder or file.

    Attributes:
        path: The folder or file checked.
        problem: The error, with its place; empty if valid.
        remedy: What to do next; may be empty.
        place: ``file:line:column``, if known.
    """

    path: str
    problem: str = ""
    remedy: str = ""
    place: str = ""


def check(path: Path, features: Sequence[str] = ()) -> tuple[Validation, ...]:
    """Check a workspace (a folder with ``deps.toml``), a package's folder, or a single file.

    Args:
        path: The folder or file.
        features: Features whose ``@unstable`` items are read, too; see :func:`airssys_tui.wit.tool.resolve`.

    Returns:
        One verdict per package.

    Raises:
        MissingTool: If wasm-tools is not installed.
    """
    if not os.path.lexists(path / LISTING):
        return (_verdict(path, features),)
    try:
        workspace = Workspace(path)
    except WitError as error:
        return (Validation(str(path), error.message, error.remedy, error.place),)
    except FileError as error:
        return (Validation(str(path), error.message, error.remedy),)
    stale = tuple(
        Validation(str(path), line, "update the copies: airssys-tui wit vendor") for line in workspace.problems()
    )
    return stale or tuple(_verdict(package.folder, features) for package in workspace.packages.values())


def _verdict(path: Path, features: Sequence[str]) -> Validation:
    try:
        _check_package(path, features)
    except WitError as error:
        return Validation(str(path), error.message, error.remedy, error.place)
    except FileError as error:
        return Validation(str(path), error.message, error.remedy)
    return Validation(str(path))


def _check_package(path: Path, features: Sequence[str]) -> None:
    if not os.path.lexists(path):
        raise WitError(f"{path} does not exist", remedy="name a folder of .wit files, or one file")
    files = sorted(path.glob("*.wit")) if path.is_dir() else [path]
    if not files:
        raise WitError(f"{path} has no .wit file", remedy="name the folder of a package")
    units = [read_unit(file) for file in files]
    _check_headers(units)
    try:
        tool.resolve(path, features)
    except WitError as error:
        raise _version_mismatch(path, units) or error from error


def _check_headers(units: list[Unit]) -> None:
    """Reject a folder with files of several packages; wasm-tools names only one of them."""
    said = [unit for unit in units if unit.package is not None]
    for unit in said[1:]:
        first = said[0]
        if (unit.package, unit.version) != (first.package, first.version):
            raise WitError(
                f"{unit.place}: this is {_full(unit)}; {first.file.name} next to it is {_full(first)}",
                remedy="put each package in its own folder",
                place=str(unit.place),
            )


def _full(unit: Unit) -> str:
    return f"{unit.package}@{unit.version}" if unit.version else str(unit.package)


def _version_mismatch(path: Path, units: list[Unit]) -> WitError | None:
    """Report a dependency that exists in another version; wasm-tools only says that the requested one is missing."""
    there: dict[str, set[str | None]] = {}
    for file in path.glob("deps/**/*.wit") if path.is_dir() else ():
        unit = read_unit(file)
        if unit.package is not None:
            there.setdefault(unit.package, set()).add(unit.version)
    for unit in units:
        for reference in unit.references:
            have = there.get(reference.package)
            if have and reference.version not in have:
                wanted = f"@{reference.version}" if reference.version else " without a version"
                found = ", ".join(sorted(f"@{version}" if version else "one without a version" for version in have))
                return WitError(
                    f"{reference.place}: {reference.package}{wanted} is requested; deps/ has {found}",
                    remedy="name the version in deps/, or vendor the other one",
                    place=str(reference.place),
                )
    return None
