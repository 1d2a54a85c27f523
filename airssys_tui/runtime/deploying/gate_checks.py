"""A candidate's way through the gates: each is timed, and each refuses under its own name. See ``core.gates``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from airssys_tui.core.description import INCOMING_HANDLER, incoming_handler
from airssys_tui.core.errors import AdmissionError, AirssysError, ArgumentError, ExportNotFound, GateRefusal, StoreError
from airssys_tui.core.gates import Gate
from airssys_tui.core.links.resolution import Resolved, Unresolved
from airssys_tui.core.manifest.structure import Manifest
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.core.traps import GuestTrap, printed_text
from airssys_tui.core.types.compatibility import changes
from airssys_tui.core.types.interface import Interface
from airssys_tui.engine.linker import Linker
from airssys_tui.engine.unmet_imports import grouped
from airssys_tui.runtime.actors.contract_types import wrong_exports

_REBUILD: Final = "build both against one version of the interface, or link another provider in airssys.toml"


class Passage:
    """One candidate's way through the gates.

    Args:
        reached: Called at each gate that it comes to.

    Attributes:
        times: Gates passed, with milliseconds, in order.
        interface: What the candidate imports and exports, as soon as that is known.
    """

    def __init__(self, reached: Callable[[Gate], None] = lambda _: None) -> None:
        self._reached = reached
        self.times: list[tuple[Gate, float]] = []
        self.interface: Interface | None = None
        self._learnt = False

    def learn(self, interface: Interface) -> None:
        """Note what the candidate imports and exports, when that is first known; it is the same in every tier."""
        if not self._learnt:
            self._learnt, self.interface = True, interface

    def at(self, gate: Gate) -> _Passing:
        """Pass a gate in a block: time it, and turn errors raised there into a refusal by it.

        Raises:
            GateRefusal: What was raised inside, with this gate's name, except an ``AdmissionError``'s own gate.
            StoreError: The disk could not be read or written.
        """
        self._reached(gate)
        return _Passing(gate, self.times)


class _Passing:
    """The block of :meth:`Passage.at`: a dozen of them in each deployment."""

    __slots__ = ("_gate", "_since", "_times")

    def __init__(self, gate: Gate, times: list[tuple[Gate, float]]) -> None:
        self._gate = gate
        self._times = times
        self._since = 0.0

    def __enter__(self) -> None:
        """Begin to time it."""
        self._since = time.perf_counter()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Note the time, or raise the refusal."""
        if error is None:
            self._times.append((self._gate, (time.perf_counter() - self._since) * 1000))
        elif (refusal := _refusal_of(error, self._gate)) is not None:
            raise refusal from error


def _refusal_of(error: BaseException, gate: Gate) -> GateRefusal | None:
    """Return the refusal that an error at a gate means; None for one that is passed on as it is."""
    match error:
        case GateRefusal():
            return GateRefusal(error.message, gate=gate, remedy=error.remedy, kind=error.kind)
        case AdmissionError():
            told = error.offset is None or f"offset {error.offset}" in error.message
            where = "" if told else f" (at byte {error.offset})"
            return GateRefusal(error.message + where, gate=error.gate, remedy=error.remedy, kind=error.kind)
        case GuestTrap():
            logs = see_logs(error.trap.printed, error.component)
            return GateRefusal(trap_text(error), gate=gate, remedy=trap_remedy(error, gate) or logs)
        case ArgumentError() | ExportNotFound() | KeyError() | TypeError() | AttributeError():
            # The guest exports the contract with a type of its own.
            return GateRefusal(one_line(f"gave an answer that does not fit the contract: {error}"), gate=gate)
        case AirssysError() if not isinstance(error, StoreError):
            return GateRefusal(error.message, gate=gate, remedy=error.remedy, kind=error.kind)
    return None  # such as the disk's fault, not the candidate's: the candidate may be tried again


def check_types(
    linker: Linker, interface: Interface, links: Sequence[Resolved | Unresolved] = (), misfits: Sequence[str] = ()
) -> None:
    """Refuse imports that are not offered with that type, and a contract exported with the wrong types.

    Args:
        linker: What the host offers.
        interface: The imports and exports.
        links: The imports that another component is to provide; one without a provider is refused here only together
            with others, and waits at the next gate by itself.
        misfits: How those that provide them do not fit, with the types of both sides.

    Raises:
        GateRefusal: With every mismatch, and what is available.
    """
    problems = linker.problems(interface, {each.wanted.name for each in links})
    if problems:
        problems = linker.problems(interface, {each.wanted.name for each in links if isinstance(each, Resolved)})
    if misfits and not problems:
        raise GateRefusal("; ".join(misfits), gate=Gate.TYPES, remedy=_REBUILD)
    if problems:
        reasons, remedies = grouped(problems)
        raise GateRefusal(reasons, gate=Gate.TYPES, remedy=remedies)
    wrong = wrong_exports(interface)
    if wrong:
        raise GateRefusal("; ".join(wrong), gate=Gate.TYPES, remedy="build against the packages in wit/")


def check_routes(manifest: Manifest, interface: Interface) -> None:
    """Refuse routes of a component that answers no requests.

    Raises:
        GateRefusal: With what it lacks.
    """
    if manifest.http.routes and not incoming_handler(interface):
        raise GateRefusal(
            f"it has routes under [http] and does not export {INCOMING_HANDLER}",
            gate=Gate.TYPES,
            remedy="build it with that export, or remove the routes from its manifest",
        )


def check_compatibility(old: Interface, new: Interface, *, force: bool) -> tuple[GuestText, ...]:
    """Refuse a candidate that removes or changes an export which callers may use.

    Returns:
        Every change, in words.

    Raises:
        GateRefusal: If one is breaking and is not forced.
    """
    found = changes(old, new)
    breaking = [change for change in found if change.breaking]
    if breaking and not force:
        reasons = "; ".join(change.describe() for change in breaking)
        raise GateRefusal(
            reasons, gate=Gate.COMPATIBILITY, remedy="keep the export, or reload with --force when no caller needs it"
        )
    return tuple(one_line(change.describe()) for change in found)


def trap_text(trap: GuestTrap, most: int = 150) -> GuestText:
    """Return a trap as one line: kind, message, the innermost named frame, and what the guest printed before.

    Args:
        trap: The trap.
        most: Characters of what the guest printed; 0 leaves it out.
    """
    frame = next(iter(trap.trap.frames), "")
    what = one_line(f"{trap.trap.kind}: {trap.trap.message}" + (f" in {frame}" if frame else ""))
    said = printed_text(trap.trap.printed, most) if most else ""
    return GuestText(f"{what}; {said}") if said else what


def see_logs(printed: Sequence[str], component: str | None) -> str:
    """Return where the guest's own words are, all of them; empty if it printed nothing."""
    return f"see: airssys-tui logs {component}" if printed and component else ""


_PREPARING: Final = frozenset({Gate.INSTANTIATE, Gate.INIT, Gate.STATE_LOAD})
"""Gates at which a call has the deadline of `init`."""


def trap_remedy(trap: GuestTrap, gate: Gate | None = None) -> str:
    """Return what the operator can do about a trap at a gate; empty when only the component's author can."""
    key = "init_deadline" if gate in _PREPARING else "deadline"
    remedies = {
        "out-of-fuel": "raise [resources] fuel_per_call, or do less in this step",
        "deadline": f"raise [resources] {key}, or do less in this step",
        "out-of-memory": "raise [resources] memory",
        "table-limit": "raise [resources] table_elements",
        "handle-limit": "drop handles that are done with, or raise [resources] handles",
    }
    return remedies.get(trap.trap.kind, "")


def with_version(manifest: Manifest, embedded: str | None) -> Manifest:
    """Return the manifest with the version of the artifact: its own, else the one in the wasm file.

    Raises:
        GateRefusal: If both have a version and they differ.
    """
    if embedded is None or embedded == manifest.version:
        return manifest
    if manifest.version is None:
        return msgspec.structs.replace(manifest, package=msgspec.structs.replace(manifest.package, version=embedded))
    raise GateRefusal(
        f"the manifest says version {manifest.version}, the wasm file says {embedded}",
        gate=Gate.MANIFEST,
        remedy="copy manifest and wasm of the same release",
    )
