"""``traces``: what the calls of a component did, step by step, in its own words."""

from __future__ import annotations

from airssys_tui.api.views.tracing import TraceView
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer, moment, say, warn
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.reach import ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import UsageError


def traces(name: NameArgument, /, *, last: int = 10, place: Place = HERE) -> int:
    """Show what the last calls of a running component did, newest first, each as a tree of its steps.

    Only components that tell of their steps have any.

    Args:
        name: The component, as `name` or `namespace/name`.
        last: How many calls at most; 64 are kept.
        place: Which runtime.
    """
    if last < 1:
        raise UsageError("--last is 1 or more")
    name = component_name(name)
    found = ask(locate(place.folder, place.state_dir), lambda api: api.traces(name))[:last]
    if place.json:
        answer(found)
    elif not found:
        warn(f"{name} has told of no call")
    for trace in () if place.json else found:
        _say_trace(trace)
    return ExitCode.OK


def _say_trace(trace: TraceView) -> None:
    ended = "failed" if trace.failed else "done"
    say(f"{moment(trace.at)}  {trace.export}  {trace.took_ms:.2f} ms  {ended}  {trace.id}")
    for depth, span in trace.tree():
        took = "goes on" if span.took_ms is None else f"{span.took_ms:.2f} ms"
        error = f"  error: {span.error}" if span.error else ""
        say(f"{'  ' * (depth + 1)}{span.name}  {took}{error}")
        for key, value in span.annotations:
            say(f"{'  ' * (depth + 2)}{key}: {value}")
    if trace.dropped:
        say(f"  {trace.dropped} more were dropped")
