"""Copy each WIT package into the `deps/` folders of those that use it, and record what the packages hold.

WIT tools look for a package's dependencies in its own `deps/` folder and nowhere else. `deps.toml` names the packages;
this keeps the copies equal to the originals:

    python wit/vendor.py            copy, and rewrite the checksums of deps.toml
    python wit/vendor.py --check    exit 1, naming each difference, when either is out of date
"""  # noqa: INP001  (a folder of WIT, not a Python package)

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

WIT = Path(__file__).resolve().parent
HEADER = """\
# The WIT packages and what each is made from. `python wit/vendor.py` fills the deps/ folders and writes the checksums.
# sha256 is taken over each package's own .wit files in order of name: name, NUL, content, NUL.
"""


@dataclass(frozen=True, slots=True)
class Package:
    """One WIT package of this folder."""

    name: str
    path: str
    version: str
    dependencies: tuple[str, ...]
    sha256: str

    @property
    def folder(self) -> Path:
        """Where its text is."""
        return WIT / self.path

    def texts(self) -> dict[str, bytes]:
        """Its own files, by name, in order."""
        return {file.name: file.read_bytes() for file in sorted(self.folder.glob("*.wit"))}

    def digest(self) -> str:
        """Hash its own files."""
        return hashlib.sha256(
            b"".join(name.encode() + b"\0" + text + b"\0" for name, text in self.texts().items())
        ).hexdigest()


def read_packages() -> dict[str, Package]:
    """Read deps.toml.

    Returns:
        The packages by name.

    Raises:
        SystemExit: a package depends on one that is not listed, or on itself in the end.
    """
    entries = tomllib.loads((WIT / "deps.toml").read_text(encoding="utf-8"))["packages"]
    packages = {
        name: Package(name, entry["path"], entry["version"], tuple(entry["dependencies"]), entry["sha256"])
        for name, entry in entries.items()
    }
    for package in packages.values():
        needed_by(package.name, packages, ())
    return packages


def needed_by(name: str, packages: dict[str, Package], on_the_way: tuple[str, ...]) -> list[str]:
    """Collect all that a package needs, directly or not, each once and before whoever needs it."""
    if name not in packages:
        sys.exit(f"deps.toml: {on_the_way[-1]} depends on {name}, which is not listed")
    if name in on_the_way:
        sys.exit(f"deps.toml: a cycle: {' -> '.join((*on_the_way, name))}")
    needed: dict[str, None] = {}
    for dependency in packages[name].dependencies:
        needed.update(dict.fromkeys(needed_by(dependency, packages, (*on_the_way, name))))
        needed[dependency] = None
    return list(needed)


def differences(packages: dict[str, Package]) -> list[str]:
    """Say what is out of date, one line each."""
    found = []
    for package in packages.values():
        if package.sha256 != package.digest():
            found.append(f"deps.toml: the checksum of {package.name} is out of date")
        deps = package.folder / "deps"
        wanted = {packages[name].path: packages[name].texts() for name in needed_by(package.name, packages, ())}
        present = {path.name for path in deps.iterdir()} if deps.is_dir() else set()
        found += [f"{package.path}/deps/{extra} is not a dependency" for extra in sorted(present - wanted.keys())]
        for path, texts in wanted.items():
            copies = {file.name: file.read_bytes() for file in (deps / path).glob("*") if file.is_file()}
            if copies != texts:
                found.append(f"{package.path}/deps/{path} differs from {path}")
    return found


def vendor(packages: dict[str, Package]) -> None:
    """Make the copies and write deps.toml anew."""
    lines = [HEADER]
    for package in packages.values():
        deps = package.folder / "deps"
        shutil.rmtree(deps, ignore_errors=True)
        for name in needed_by(package.name, packages, ()):
            target = deps / packages[name].path
            target.mkdir(parents=True)
            for file, text in packages[name].texts().items():
                (target / file).write_bytes(text)
        dependencies = ", ".join(f'"{name}"' for name in package.dependencies)
        lines.append(
            f'[packages."{package.name}"]\npath = "{package.path}"\nversion = "{package.version}"\n'
            f'dependencies = [{dependencies}]\nsha256 = "{package.digest()}"\n'
        )
    (WIT / "deps.toml").write_text("\n".join(lines), encoding="utf-8")


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when something is out of date")
    check = parser.parse_args().check
    packages = read_packages()
    if not check:
        vendor(packages)
        return 0
    found = differences(packages)
    for line in found:
        sys.stderr.write(line + "\n")
    if found:
        sys.stderr.write("Run: python wit/vendor.py\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
