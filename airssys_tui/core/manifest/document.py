"""The manifest of a component: reads ``Component.toml`` into values and reports every problem at once.

An invalid manifest raises :class:`~airssys_tui.core.errors.ManifestError`; each of its problems names file, line and
key. An unknown key is a problem and comes with the nearest known key; a limit out of bounds is a problem, never
clamped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar

import msgspec

from airssys_tui.core.errors import ManifestError, ManifestProblem
from airssys_tui.core.identity import name_from_stem
from airssys_tui.core.limits import Limits
from airssys_tui.core.manifest import sections
from airssys_tui.core.manifest.capabilities import Capabilities
from airssys_tui.core.manifest.http_sections import read_http_service
from airssys_tui.core.manifest.structure import (
    Artifact,
    Build,
    Canary,
    ComponentKind,
    ConfigEntry,
    Dependency,
    Deployment,
    EngineChoice,
    HealthPolicy,
    HttpService,
    Manifest,
    PackageSection,
    Preopen,
    Security,
    StateKeeping,
    Strategy,
    WasiSection,
)
from airssys_tui.core.manifest.table_reader import Report, Table
from airssys_tui.core.manifest.toml_bounds import MAX_DEPTH, TomlError, load_toml
from airssys_tui.core.manifest.wasi_section import read_wasi
from airssys_tui.core.text import one_line

__all__ = [
    "Artifact",
    "Build",
    "Canary",
    "Capabilities",
    "ConfigEntry",
    "Dependency",
    "Deployment",
    "EngineChoice",
    "HealthPolicy",
    "HttpService",
    "Manifest",
    "PackageSection",
    "Preopen",
    "Security",
    "StateKeeping",
    "Strategy",
    "WasiSection",
    "bare_manifest",
    "decode_manifest",
    "encode_manifest",
    "manifest_digest",
    "parse_manifest",
]

FILE_NAME: Final = "Component.toml"
SectionT = TypeVar("SectionT")


def parse_manifest(text: str, path: str) -> Manifest:
    """Read a manifest.

    Args:
        text: The document.
        path: The document's path, used only in problems.

    Raises:
        ManifestError: With every problem found, if there are any.
    """
    text = text.removeprefix("\ufeff")
    report = Report(path, text)
    root = Table(_load(text, path), (), report)
    manifest = _read(root)
    root.close()
    problems = report.problems()
    if problems:
        raise ManifestError(problems)
    return manifest


def _read(root: Table) -> Manifest:
    resources, security = root.table("resources"), root.table("security")
    durability = sections.read_durability(resources)
    overflow = sections.read_overflow(resources)
    limits = sections.read_limits(resources) if resources else _of_nothing(sections.read_limits)
    artifact = sections.read_artifact(root.table("component"))
    return Manifest(
        package=sections.read_package(root.table("package")),
        artifact=artifact,
        build=_section(root, "build", sections.read_build),
        engine=_section(root, "engine", sections.read_engine),
        capabilities=_section(root, "capabilities", sections.read_capabilities),
        durability=durability,
        overflow=overflow,
        limits=limits,
        supervision=_section(root, "supervision", sections.read_supervision),
        health=_section(root, "health", sections.read_health),
        deployment=_section(root, "deployment", sections.read_deployment),
        state=_section(root, "state", sections.read_state),
        config=_section(root, "config", sections.read_config),
        dependencies=_section(root, "dependencies", sections.read_dependencies),
        http=_section(root, "http", read_http_service),
        security=sections.read_security(security, _longest(limits, artifact)) if security else Security(),
        wasi=_section(root, "wasi", read_wasi),
    )


def _longest(limits: Limits, artifact: Artifact) -> float:
    """Return the seconds that a call may take."""
    return (limits.of_command() if artifact.kind is ComponentKind.COMMAND else limits).deadline


def _section(root: Table, key: str, read: Callable[[Table], SectionT]) -> SectionT:
    """Read a section; most manifests lack most of them."""
    table = root.table(key)
    return read(table) if table else _of_nothing(read)


@cache
def _of_nothing(read: Callable[[Table], SectionT]) -> SectionT:
    """Return what an absent or empty section means; such a section is never a problem."""
    return read(Table({}, (), Report("", "")))


def bare_manifest(stem: str, wasm: str = "") -> Manifest:
    """Return the manifest of a wasm file without one: name from its entry, no capabilities, default limits.

    Args:
        stem: The name of its entry in the folder, without ``.wasm``.
        wasm: The file's name; ``<stem>.wasm`` if empty.

    Raises:
        IdentityError: If no component name can be derived from the stem.
    """
    return Manifest(package=PackageSection(name=name_from_stem(stem)), artifact=Artifact(wasm=wasm or f"{stem}.wasm"))


def encode_manifest(manifest: Manifest) -> str:
    """Return a manifest as JSON text, defaults included."""
    return msgspec.json.encode(manifest).decode()


def decode_manifest(text: str) -> Manifest:
    """Read the output of :func:`encode_manifest`.

    Raises:
        msgspec.DecodeError: If the text is anything else.
    """
    return msgspec.json.decode(text, type=Manifest)


def manifest_digest(manifest: Manifest) -> str:
    """Return the digest of a manifest's meaning.

    Comments, layout, the order of keys and of capabilities, units (``"1s"`` or ``"1000ms"``) and explicit defaults do
    not change it. Every value does, descriptions included, because operators see them. Default values are left out, so
    a program that knows more keys computes the same digest for an old manifest.
    """
    meaning = msgspec.json.encode(_without_defaults(manifest), order="deterministic")
    return "sha256:" + hashlib.sha256(meaning).hexdigest()


def _without_defaults(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_without_defaults(item) for item in value]
    if not isinstance(value, msgspec.Struct):
        return value
    defaults = _defaults(type(value))
    return {
        name: _without_defaults(part) for name, part in msgspec.structs.asdict(value).items() if part != defaults[name]
    }


@cache
def _defaults(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the default of each field; asking for the fields resolves every annotation anew."""
    return {field.name: field.default for field in msgspec.structs.fields(kind)}


def _load(text: str, path: str) -> dict[str, Any]:
    try:
        document = load_toml(text)
    except TomlError as error:
        raise _unusable(path, error.line, error.message) from error
    if _depth(document) > MAX_DEPTH:
        # The scan counts no element of an array of tables around another table's header.
        raise _unusable(path, 1, f"tables and arrays are nested more than {MAX_DEPTH} deep")
    return document


def _unusable(path: str, line: int, message: str) -> ManifestError:
    return ManifestError((ManifestProblem(path, line, "", one_line(message, 300)),))


def _depth(document: Any) -> int:
    depth, level = 0, [document]
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
            if isinstance(child, dict | list)
        ]
    return depth
