"""``storage``: what components store: how much it is, export and import."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import msgspec

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.export_file import is_stream, require_free, write_out
from airssys_tui.cli.answering.output import NOTHING, answer, say, say_table, warn
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, StreamArgument, component_name
from airssys_tui.cli.reaching.orders import writable
from airssys_tui.cli.reaching.site import Site, locate
from airssys_tui.core.errors import StorageRefusal, UsageError
from airssys_tui.core.limits import BOUNDS, Limits
from airssys_tui.core.regular_file import open_regular
from airssys_tui.core.units import format_size

MAX_IMPORT: Final = 8 * int(BOUNDS["storage"].most)
"""Bytes of a file that an import reads: the largest storage with every character escaped."""

COLUMNS: Final = (
    PlainColumn("NAME", least=12),
    PlainColumn("STORED", right=True),
    PlainColumn("LIMIT", right=True, rank=2),
    PlainColumn("USED", right=True, rank=1),
    PlainColumn("KEYS", right=True),
)


class Usage(msgspec.Struct, frozen=True):
    """Storage usage of a component: bytes of keys and values, their limit, and the number of keys."""

    component: str
    bytes: int
    limit: int | None
    keys: int


def usage(name: NameArgument | None = None, /, *, place: Place = HERE) -> int:
    """Show how much components store, and how much they may.

    Args:
        name: One component, as `name` or `namespace/name`. Default: every component that stores something.
        place: Which runtime.
    """
    from airssys_tui.core.keyvalue import StorageUse  # noqa: PLC0415 - late: `--help` answers without it
    from airssys_tui.store.directory import STORAGE_FILE, StateDirectory  # noqa: PLC0415
    from airssys_tui.store.keyvalues.portable import usages  # noqa: PLC0415

    site = locate(place.folder, place.state_dir, must_exist=False)
    found = usages(site.state_dir.value / STORAGE_FILE)
    if name is not None:
        name = component_name(name)
        _limit(site, name)
        found = {name: found.get(name, StorageUse())}
    with StateDirectory.open_readonly(site.state_dir.value) as state:
        limits = {
            record.id: _declared(state.catalog.active_revision(record.id)) for record in state.catalog.components()
        }
    rows = [Usage(component, used.bytes, limits.get(component), used.keys) for component, used in found.items()]
    if place.json:
        answer(rows)
    elif rows:
        say_table(COLUMNS, [_row(row) for row in rows])
    else:
        warn("no component stores anything")
    return ExitCode.OK


def export(name: NameArgument, file: StreamArgument, /, *, force: bool = False, place: Place = HERE) -> int:
    """Write what a component stores to a file: one JSON object per line, the last with count and hash.

    The component may run meanwhile: the file shows one moment. Equal contents give equal files.

    Args:
        name: The component, as `name` or `namespace/name`.
        file: File to write; `-` is standard output.
        force: Overwrite an existing file.
        place: Which runtime.
    """
    from airssys_tui.store.directory import STORAGE_FILE  # noqa: PLC0415 - late: `--help` answers without it
    from airssys_tui.store.keyvalues.portable import export_lines  # noqa: PLC0415

    name = component_name(name)
    require_free(file, force=force)
    site = locate(place.folder, place.state_dir, must_exist=False)
    _limit(site, name)
    size = write_out(file, export_lines(site.state_dir.value / STORAGE_FILE, name))
    if size is None:
        return ExitCode.OK
    if place.json:
        answer({"file": str(file), "component": name, "size": size})
    else:
        say(f"storage of {name} written to {file}: {format_size(size)}")
    return ExitCode.OK


def import_(name: NameArgument, file: StreamArgument, /, *, replace: bool = False, place: Place = HERE) -> int:
    """Import what `storage export` wrote, whole or not at all; no process may run the folder.

    Args:
        name: The component that gets it.
        file: File to read; `-` is standard input.
        replace: Replace what is stored. Without it, nothing may be stored yet.
        place: Which runtime.
    """
    from airssys_tui.store.directory import StateDirectory  # noqa: PLC0415 - late: `--help` answers without it
    from airssys_tui.store.keyvalues.portable import import_lines  # noqa: PLC0415

    name = component_name(name)
    site = writable(locate(place.folder, place.state_dir))
    limit = _limit(site, name)
    with (
        _reading(file) as lines,
        StateDirectory.open(site.state_dir.value, folder=site.folder.value) as state,
    ):
        try:
            used = import_lines(state.storage, name, _bounded(lines), quota=limit, replace=replace)
        except StorageRefusal as refusal:
            raise UsageError(f"cannot import this into {name}: {refusal.message}") from refusal
    if place.json:
        answer(Usage(name, used.bytes, limit, used.keys))
    else:
        say(f"{used.keys} keys imported into {name}: {format_size(used.bytes)}")
    return ExitCode.OK


def _limit(site: Site, name: str) -> int:
    """Return a component's storage limit in bytes.

    Raises:
        UnknownComponent: No component of that name is recorded.
        StateAbsent: The state directory has no catalog.
    """
    from airssys_tui.cli.reaching.offline_views import find_component  # noqa: PLC0415 - late: see above
    from airssys_tui.store.directory import StateDirectory  # noqa: PLC0415

    with StateDirectory.open_readonly(site.state_dir.value) as state:
        find_component(state.catalog, name)
        declared = _declared(state.catalog.active_revision(name))
    return Limits().storage if declared is None else declared


def _declared(revision: object) -> int | None:
    from airssys_tui.core.manifest.document import decode_manifest  # noqa: PLC0415 - late: see above
    from airssys_tui.store.catalog.records import RevisionRecord  # noqa: PLC0415

    return decode_manifest(revision.manifest).limits.storage if isinstance(revision, RevisionRecord) else None


def _row(row: Usage) -> tuple[str, ...]:
    share = f"{100 * row.bytes / row.limit:.0f} %" if row.limit else NOTHING
    limit = NOTHING if row.limit is None else format_size(row.limit)
    return (row.component, format_size(row.bytes), limit, share, str(row.keys))


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[IO[bytes]]:
    if is_stream(file):
        yield sys.stdin.buffer
        return
    with open_regular(file, MAX_IMPORT) as opened, io.BufferedReader(opened) as buffered:
        yield buffered


def _bounded(lines: IO[bytes]) -> Iterator[bytes]:
    from airssys_tui.store.keyvalues.portable import MAX_LINE  # noqa: PLC0415 - late: see above

    while line := lines.readline(MAX_LINE + 1):
        yield line
