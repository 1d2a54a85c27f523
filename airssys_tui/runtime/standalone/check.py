"""``check PATH``: take a file or a component directory through the gates that need no runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.core.description import describe, kind_of
from airssys_tui.core.errors import AdmissionError, AirssysError, GateRefusal, ManifestError
from airssys_tui.core.gates import Gate
from airssys_tui.core.manifest.document import Manifest
from airssys_tui.core.manifest.inert import inert_lines
from airssys_tui.core.manifest.tier_choice import TierChoice
from airssys_tui.core.revision import Tier
from airssys_tui.core.text import GuestText, Verbatim, escaped, one_line
from airssys_tui.engine.admission import admit
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.linker import Linker
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.engine.tiers import Tiers
from airssys_tui.host.catalogue import INTERFACES
from airssys_tui.runtime.actors.component_tenant import ComponentTenant
from airssys_tui.runtime.deploying.gate_checks import Passage, check_routes, check_types, with_version
from airssys_tui.runtime.machinery.guest_threads import Workers
from airssys_tui.runtime.machinery.journal import Journal
from airssys_tui.runtime.sources import folder
from airssys_tui.runtime.sources.names import MANIFEST, TEXT
from airssys_tui.runtime.sources.overlooked import Overlooked, overlooked_file
from airssys_tui.runtime.standalone.compiling import compile_cached, with_enough_stack
from airssys_tui.runtime.standalone.import_notes import import_notes

_USUAL: Final = TierChoice()


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a check.

    Attributes:
        path: The path.
        admissible: Whether it would pass every gate up to ``instantiate``.
        gate: The gate that refused.
        reason: Why it refused.
        offset: Byte offset of the problem, if there is one.
        remedy: What to do.
        problems: Every problem of the manifest.
        exports: ``path: signature`` lines.
        imports: Names of its imports.
        capabilities: The declared capabilities, one a line.
        inert: Keys that the manifest sets and that have no effect yet, and why.
        notes: What it imports and may not use, and what it exports and nothing calls.
        tier: Which compiler made the code that was checked.
    """

    path: str
    admissible: bool
    gate: Gate | None = None
    reason: GuestText = GuestText("")
    offset: int | None = None
    remedy: GuestText = GuestText("")
    id: str | None = None
    digest: str | None = None
    size: int | None = None
    version: str | None = None
    kind: str | None = None
    imports: tuple[Verbatim, ...] = ()
    exports: tuple[Verbatim, ...] = ()
    capabilities: tuple[Verbatim, ...] = ()
    problems: tuple[GuestText, ...] = ()
    inert: tuple[GuestText, ...] = ()
    notes: tuple[GuestText, ...] = ()
    tier: Tier | None = None


def inspect_path(path: Path, choice: TierChoice = _USUAL) -> CheckReport:
    """Check a wasm file, or a directory with a Component.toml. Problems are in the report, not raised.

    Args:
        path: The path.
        choice: Which tier of code it gets.
    """
    shown = escaped(str(path))
    inert: tuple[GuestText, ...] = ()
    try:
        reading = read_component(path)
        inert = inert_lines(reading.manifest)
        tiers = Tiers(EngineSettings(), INTERFACES)
        try:
            report = _inspect(shown, reading, tiers, choice)
        finally:
            tiers.close()
    except ManifestError as error:
        lines = tuple(one_line(str(problem), 400) for problem in error.problems)
        report = _refused(shown, Gate.MANIFEST, error, problems=lines)
    except AdmissionError as error:
        report = _refused(shown, error.gate, error, offset=error.offset)
    except GateRefusal as error:
        report = _refused(shown, error.gate, error)
    except AirssysError as error:
        report = _refused(shown, Gate.MANIFEST, error)
    return msgspec.structs.replace(report, inert=inert)


def read_component(path: Path) -> folder.Reading:
    """Read the component at a path: a directory, its Component.toml, or a wasm file (with the manifest next to it).

    Raises:
        AirssysError: If there is nothing usable.
    """
    if path.name == MANIFEST:
        path = path.parent
    if path.name.endswith(TEXT) and not path.is_dir() and (text := overlooked_file(str(path))) is not None:
        raise AdmissionError(text.reason, gate=Gate.FILE, remedy=text.remedy)
    reading = _read_folder(path) if path.is_dir() else _read_beside(path) or folder.read_bare(path, path.name)
    if reading is None:
        raise AdmissionError(
            f"there is nothing at {escaped(str(path))}",
            gate=Gate.FILE,
            remedy="name a wasm file or its directory",
        )
    return reading


def _read_folder(path: Path) -> folder.Reading:
    real = path.resolve()
    reading = folder.read(real.parent, real.name)
    if isinstance(reading, folder.Reading):
        return reading
    shown = escaped(str(path))
    if isinstance(reading, Overlooked):
        raise AdmissionError(reading.reason, gate=Gate.FILE, remedy=reading.remedy)
    raise AdmissionError(
        f"{shown} has no {MANIFEST} and no wasm file", gate=Gate.MANIFEST, remedy="name the folder of a component"
    )


def _read_beside(path: Path) -> folder.Reading | None:
    """Read the component that a wasm file belongs to; None if no manifest next to it names the file."""
    if not path.is_file() or not path.with_name(MANIFEST).is_file():
        return None
    real = path.resolve().parent
    reading = folder.read(real.parent, real.name)
    names = isinstance(reading, folder.Reading) and reading.manifest.artifact.wasm == path.name
    return reading if isinstance(reading, folder.Reading) and names else None


def _inspect(path: str, reading: folder.Reading, tiers: Tiers, choice: TierChoice) -> CheckReport:
    manifest = with_version(reading.manifest, admit(reading.wasm).version)

    def work(tier: Tier) -> CheckReport:
        code = compile_cached(tiers, reading, tier)
        linker = tiers.linker(code.tier)
        passage = Passage()
        with passage.at(Gate.TYPES):
            check_types(linker, code.interface)
            check_routes(manifest, code.interface)
        with passage.at(Gate.INSTANTIATE):
            _instantiate(linker, code, manifest)
        said = describe(code.interface, manifest)
        return CheckReport(
            path=path,
            admissible=True,
            id=str(manifest.id),
            digest=reading.digest,
            size=len(reading.wasm),
            version=manifest.version,
            kind=kind_of(code.interface, manifest.artifact.kind),
            imports=said.imports,
            exports=said.exports,
            capabilities=said.capabilities,
            notes=import_notes(code.interface, manifest),
            tier=code.tier,
        )

    return with_enough_stack(choice.of(manifest), work)


def _instantiate(linker: Linker, code: Code, manifest: Manifest) -> None:
    """Make an instance within the manifest's limits and drop it; on a worker, for its deep stack."""
    workers = Workers(1)
    tenant = ComponentTenant(str(manifest.id), manifest, Journal(), workers)
    limits = manifest.limits

    def make() -> None:
        linker.instantiate(code, limits, owner=tenant, deadline=limits.init_deadline).close()

    try:
        workers.submit(make).result()
    finally:
        workers.close(1.0)


def _refused(
    path: str, gate: Gate, error: AirssysError, *, offset: int | None = None, problems: tuple[GuestText, ...] = ()
) -> CheckReport:
    return CheckReport(
        path=path,
        admissible=False,
        gate=gate,
        reason=one_line(error.message, 1000),
        offset=offset,
        remedy=one_line(error.remedy, 1000),
        problems=problems,
    )
