"""A folder of WIT packages that use one another: ``deps.toml`` lists them, ``deps.lock`` records their contents.

WIT tools look for a package's dependencies only in its own ``deps/`` folder. Vendoring keeps the copies there equal to
the originals. The text of a package names its dependencies; ``deps.toml`` gives the path and version of each package.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from airssys_tui.core.errors import WitError
from airssys_tui.core.manifest.toml_bounds import MAX_BYTES, TomlError, load_toml
from airssys_tui.core.manifest.toml_lines import TomlLines
from airssys_tui.core.regular_file import FileAbsent, FileError, read_regular, read_regular_text
from airssys_tui.wit.unit import MAX_TEXT, Reference, Unit, read_unit

LISTING: Final = "deps.toml"
LOCK: Final = "deps.lock"
_LOCK_HEADER: Final = """\
# Written by `airssys-tui wit vendor`. What each package held, with all that it uses:
# sha256 over its own and its dependencies' .wit files in order of package and name: name, NUL, content, NUL.
"""


class Package(msgspec.Struct, frozen=True):
    """One package of a workspace.

    Attributes:
        name: ``namespace:name``.
        path: Its folder, relative to the workspace.
        version: The version in ``deps.toml``.
        folder: The folder of its text.
        units: Its files, ordered by name.
    """

    name: str
    path: str
    version: str
    folder: Path
    units: tuple[Unit, ...]

    def references(self) -> Iterator[Reference]:
        """Yield every reference to another package."""
        for unit in self.units:
            yield from (reference for reference in unit.references if reference.package != self.name)

    def texts(self) -> dict[str, bytes]:
        """Return its own files by name, in order."""
        return {unit.file.name: read_regular(unit.file, MAX_TEXT) for unit in self.units}


class Workspace:
    """The packages of one folder.

    Args:
        root: The folder with ``deps.toml``.

    Raises:
        WitError: If ``deps.toml`` is missing or malformed, a package is missing or differs from its entry in name or
            version, or the packages form a cycle; with file and line.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.packages = _read_listing(root)
        for package in self.packages.values():
            self._check_references(package)
        for name in self.packages:
            self.needs(name)

    def needs(self, name: str, above: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return all direct and indirect dependencies of a package, each once and before its dependents.

        Raises:
            WitError: If the packages form a cycle.
        """
        package = self.packages[name]
        found: dict[str, None] = {}
        for reference in package.references():
            if reference.package in (*above, name):
                circle = " -> ".join((*above, name, reference.package))
                raise WitError(
                    f"{reference.place}: the packages form a cycle: {circle}",
                    remedy="move what both need into a separate package",
                    place=str(reference.place),
                )
            if reference.package not in found:
                found.update(dict.fromkeys(self.needs(reference.package, (*above, name))))
                found[reference.package] = None
        return tuple(found)

    def problems(self) -> tuple[str, ...]:
        """Describe each outdated item in one line; empty if ``vendor`` would make no changes."""
        found: list[str] = []
        for package in self.packages.values():
            wanted = {self.packages[name].path: self.packages[name].texts() for name in self.needs(package.name)}
            deps = package.folder / "deps"
            present = {entry.name for entry in deps.iterdir()} if deps.is_dir() else set()
            found += [f"{package.path}/deps/{extra} is not used" for extra in sorted(present - wanted.keys())]
            for path, texts in wanted.items():
                copies = {file.name: _content(file) for file in (deps / path).glob("*") if not file.is_dir()}
                if copies != texts:
                    found.append(f"{package.path}/deps/{path} differs from {path}")
        lock = self.root / LOCK
        if _content(lock) != self.lock().encode():
            found.append(f"{LOCK} is out of date")
        return tuple(found)

    def vendor(self) -> None:
        """Copy every package into the ``deps/`` folders of its dependents, and write the lock."""
        for package in self.packages.values():
            deps = package.folder / "deps"
            shutil.rmtree(deps, ignore_errors=True)
            for name in self.needs(package.name):
                target = deps / self.packages[name].path
                target.mkdir(parents=True)
                for file, text in self.packages[name].texts().items():
                    (target / file).write_bytes(text)
        # Written aside: whatever has the lock's name now is replaced, not opened.
        aside = self.root / f".{LOCK}.new"
        aside.unlink(missing_ok=True)
        aside.write_text(self.lock(), encoding="utf-8")
        aside.replace(self.root / LOCK)

    def lock(self) -> str:
        """Return the text of the lock."""
        parts = [_LOCK_HEADER]
        for package in self.packages.values():
            uses = ", ".join(f'"{name}@{self.packages[name].version}"' for name in self.needs(package.name))
            parts.append(
                f'[packages."{package.name}"]\nversion = "{package.version}"\nuses = [{uses}]\n'
                f'sha256 = "{self._digest(package)}"\n'
            )
        return "\n".join(parts)

    def _digest(self, package: Package) -> str:
        hashed = hashlib.sha256()
        for name in (*sorted(self.needs(package.name)), package.name):
            for file, text in self.packages[name].texts().items():
                hashed.update(file.encode() + b"\0" + text + b"\0")
        return hashed.hexdigest()

    def _check_references(self, package: Package) -> None:
        for reference in package.references():
            known = self.packages.get(reference.package)
            place = str(reference.place)
            if known is None:
                raise WitError(
                    f"{place}: {package.name} uses {reference.package}, which {LISTING} does not list",
                    remedy=f'add [packages."{reference.package}"] with its path and version to {self.root / LISTING}',
                    place=place,
                )
            if reference.version != known.version:
                wanted = f"@{reference.version}" if reference.version else " without a version"
                raise WitError(
                    f"{place}: {package.name} uses {reference.package}{wanted}; the listed version is @{known.version}",
                    remedy="name the listed version, or list the other one",
                    place=place,
                )


def _content(file: Path) -> bytes | None:
    """Return what a copy holds; None if it is not there, or is nothing that `vendor` would have written."""
    try:
        return read_regular(file, MAX_TEXT)
    except FileError:
        return None


def _read_listing(root: Path) -> dict[str, Package]:
    listing = root / LISTING
    try:
        text = read_regular_text(listing, MAX_BYTES)
        entries = load_toml(text).get("packages", {})
    except FileAbsent as error:
        raise WitError(
            f"no {LISTING} in {root}", remedy="create it and list the packages, each with path and version"
        ) from error
    except (TomlError, UnicodeDecodeError) as error:
        raise WitError(f"{listing}: {error}") from error
    if not isinstance(entries, dict) or not entries:
        raise WitError(f'{listing}: it lists no [packages."namespace:name"]')
    lines = TomlLines(text)
    return {name: _package(root, name, entry, lines.line(("packages", name))) for name, entry in entries.items()}


def _package(root: Path, name: str, entry: Any, line: int) -> Package:
    where = f"{root / LISTING}:{line}:1"
    if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in ("path", "version")):
        raise WitError(f"{where}: {name} needs a path and a version, both text", place=where)
    folder = root / entry["path"]
    units = tuple(read_unit(file) for file in sorted(folder.glob("*.wit")))
    if not units:
        raise WitError(f"{where}: {folder} has no .wit file of {name}", place=where)
    for unit in units:
        said = (unit.package, unit.version)
        if unit.package is not None and said != (name, entry["version"]):
            version = f"@{unit.version}" if unit.version else " without a version"
            raise WitError(
                f"{unit.place}: this is {unit.package}{version}; {LISTING} lists {name}@{entry['version']} here",
                remedy="make the file and the entry agree",
                place=str(unit.place),
            )
    return Package(name, entry["path"], entry["version"], folder, units)
