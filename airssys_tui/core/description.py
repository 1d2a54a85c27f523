"""Descriptions of a component in words, the same from a running runtime and from the catalog alone.

`list`, `describe` and the screens show what a component exports and imports, what it may use, which limits apply, and
what keeps its files from being deployed. All of that follows from its interface, its manifest and the catalog. The
texts are written here once, from plain values, so that the answer of a running runtime and the answer from the catalog
cannot drift apart. Facts that only a running process knows (health, meters, restarts) are not here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from airssys_tui.core.errors import UsageError
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import short_digest
from airssys_tui.core.lifecycle import Desired
from airssys_tui.core.refusal import is_undecided, refusal_text
from airssys_tui.core.text import GuestText, Verbatim, one_line
from airssys_tui.core.types.interface import Function, Interface, InterfaceType, render, unversioned
from airssys_tui.core.units import format_count, format_duration, format_size

if TYPE_CHECKING:
    from airssys_tui.core.limits import Limits
    from airssys_tui.core.manifest.structure import Manifest

LIFECYCLE: Final = "airssys:core-component/lifecycle@1.0.0"
EXECUTION: Final = "airssys:core-component/execution@1.0.0"
HEALTH: Final = "airssys:core-component/health@1.0.0"
STATE: Final = "airssys:core-component/state@1.0.0"
MESSAGE_HANDLER: Final = "airssys:core-component/message-handler@1.0.0"
COMMAND: Final = "wasi:cli/run"
INCOMING_HANDLER: Final = "wasi:http/incoming-handler"

MAX_NOTE: Final = 300
"""Characters of a note."""


def kind_of(interface: Interface, declared: str | None) -> str:
    """Return ``command``, ``actor`` or ``passive``: as declared, else from the exports."""
    if declared is not None:
        return declared
    if interface.exports_interface(COMMAND):
        return "command"
    is_actor = any(interface.exports_interface(name) for name in (LIFECYCLE, EXECUTION, HEALTH, STATE, MESSAGE_HANDLER))
    return "actor" if is_actor else "passive"


def is_stateful(interface: Interface) -> bool:
    """Return whether the component can hand over its state."""
    return interface.exports_interface(STATE)


def incoming_handler(interface: Interface) -> str:
    """Return the path of the export that answers HTTP requests; empty if there is none."""
    for item in interface.exports:
        if type(item) is InterfaceType and unversioned(item.name) == INCOMING_HANDLER:
            return f"{item.name}#handle"
    return ""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """The properties of one revision of a component, from its interface and its manifest.

    What these say is data: whole, and character by character as they say it. Whoever draws it sanitises and cuts it.

    Attributes:
        exports: ``path: signature`` in WIT syntax, in declaration order.
        imports: Names of the imported interfaces and functions.
        capabilities: ``kind: declaration``, one line each, and the directories that are open from the start.
        limits: ``name: value`` for people.
        config: ``key: JSON`` handed to the component.
        inert: Keys that the manifest sets and that have no effect yet, and why.
        description: Its purpose, as the manifest states it.
    """

    exports: tuple[Verbatim, ...] = ()
    imports: tuple[Verbatim, ...] = ()
    capabilities: tuple[Verbatim, ...] = ()
    limits: tuple[GuestText, ...] = ()
    config: tuple[Verbatim, ...] = ()
    inert: tuple[GuestText, ...] = ()
    description: Verbatim = ""


def describe(interface: Interface, manifest: Manifest) -> Description:
    """Describe a revision."""
    from airssys_tui.core.manifest.inert import inert_lines  # noqa: PLC0415 - late: a list reads no manifest

    limits = manifest.limits
    if kind_of(interface, manifest.artifact.kind) == "command":
        limits = limits.of_command()
    return Description(
        exports=export_lines(interface),
        imports=import_lines(interface),
        capabilities=capability_lines(manifest),
        limits=limit_lines(limits, manifest.security.wait_for_answer),
        config=tuple(f"{entry.key}: {entry.value}" for entry in manifest.config),
        inert=inert_lines(manifest),
        description=manifest.package.description,
    )


def export_lines(interface: Interface) -> tuple[Verbatim, ...]:
    """Return every callable export as ``path: signature`` in WIT syntax."""
    return tuple(f"{export.path}: {_signature(export.function)}" for export in interface.functions())


def import_lines(interface: Interface) -> tuple[Verbatim, ...]:
    """Return the names of everything imported."""
    return tuple(item.name for item in interface.imports)


def _signature(function: Function) -> str:
    return render(function).removeprefix(f"{function.name}: ")


def capability_lines(manifest: Manifest) -> tuple[Verbatim, ...]:
    """Return the declared capabilities as ``kind: declaration``, one line each, so that none is cut off a long list.

    The directories that are open from the start follow: what may be done in them is a matter of these capabilities.
    """
    declared = manifest.capabilities
    lines = []
    for kind in declared.__struct_fields__:
        value = getattr(declared, kind)
        entries = value if isinstance(value, tuple) else (value,) if value else ()
        lines += [f"{kind}: {entry}" for entry in entries]
    lines += [f"directory: {preopen.guest} is {preopen.host}" for preopen in manifest.wasi.preopens]
    return tuple(lines)


def limit_lines(limits: Limits, wait_for_answer: float = 0.0) -> tuple[GuestText, ...]:
    """Return the limits in force as ``name: value`` for people.

    Args:
        limits: The limits.
        wait_for_answer: Seconds that a call waits for the operator's answer at most; 0 is not named.
    """
    fuel = "unlimited" if limits.fuel_unlimited else format_count(limits.fuel_per_call)
    shown = {
        "memory": format_size(limits.memory),
        "table elements": format_count(limits.table_elements),
        "fuel per call": fuel,
        "deadline": format_duration(limits.deadline),
        "init deadline": format_duration(limits.init_deadline),
        "mailbox": f"{limits.mailbox} calls",
        "storage": format_size(limits.storage),
        "host handles": format_count(limits.handles),
    }
    if wait_for_answer:
        shown["waits for an answer"] = f"{format_duration(wait_for_answer)} of a call"
    return tuple(GuestText(f"{name}: {value}") for name, value in shown.items())


def artifact_label(version: str | None, digest: str) -> GuestText:
    """Return the name of an artifact for people: its version, else its short digest."""
    return one_line(version or short_digest(digest), 64)


HOST_CALLS: Final[dict[str, frozenset[str]]] = {
    "airssys:core-component/lifecycle": frozenset({"init", "shutdown"}),
    "airssys:core-component/state": frozenset({"load", "save"}),
}
"""Exports that only the host calls, by interface without version: each belongs to one moment in an instance's life."""


def is_host_call(path: str) -> bool:
    """Return whether an export is one that only the host calls, such as ``init``.

    Args:
        path: Full path of the export, ``instance#function`` or ``function``.
    """
    instance, _, function = path.rpartition("#")
    return function in HOST_CALLS.get(instance.partition("@")[0], ())


def require_hand_call(path: str, component: str) -> None:
    """Refuse to call by hand an export that only the host calls.

    Args:
        path: Full path of the export.
        component: The component that would be called.

    Raises:
        UsageError: If only the host calls it.
    """
    if is_host_call(path):
        raise UsageError(
            f"{path} is not called by hand: the host calls it at one moment in the life of {component}, and the "
            "instance that serves may not survive another call",
            remedy="to call it all the same: --force; to try it out, call the wasm file instead of the component",
            component=component,
        )


class FileNoteKind(StrEnum):
    """The kind of a note on the files in the folder; the values are those of the row's notes."""

    HELD = "held"
    REFUSED = "refused"
    QUARANTINED = "trouble"


class FileNote(msgspec.Struct, frozen=True):
    """Why the files in the folder do not serve."""

    kind: FileNoteKind
    text: GuestText


class FileFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about the files in a component's folder.

    Attributes:
        label: Their name for people; empty if they cannot be read.
        quarantined: The number of their revision, if it is in quarantine and does not serve.
        fault: Why it is in quarantine.
        back_on: After a rollback, the revision whose artifact serves again.
        held: Whether their digest is held.
        gate: The gate that refused them; empty when none did.
        reason: Why it refused them.
        again: When they are tried again, in words; empty if that is not known or not planned.
    """

    label: str = ""
    quarantined: int | None = None
    fault: str = ""
    back_on: int | None = None
    held: bool = False
    gate: str = ""
    reason: str = ""
    again: str = ""


def file_note(facts: FileFacts) -> FileNote | None:
    """Return the most important fact about the files in the folder, or None if they are deployed as usual."""
    if facts.quarantined is not None:
        back = f" · back on r{facts.back_on}" if facts.back_on is not None else ""
        return FileNote(FileNoteKind.QUARANTINED, quarantine_text(facts.quarantined, facts.fault, back))
    if facts.held:
        return FileNote(FileNoteKind.HELD, one_line(f"held: {facts.label} on disk", MAX_NOTE))
    if facts.gate == Gate.FILE:
        return FileNote(FileNoteKind.REFUSED, one_line(facts.reason, MAX_NOTE))
    if facts.gate:
        label = f"{facts.label} " if facts.label else ""
        again = f" · {facts.again}" if facts.again else ""
        said = one_line(f"{label}{refusal_text(facts.gate, facts.reason)}", MAX_NOTE - len(again))
        kind = FileNoteKind.HELD if is_undecided(facts.gate, facts.reason) else FileNoteKind.REFUSED
        return FileNote(kind, GuestText(said + again))
    return None


def quarantine_text(revision: int, fault: str, more: str = "") -> GuestText:
    """Say that a revision is in quarantine, and why."""
    return one_line(f"r{revision} quarantined: {fault}{more}", MAX_NOTE)


def reason_not_started(desired: Desired, kind: str, *, there: bool) -> GuestText:
    """Return why a start of the runtime does not start a component; empty if it does.

    Args:
        desired: What the operator wants.
        kind: The result of :func:`kind_of`.
        there: Whether its source is present, or the operator lets it run without one.
    """
    if desired is Desired.STOPPED:
        return GuestText("stopped by operator")
    if not there:
        return GuestText("its source is gone")
    return GuestText("a command: start runs it again" if kind == "command" else "")
