"""The watched folder: which of its entries are components, and one consistent reading of each.

A directory with a ``Component.toml`` is a component; so is a bare ``.wasm`` file at the top. Names that begin with a
dot are ignored.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.core.errors import AdmissionError, ManifestError, ManifestProblem
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import Digest, digest_of, name_from_stem
from airssys_tui.core.manifest.document import Manifest, bare_manifest, manifest_digest, parse_manifest

MANIFEST: Final = "Component.toml"
WASM: Final = ".wasm"
MAX_MANIFEST: Final = 1024 * 1024
MAX_WASM: Final = 64 * 1024 * 1024
TEMPORARY: Final = ("~", ".tmp", ".part", ".swp", ".crdownload")


class Reading(msgspec.Struct, frozen=True):
    """One consistent reading of a component's files.

    Attributes:
        key: Its entry of the folder: the first path segment below it.
        manifest: The parsed manifest.
        manifest_digest: Digest of its meaning.
        wasm: The artifact.
        digest: Its digest.
        bare: Whether it is a bare wasm file, without a Component.toml.
    """

    key: str
    manifest: Manifest
    manifest_digest: str
    wasm: bytes
    digest: Digest
    bare: bool


def is_relevant(name: str) -> bool:
    """Return whether a file of that name can belong to a component."""
    if name.startswith(".") or name.endswith(TEMPORARY):
        return False
    return name == MANIFEST or name.endswith(WASM)


def key_of(folder: Path, path: Path) -> str | None:
    """Return the entry of the folder that a changed path belongs to, or None if it cannot matter."""
    try:
        parts = path.relative_to(folder).parts
    except ValueError:
        return None
    if not parts or parts[0].startswith(".") or len(parts) > 2:
        return None
    if len(parts) == 2 and not is_relevant(parts[1]):
        return None
    if len(parts) == 1 and parts[0].endswith(TEMPORARY):
        return None
    return parts[0]


def entries(folder: Path) -> tuple[str, ...]:
    """Return the entries that are components or may become one, sorted.

    Raises:
        OSError: If the folder cannot be read.
    """
    keys = []
    with os.scandir(folder) as found:
        for entry in found:
            if entry.name.startswith("."):
                continue
            is_component = entry.is_dir() and has_component(folder / entry.name)
            if is_component or (entry.name.endswith(WASM) and entry.is_file()):
                keys.append(entry.name)
    return tuple(sorted(keys))


def has_component(directory: Path) -> bool:
    """Return whether a directory has a manifest, or a wasm file that may get one."""
    try:
        with os.scandir(directory) as found:
            return any(is_relevant(entry.name) for entry in found if entry.is_file())
    except OSError:
        return False


def read(folder: Path, key: str) -> Reading | None:
    """Read one component: each file once.

    Returns:
        The reading, or None if that entry is no component: it is gone, or has a wasm file without a manifest, or is
        another file.

    Raises:
        ManifestError: If the manifest is not valid; with every problem.
        AdmissionError: If the wasm file that the manifest names is missing, unreadable or too large.
        IdentityError: If the name of a bare file is no component name.
    """
    path = folder / key
    if path.is_file():
        if not key.endswith(WASM):
            return None
        manifest = bare_manifest(name_from_stem(path.stem))
        wasm = _read_wasm(path)
        return None if wasm is None else _reading(key, manifest, wasm, bare=True)
    text = _read_manifest(path / MANIFEST)
    if text is None:
        return None
    manifest = parse_manifest(text, f"{key}/{MANIFEST}")
    wasm = _read_wasm(path / manifest.artifact.wasm)
    if wasm is None:
        raise AdmissionError(
            f"{manifest.artifact.wasm} is not in {key}/",
            gate=Gate.SIZE,
            remedy=f"put the file there, or correct [component] wasm in {key}/{MANIFEST}",
        )
    return _reading(key, manifest, wasm, bare=False)


def _reading(key: str, manifest: Manifest, wasm: bytes, *, bare: bool) -> Reading:
    return Reading(key, manifest, manifest_digest(manifest), wasm, digest_of(wasm), bare)


def _read_manifest(path: Path) -> str | None:
    try:
        if path.stat().st_size > MAX_MANIFEST:
            raise _no_manifest(path, f"the manifest is larger than {MAX_MANIFEST} bytes")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise _no_manifest(path, f"the manifest is not UTF-8 text: byte {error.start}") from error
    except OSError as error:
        raise _no_manifest(path, f"the manifest cannot be read: {error.strerror}") from error


def _no_manifest(path: Path, message: str) -> ManifestError:
    return ManifestError((ManifestProblem(f"{path.parent.name}/{path.name}", 1, "", message),))


def _read_wasm(path: Path) -> bytes | None:
    try:
        size = path.stat().st_size
        if size > MAX_WASM:
            raise AdmissionError(
                f"{path.name} has {size} bytes; at most {MAX_WASM} are accepted",
                gate=Gate.SIZE,
                remedy="strip debug information, or build for size",
            )
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AdmissionError(f"{path.name} cannot be read: {error.strerror}", gate=Gate.SIZE) from error
