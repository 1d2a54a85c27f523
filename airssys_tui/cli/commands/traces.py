"""``traces``: the steps that a component reported of its last calls."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from airssys_tui.api.views.tracing import TraceView
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer, in_one_row, moment, say, warn
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.reach import ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import UsageError


def traces(
    name: NameArgument | None = None,
    /,
    *,
    last: int = 10,
    trace: Annotated[str, Parameter(name="--id")] = "",
    place: Place = HERE,
) -> int:
    """Show the steps of a running component's last calls as trees, newest first.

    Only components that report their steps have traces, and requests over HTTP.

    Args:
        name: The component, as `name` or `namespace/name`. Without it, the path of the trace of an --id through all
            components.
        last: Maximum number of calls; the runtime keeps 64.
        trace: Show only the trace of this id, such as that of a request: its `x-request-id`.
        place: Which runtime.
    """
    if last < 1:
        raise UsageError("--last must be at least 1")
    if name is None and not trace:
        raise UsageError("name a component, or the --id of a trace")
    asked = "" if name is None else component_name(name)
    found = ask(locate(place.folder, place.state_dir), lambda api: api.traces(asked, trace))[:last]
    if place.json:
        answer(found)
    elif not found:
        whose = f"{asked} has" if asked else "there is"
        warn(f"{whose} no trace of the id {trace}" if trace else f"{whose} no traces")
    for each in () if place.json else found:
        _say_trace(each)
    return ExitCode.OK


def _say_trace(trace: TraceView) -> None:
    ended = "failed" if trace.failed else "done"
    say(f"{moment(trace.at)}  {trace.export}  {trace.took_ms:.2f} ms  {ended}  {trace.id}")
    for depth, span in trace.tree():
        took = "running" if span.took_ms is None else f"{span.took_ms:.2f} ms"
        error = f"  error: {span.error}" if span.error else ""
        say(in_one_row(f"{'  ' * (depth + 1)}{span.name}  {took}{error}"))
        for key, value in span.annotations:
            say(in_one_row(f"{'  ' * (depth + 2)}{key}: {value}"))
    if trace.dropped:
        say(f"  {trace.dropped} more were dropped")
