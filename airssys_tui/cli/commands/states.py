"""``states``: the saved states of a component: list, save, export, import and restore."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.api.commands import ImportState, RestoreState, SaveState
from airssys_tui.api.views.past import StateFile, StateView
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.export_file import is_stream, require_free, write_whole
from airssys_tui.cli.answering.output import NOTHING, answer, moment, say, say_table, warn
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, StreamArgument, component_name
from airssys_tui.cli.reaching.orders import carry_out
from airssys_tui.cli.reaching.reach import Without, ask
from airssys_tui.cli.reaching.site import Site, locate
from airssys_tui.core.errors import UsageError
from airssys_tui.core.identity import digest_of, short_digest
from airssys_tui.core.regular_file import read_regular
from airssys_tui.core.text import whole_json
from airssys_tui.core.units import MIB, format_size

LARGEST: Final = 128 * MIB
"""Maximum bytes of a file that an import reads; the largest state, in base64, is smaller."""

COLUMNS: Final = (
    PlainColumn("ID", right=True),
    PlainColumn("REV", right=True),
    PlainColumn("VERSION", rank=3),
    PlainColumn("CAUSE", rank=2),
    PlainColumn("WHEN"),
    PlainColumn("SIZE", right=True),
    PlainColumn("SCHEMA", rank=4, least=8),
    PlainColumn("DIGEST", rank=5),
    PlainColumn("REMARK", rank=1, least=12),
)


def states(name: NameArgument, /, *, place: Place = HERE) -> int:
    """List the saved states (snapshots) of a component, newest first.

    Args:
        name: The component, as `name` or `namespace/name`; one named like a subcommand is `local/save`.
        place: Which runtime.
    """
    name = component_name(name)
    site = locate(place.folder, place.state_dir, must_exist=False)
    found = ask(site, lambda api: api.states(name), Without.RECORD)
    if place.json:
        answer(found)
    elif found:
        say_table(COLUMNS, [_row(view) for view in found])
    else:
        warn(f"{name} has no snapshots")
    return ExitCode.OK


def save(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Take a snapshot of a running component's state.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    return carry_out(SaveState(component_name(name)), place, Without.NOTHING)


def export(
    name: NameArgument,
    file: StreamArgument,
    /,
    *,
    snapshot: int | None = None,
    force: bool = False,
    place: Place = HERE,
) -> int:
    """Write a snapshot to a file: JSON with the bytes in base64 and their digest.

    Args:
        name: The component, as `name` or `namespace/name`.
        file: File to write; `-` is standard output.
        snapshot: ID of the snapshot. Default: the newest.
        force: Overwrite an existing file.
        place: Which runtime.
    """
    name = component_name(name)
    require_free(file, force=force)
    site = locate(place.folder, place.state_dir, must_exist=False)
    number = _newest(site, name) if snapshot is None else snapshot
    found = ask(site, lambda api: api.export_state(name, number), Without.RECORD)
    if is_stream(file):
        answer(found)
        return ExitCode.OK
    from airssys_tui.api.wire import encode  # noqa: PLC0415 - late: see `output`

    document = msgspec.json.format(encode(found), indent=2).decode()
    write_whole(file, [whole_json(document).encode(), b"\n"])
    if place.json:
        answer({"file": str(file), "snapshot": number, "digest": found.digest, "size": len(found.data)})
    else:
        say(f"snapshot {number} of {name} written to {file}: {format_size(len(found.data))}")
    return ExitCode.OK


def _newest(site: Site, name: str) -> int:
    """Return the ID of a component's newest snapshot.

    Raises:
        UsageError: There is none.
    """
    kept = ask(site, lambda api: api.states(name), Without.RECORD)
    if not kept:
        raise UsageError(f"{name} has no snapshots", remedy=f"take one while it runs: airssys-tui states save {name}")
    return kept[0].id


def import_state(name: NameArgument, file: StreamArgument, /, *, place: Place = HERE) -> int:
    """Store an exported state as a snapshot; `states restore` loads it.

    Args:
        name: The component that gets it.
        file: File to read; `-` is standard input.
        place: Which runtime.
    """
    return carry_out(ImportState(component_name(name), _read(file)), place)


def restore(name: NameArgument, snapshot: int, /, *, place: Place = HERE) -> int:
    """Load a snapshot into a fresh instance of the active revision.

    This makes a new revision; the state before it is kept as a snapshot.

    Args:
        name: The component, as `name` or `namespace/name`.
        snapshot: ID of the snapshot.
        place: Which runtime.
    """
    return carry_out(RestoreState(component_name(name), snapshot), place)


def _row(view: StateView) -> tuple[str, ...]:
    remarks = [f"could not be loaded by r{number}" for number in view.failed_by]
    if view.paired:
        remarks.append(f"a rollback to r{view.revision} restores it")
    return (
        str(view.id),
        f"r{view.revision}",
        view.version or NOTHING,
        view.cause,
        moment(view.at),
        format_size(view.size),
        view.schema,
        short_digest(view.digest),
        " · ".join(remarks),
    )


def _read(file: Path) -> StateFile:
    """Read an exported state and check its bytes against their digest.

    Raises:
        UsageError: It is not an exported state, or its bytes were changed.
    """
    from airssys_tui.api.wire import decode  # noqa: PLC0415 - late: see `output`

    content = sys.stdin.buffer.read(LARGEST + 1) if is_stream(file) else read_regular(file, LARGEST)
    if len(content) > LARGEST:
        raise UsageError(f"{file} is larger than any exported state ({format_size(LARGEST)})")
    try:
        state = decode(content, StateFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{file} is not an exported state: {error}", remedy="airssys-tui states export writes one"
        ) from error
    if digest_of(state.data) != state.digest:
        raise UsageError(
            f"{file}: the bytes do not match the digest {short_digest(state.digest)} in the file",
            remedy="export the state again",
        )
    return state
