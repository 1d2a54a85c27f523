"""Look into built packages: the licence is in each of them, the documentation in the sdist.

``python .ci/packages.py FILE…`` exits 1 and names what is missing.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]


def contents(package: Path) -> dict[str, bytes]:
    """Return the files of a wheel or an sdist, by name without the top folder of an sdist."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    with tarfile.open(package) as sdist:
        files = {member.name.partition("/")[2]: sdist.extractfile(member) for member in sdist.getmembers()}
        return {name: file.read() for name, file in files.items() if file is not None}


def missing(package: Path) -> list[str]:
    """Return the names of what a package ought to hold and does not, or holds with another text."""
    files = contents(package)
    wanted = {"LICENSE": (ROOT / "LICENSE").read_bytes()}
    if package.suffix == ".whl":
        (metadata,) = [name for name in files if name.endswith(".dist-info/METADATA")]
        place = metadata.removesuffix("METADATA") + "licenses/"
        return [name for name, text in wanted.items() if files.get(place + name) != text]
    pages = sorted((ROOT / "docs").rglob("*.md"))
    wanted |= {page.relative_to(ROOT).as_posix(): page.read_bytes() for page in pages}
    return [name for name, text in wanted.items() if files.get(name) != text]


def main() -> int:
    """Check every package that is named; return the exit code."""
    packages = [Path(word) for word in sys.argv[1:]]
    if {package.suffix for package in packages} != {".whl", ".gz"}:
        sys.stderr.write("usage: python .ci/packages.py WHEEL SDIST\n")
        return 2
    for package in packages:
        names = missing(package)
        if names:
            sys.stderr.write(f"{package.name}: missing or different: {', '.join(names)}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
