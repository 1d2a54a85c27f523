"""The watched folder: which of its entries are components, and one consistent reading of each.

A directory with a ``Component.toml`` is a component; so are a bare ``.wasm`` file at the top, and a directory with one
``.wasm`` file and no manifest, which has the name of the directory. Names that begin with a dot are ignored.

Each entry is judged alone: what is wrong with one is told of that one. Three answers are kept apart, because they have
different consequences:

* The files are there and cannot be a component (an error of ``read``): what serves goes on, and the row says why.
* There is no component, or no longer (:class:`Overlooked` or None): what came from the entry is stopped.
* The system cannot say (:class:`~airssys_tui.core.regular_file.FileUnavailable`): nothing changes, and the entry is
  read again later.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.core.errors import AdmissionError, AirssysError, ManifestError, ManifestProblem
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import Digest, digest_of
from airssys_tui.core.limits import MAX_MANIFEST, MAX_WASM
from airssys_tui.core.manifest.document import Manifest, bare_manifest, manifest_digest, parse_manifest
from airssys_tui.core.regular_file import (
    FileAbsent,
    FileError,
    FileTooLarge,
    FileUnavailable,
    fault_of_reading,
    read_regular,
)
from airssys_tui.core.text import escaped
from airssys_tui.engine.admission import Sections
from airssys_tui.runtime.sources.names import (
    MANIFEST,
    TEMPORARY,
    WASM,
    is_manifest_like,
    is_relevant,
    require_name,
    stem_of,
)
from airssys_tui.runtime.sources.overlooked import Overlooked, overlooked_file, overlooked_folder

_LASTING: Final = frozenset({errno.ELOOP, errno.ENAMETOOLONG})
"""Errors of the system that lie in the files: waiting does not help."""


class Reading(msgspec.Struct, frozen=True):
    """One consistent reading of a component's files.

    Attributes:
        key: Its entry of the folder: the first path segment below it.
        manifest: The parsed manifest.
        manifest_digest: Digest of its meaning.
        wasm: The artifact.
        digest: Its digest.
        bare: Whether it has no Component.toml.
        sections: What the walk over the artifact found, if it was made and found nothing to refuse.
    """

    key: str
    manifest: Manifest
    manifest_digest: str
    wasm: bytes
    digest: Digest
    bare: bool
    sections: Sections | None = None


class Early(msgspec.Struct, frozen=True):
    """An entry whose files are so new that more may follow, such as a manifest; read it again after ``seconds``."""

    seconds: float


def entries(folder: Path) -> tuple[str, ...]:
    """Return the entries to read, sorted: each that may be a component, or looks like one to a person.

    No link is followed and no directory is entered, so that no entry can make this fail or wait.

    Raises:
        OSError: If the folder itself cannot be listed.
    """
    keys = []
    with os.scandir(folder) as found:
        for entry in found:
            if entry.name.startswith(".") or entry.name.endswith(TEMPORARY):
                continue
            if is_relevant(entry.name) or _leads_further(entry):
                keys.append(entry.name)
    return tuple(sorted(keys))


def _leads_further(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_symlink() or entry.is_dir(follow_symlinks=False)
    except OSError:
        return True


def read(folder: Path, key: str, *, young: float = 0.0) -> Reading | Overlooked | Early | None:
    """Read one component: each file once.

    Args:
        folder: The folder of components.
        key: The entry.
        young: Age in seconds below which files without a manifest are left for later.

    Returns:
        The reading; or what a person may take for a component and is none; or None if the entry is gone, or is nothing
        like a component.

    Raises:
        ManifestError: If the manifest is not valid; with every problem.
        AdmissionError: If the wasm file is missing, is no regular file or is too large, or several could be meant.
        IdentityError: If a name is no text, or no component name can be derived from it.
        FileUnavailable: If the system cannot read the files now.
    """
    path = f"{folder}{os.sep}{key}"
    try:
        is_folder = stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 - a path of text need not become a Path
    except OSError as error:
        fault = fault_of_reading(error, key)
        if isinstance(fault, FileAbsent):
            return overlooked_file(key, dangling=True) if Path(path).is_symlink() else None
        raise _judged(fault) from error
    if is_folder:
        return _read_folder(path, key, young)
    if is_relevant(key):
        require_name(key)
    return read_bare(path, key) if key.endswith(WASM) else overlooked_file(key)


def read_bare(path: Path | str, key: str) -> Reading | None:
    """Read a wasm file without a manifest; None if it is gone. For the errors see :func:`read`."""
    require_name(key)
    manifest = bare_manifest(stem_of(key))
    wasm = _read_wasm(path, key)
    return None if wasm is None else _reading(key, manifest, wasm, bare=True)


def _read_folder(path: str, key: str, young: float) -> Reading | Overlooked | Early | None:
    try:
        with os.scandir(path) as found:
            listed = tuple(found)
    except OSError as error:
        fault = fault_of_reading(error, f"{key}/")
        if isinstance(fault, FileAbsent):
            return None
        raise _judged(fault) from error
    names = sorted(entry.name for entry in listed if is_relevant(entry.name))
    if names:
        require_name(key)
    if MANIFEST in names:
        return _read_whole(path, key)
    if not names and not any(map(_leads_further, listed)):
        return None
    place = Path(path)
    age = time.time() - max(map(_changed, (place, *(place / name for name in names))))
    if 0.0 <= age < young:
        return Early(young - age)
    wasm = [name for name in names if name.endswith(WASM) and not (place / name).is_dir()]
    if not wasm:
        return overlooked_folder(place, key, names)
    return _read_bare_folder(path, key, names, wasm)


def _changed(path: Path) -> float:
    try:
        found = path.lstat()
    except OSError:
        return 0.0
    return max(found.st_mtime, found.st_ctime)


def _read_whole(path: str, key: str) -> Reading:
    name = f"{key}/{MANIFEST}"
    manifest = parse_manifest(_read_manifest(f"{path}{os.sep}{MANIFEST}", name), name)
    wasm = _read_wasm(f"{path}{os.sep}{manifest.artifact.wasm}", f"{key}/{manifest.artifact.wasm}")
    if wasm is None:
        raise AdmissionError(
            f"{manifest.artifact.wasm} is not in {key}/",
            gate=Gate.SIZE,
            remedy=f"put the file there, or correct [component] wasm in {key}/{MANIFEST}",
        )
    return _reading(key, manifest, wasm, bare=False)


def _read_bare_folder(path: str, key: str, names: list[str], wasm: list[str]) -> Reading | None:
    misspelt = next(filter(is_manifest_like, names), None)
    if misspelt is not None:
        raise AdmissionError(
            f"{key}/{misspelt} is not read as a manifest", gate=Gate.MANIFEST, remedy=f"rename it to {MANIFEST}"
        )
    if len(wasm) > 1:
        some = ", ".join(map(escaped, wasm[:3])) + (", …" if len(wasm) > 3 else "")
        raise AdmissionError(
            f"{key}/ has {len(wasm)} {WASM} files ({some}) and no {MANIFEST} that names one",
            gate=Gate.MANIFEST,
            remedy=f"keep one of them, or write {key}/{MANIFEST}",
        )
    require_name(wasm[0])
    manifest = bare_manifest(stem_of(key), wasm[0])
    content = _read_wasm(f"{path}{os.sep}{wasm[0]}", f"{key}/{wasm[0]}")
    return None if content is None else _reading(key, manifest, content, bare=True)


def _reading(key: str, manifest: Manifest, wasm: bytes, *, bare: bool) -> Reading:
    return Reading(key, manifest, manifest_digest(manifest), wasm, digest_of(wasm), bare)


def _read_manifest(path: str, name: str) -> str:
    try:
        return read_regular(path, MAX_MANIFEST, name).decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"the manifest is not UTF-8 text: byte {error.start}"
        raise ManifestError((ManifestProblem(name, 1, "", message),)) from error
    except FileError as error:
        if isinstance(error, FileUnavailable) and error.number not in _LASTING:
            raise
        message = error.message.replace(escaped(name), "the manifest", 1)
        raise ManifestError((ManifestProblem(name, 1, "", message),)) from error


def _read_wasm(path: Path | str, name: str) -> bytes | None:
    try:
        return read_regular(path, MAX_WASM, name)
    except FileAbsent:
        return None
    except FileError as error:
        raise _judged(error) from error


def _judged(error: FileError) -> AirssysError:
    """Return what an error of reading means for an entry: it is refused, or the system cannot say now."""
    if isinstance(error, FileUnavailable) and error.number not in _LASTING:
        return error
    remedy = "strip debug information, or build for size" if isinstance(error, FileTooLarge) else error.remedy
    return AdmissionError(error.message, gate=Gate.SIZE, remedy=remedy)
