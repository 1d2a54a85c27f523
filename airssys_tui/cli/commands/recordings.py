"""``recordings`` and ``replay``: calls that were recorded with what the host answered, and running them again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from cyclopts import Parameter

from airssys_tui.api.views.recordings import (
    Difference,
    RecordingsView,
    ReplayedCall,
    ReplayOutcome,
    ReplayReport,
)
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, in_one_row, moment, say, say_table
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.cli.reaching.named_revision import revision_number
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, RevisionArgument, component_name
from airssys_tui.cli.reaching.reach import ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import UsageError
from airssys_tui.core.units import format_count, format_size

_COLUMNS: Final = (
    PlainColumn("CALL"),
    PlainColumn("EXPORT", least=12),
    PlainColumn("ARGUMENTS", least=10, rank=1),
    PlainColumn("RESULT", least=10),
    PlainColumn("REV"),
    PlainColumn("FUEL", rank=2),
    PlainColumn("HOST CALLS", rank=2),
    PlainColumn("WHEN", rank=3),
)


def recordings(name: NameArgument, /, *, place: Place = HERE) -> int:
    """List the recorded calls of a running component, newest first.

    Calls are recorded if `[state] record` in the manifest says how many. They are kept in memory while the runtime
    runs, and hold what the component was given and what it read.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    name = component_name(name)
    found = ask(locate(place.folder, place.state_dir), lambda api: api.recordings(name))
    if place.json:
        answer(found)
    else:
        _say_recordings(found)
    return ExitCode.OK


def replay(
    name: NameArgument,
    call: int | None = None,
    /,
    *,
    revision: RevisionArgument | None = None,
    every: Annotated[bool, Parameter(name="--all")] = False,
    place: Place = HERE,
) -> int:
    """Run a recorded call again in a fresh instance, with the recorded answers of the host, and compare.

    Nothing outside is reached: no storage, files or network. Exit code 0 when every replayed call did the same, 1 when
    one did not or could not be run.

    Args:
        name: The component, as `name` or `namespace/name`.
        call: Number of the call, see `recordings`. Default: the newest one.
        revision: The revision to run: 2, r2, a version (1.1.0), "active", "stable" or "previous". Default: the recorded
            one.
        every: Replay every recorded call.
        place: Which runtime.
    """
    name = component_name(name)
    if every and call is not None:
        raise UsageError("name one call, or --all")
    site = locate(place.folder, place.state_dir)
    number = None if revision is None else revision_number(name, revision, place)
    found = ask(site, lambda api: api.replay(name, call, number, every=every))
    if place.json:
        answer(found)
    else:
        _say_report(found)
    return ExitCode.OK if found.same else ExitCode.FAILED


def _say_recordings(found: RecordingsView) -> None:
    if not found.calls:
        hint = "set `record = 20` under [state] in its Component.toml" if not found.wanted else "it was not called yet"
        say(f"no call of {found.component} is recorded: {hint}")
        return
    rows = [
        (
            str(call.number),
            call.export,
            call.arguments,
            call.trap or call.result,
            f"r{call.revision}",
            NOTHING if call.fuel is None else format_count(call.fuel),
            str(call.host_calls),
            moment(call.at),
        )
        for call in found.calls
    ]
    say_table(_COLUMNS, rows)
    say(f"{len(found.calls)} of {found.wanted} calls, {format_size(found.bytes)} of {format_size(found.limit)}")
    if found.dropped:
        say(f"{found.dropped} calls were dropped: no room for them")
    for call in found.calls:
        for text in filter(None, (call.cut and f"it had {call.cut}", call.gap)):
            say(in_one_row(f"call {call.number}: not exact: {text}"))


def _say_report(found: ReplayReport) -> None:
    for one in found.calls:
        _say_call(one, found.revision)
    same = sum(one.outcome is ReplayOutcome.SAME for one in found.calls)
    if not found.calls:
        say(f"no call of {found.component} is recorded")
    elif len(found.calls) > 1:
        say(f"{same} of {len(found.calls)} calls did the same")


def _say_call(one: ReplayedCall, revision: int | None) -> None:
    call = one.call
    where = f"r{call.revision}" if revision in (None, call.revision) else f"r{call.revision} in r{revision}"
    label = {ReplayOutcome.SAME: "same", ReplayOutcome.DIFFERS: "differs"}.get(one.outcome, "not replayed")
    say(in_one_row(f"{label}  call {call.number}  {call.export}{call.arguments}  {where}  {_fuel(one)}"))
    if one.note:
        say(in_one_row(f"  {one.note}"))
    for difference in one.differences:
        for line in _lines(difference):
            say(in_one_row(line))
    if one.more:
        say(f"  and {one.more} more host calls")


def _fuel(one: ReplayedCall) -> str:
    recorded, replayed = one.call.fuel, one.fuel
    if recorded is None or replayed is None:
        return ""
    if recorded == replayed:
        return f"fuel {format_count(recorded)}"
    change = f" ({(replayed - recorded) / recorded:+.1%})" if recorded else ""
    return f"fuel {format_count(recorded)} → {format_count(replayed)}{change}"


def _lines(difference: Difference) -> Iterator[str]:
    yield f"  {difference.title}"
    if difference.recorded:
        yield f"    recorded {difference.recorded}"
    if difference.replayed:
        yield f"    replayed {difference.replayed}"
