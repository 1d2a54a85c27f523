"""``doctor``: what this installation is, where things are, and what is wrong with them."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from airssys_tui import __version__
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, say_pairs, terminal_width
from airssys_tui.cli.reaching.options import HERE, Place
from airssys_tui.cli.reaching.program_settings import ProgramSettings, read_settings, settings_path
from airssys_tui.cli.reaching.site import locate
from airssys_tui.cli.serving.log import log_path
from airssys_tui.core.errors import UsageError
from airssys_tui.core.units import format_size

if TYPE_CHECKING:
    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.api.socket.frames import ServingReport
    from airssys_tui.api.views.runtime import Snapshot, WatchView

CLIENT: Final = "doctor"
"""The name of this command at the control socket."""

NO_ACCESS: Final = "give yourself access to it, or name another --state-dir"

PATIENCE: Final = 5.0
"""Seconds that a runtime may take to answer."""

ASKED_FOR: Final = "asked for"
"""Why a runtime polls that was told to, by AIRSSYS_TUI_POLL."""

LIBRARIES: Final = ("wasmtime", "textual", "watchfiles", "msgspec", "cyclopts")


class Finding(msgspec.Struct, frozen=True):
    """One finding.

    Attributes:
        name: What it is about.
        value: What was found, one line.
        ok: Whether nothing is wrong.
        remedy: What to do about it.
    """

    name: str
    value: str
    ok: bool = True
    remedy: str = ""


def doctor(*, place: Place = HERE) -> int:
    """Check the installation: versions, configuration, state directory, runtime, disk, log and terminal.

    Exit code 0 when nothing is wrong, 1 when something is; each problem has a remedy.
    """
    configuration, settings = _configuration()
    site = locate(place.folder, place.state_dir, settings=settings)
    findings = [*_program(), configuration, *_state(site.state_dir.value), *_tools(), *_terminal()]
    if place.json:
        answer(findings)
    else:
        say_pairs([(finding.name, _line(finding)) for finding in findings])
    return ExitCode.OK if all(finding.ok for finding in findings) else ExitCode.FAILED


def _line(finding: Finding) -> str:
    return finding.value if finding.ok else f"PROBLEM: {finding.value}\n  → {finding.remedy}"


def _program() -> list[Finding]:
    from importlib import metadata  # noqa: PLC0415 - late: 20 ms that no other command needs

    found = [
        Finding("airssys-tui", __version__),
        Finding("python", f"{platform.python_version()} ({sys.executable})"),
        Finding("platform", f"{platform.platform()}, {os.cpu_count()} processors"),
    ]
    for library in LIBRARIES:
        try:
            found.append(Finding(library, metadata.version(library)))
        except metadata.PackageNotFoundError:
            found.append(Finding(library, "not installed", ok=False, remedy="pip install airssys-tui"))
    return found


def _configuration() -> tuple[Finding, ProgramSettings]:
    """Read the configuration file; one that cannot be read is a finding, and the defaults apply."""
    path = settings_path()
    try:
        settings = read_settings(path)
    except UsageError as error:
        return Finding("configuration", error.message, ok=False, remedy=error.remedy), ProgramSettings()
    return Finding("configuration", str(path) if path.is_file() else f"{path} (not found)"), settings


def _state(directory: Path) -> list[Finding]:
    found = [
        Finding("state directory", str(directory)),
        _access(directory),
        _privacy(directory),
        _owner(directory),
        *_control(directory),
        _catalog(directory),
    ]
    log = log_path(directory)
    sizes = {part.name: _disk_use(part) for part in sorted(directory.iterdir())} if directory.is_dir() else {}
    use = ", ".join(f"{name} {format_size(size)}" for name, size in sizes.items())
    found.append(Finding("disk use", f"{format_size(sum(sizes.values()))}" + (f" ({use})" if use else "")))
    found.append(Finding("log", str(log) if log.exists() else f"{log} (not written yet)"))
    return found


def _access(directory: Path) -> Finding:
    nearest = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if os.access(nearest, os.W_OK | os.X_OK):
        free = format_size(shutil.disk_usage(nearest).free)
        return Finding("access", f"writable, {free} free" if directory.exists() else f"not created yet, {free} free")
    return Finding("access", f"{nearest} is not writable", ok=False, remedy="name another --state-dir")


def _privacy(directory: Path) -> Finding:
    from airssys_tui.store.disk.privacy import exposures  # noqa: PLC0415 - late: `--help` needs no store

    try:
        found = exposures(directory)
    except OSError as error:
        return Finding("privacy", f"cannot be checked: {error.strerror or error}", ok=False, remedy=NO_ACCESS)
    if not found:
        return Finding("privacy", "only this user has access" if directory.exists() else "not created yet")
    said = "; ".join(exposure.text for exposure in found)
    remedy = "; ".join(dict.fromkeys(exposure.remedy for exposure in found))
    if all(exposure.mode is not None for exposure in found):
        remedy = f"{remedy} (the next start of a runtime does that)"
    return Finding("privacy", said, ok=False, remedy=remedy)


def _owner(directory: Path) -> Finding:
    from airssys_tui.store.ownership import live_owner  # noqa: PLC0415 - late: `--help` needs no store

    owner = live_owner(directory)
    return Finding("owner", "none" if owner is None else str(owner))


def _control(directory: Path) -> list[Finding]:
    from airssys_tui.store.paths import control_path  # noqa: PLC0415 - late: `--help` needs no socket

    path = control_path(directory)
    if not path.exists():
        return [Finding("control socket", "none: no runtime")]
    from airssys_tui.api.socket.remote import RemoteRuntime  # noqa: PLC0415
    from airssys_tui.core.errors import AirssysError, NothingRuns  # noqa: PLC0415

    try:
        remote = RemoteRuntime.open(path, client=CLIENT)
        with contextlib.closing(remote):
            socket = Finding("control socket", _traffic(remote.status().result(PATIENCE)))
            return [socket, *_living(remote.snapshot(2**62)), *_kept(remote)]
    except NothingRuns:
        return [Finding("control socket", "left by a process that was killed; the next start replaces it")]
    except (AirssysError, TimeoutError) as error:
        remedy = getattr(error, "remedy", "") or "stop the process that owns it, and start it again"
        return [Finding("control socket", str(error) or "no answer in time", ok=False, remedy=remedy)]


def _living(head: Snapshot) -> list[Finding]:
    """Report on the runtime, from its totals."""
    found = [Finding("runtime", f"{head.phase}, {head.busy} of {head.workers} workers busy")]
    if head.handed:
        found.append(Finding("long calls", f"{head.handed} run on beside the workers; `list` says which"))
    found.append(_watching(head.watch))
    found += _descriptors(head)
    lost = f"{head.dropped_events} left the buffer, {head.unwritten_events} never written"
    found.append(
        Finding(
            "events",
            lost,
            ok=not head.unwritten_events,
            remedy="the disk is too slow for the events",
        )
    )
    if head.disk_full:
        remedy = "free space: run airssys-tui gc, or delete other files"
        found.append(Finding("disk", head.disk_full, ok=False, remedy=remedy))
    return found


def _watching(watch: WatchView) -> Finding:
    well = watch.mode == "native" or watch.reason == ASKED_FOR
    remedy = "put the folder back" if watch.mode == "stopped" else "until then, polling finds changes, more slowly"
    return Finding("watching", watch.sentence, ok=well, remedy="" if well else remedy)


def _descriptors(head: Snapshot) -> list[Finding]:
    """Report how many of the file descriptors are open; from 80 % on the runtime refuses new work."""
    used, limit = head.descriptors, head.descriptor_limit
    if used is None:
        return []
    if limit is None:
        return [Finding("file descriptors", f"{used} open, without a limit")]
    crowded = used >= 0.8 * limit
    remedy = "raise the limit on open files (ulimit -n) and start again; new components and clients are refused"
    return [Finding("file descriptors", f"{used} of {limit} open", ok=not crowded, remedy=remedy if crowded else "")]


def _kept(remote: RuntimeApi) -> list[Finding]:
    """Report the disk usage of the state directory by purpose, and the bytes that `gc` would free."""
    use = remote.disk().result(PATIENCE)
    parts = {
        "catalog": use.catalog,
        "code of components": use.blobs,
        "compiled code": use.code,
        "states": use.states,
        "storage": use.storage,
        "messages": use.messages,
        "logs": use.logs,
    }
    said = ", ".join(f"{name} {format_size(size)}" for name, size in parts.items())
    return [Finding("kept", f"{said}; {format_size(use.reclaimable)} can be freed with airssys-tui gc")]


def _traffic(report: ServingReport) -> str:
    others = {kind: count for kind, count in report.kinds.items() if kind != CLIENT}
    here = ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in others.items()) or "nobody now"
    ended = ", ".join(
        f"{count} {why}"
        for why, count in (("refused", report.refused), ("faulty", report.faulty), ("too slow", report.slow))
        if count
    )
    cut = f"; ended: {ended}" if ended else ""
    return f"pid {report.pid} serves {here}; {report.served} so far, {format_size(report.sent)} sent{cut}"


def _catalog(directory: Path) -> Finding:
    from airssys_tui.core.errors import StateAbsent, StoreError  # noqa: PLC0415
    from airssys_tui.store.directory import StateDirectory  # noqa: PLC0415

    try:
        with StateDirectory.open_readonly(directory) as state:
            return Finding("catalog", f"{len(state.catalog.components())} components of {state.catalog.folder()}")
    except StateAbsent:
        return Finding("catalog", "nothing recorded yet")
    except StoreError as error:
        return Finding("catalog", error.message, ok=False, remedy=error.remedy)


def _disk_use(path: Path) -> int:
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    return sum(
        (Path(where) / name).lstat().st_size for where, _, names in os.walk(path, followlinks=False) for name in names
    )


def _tools() -> list[Finding]:
    beside = Path(sys.executable).with_name("wasm-tools")
    found = shutil.which("wasm-tools") or (str(beside) if beside.exists() else None)
    return [
        Finding("wasm-tools", found or "not found; only rebuilding samples needs it: pip install 'airssys-tui[build]'")
    ]


def _terminal() -> list[Finding]:
    width = terminal_width()
    facts = {
        "terminal": "none" if width is None else f"{width} columns, {shutil.get_terminal_size().lines} lines",
        "TERM": os.environ.get("TERM", NOTHING),
        "COLORTERM": os.environ.get("COLORTERM", NOTHING),
        "NO_COLOR": "set" if os.environ.get("NO_COLOR") else NOTHING,
        "encoding": sys.stdout.encoding,
    }
    return [Finding(name, value) for name, value in facts.items()]
