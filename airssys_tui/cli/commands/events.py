"""``events``: what happened, once or as it happens."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from airssys_tui.cli.reaching.event_stream import LAST, ask_history, follow_events, make_query, show_events
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place
from airssys_tui.cli.reaching.reach import Without, ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.events import EventKind, Level


def events(
    name: NameArgument | None = None,
    /,
    *,
    follow: bool = False,
    since: str | None = None,
    level: Level = Level.INFO,
    kind: Annotated[list[EventKind] | None, Parameter(negative_iterable=())] = None,
    last: int = LAST,
    place: Place = HERE,
) -> int:
    """Show events: decisions on files, lifecycle, supervision, health and operator commands.

    While no runtime runs, they come from the catalog.

    Args:
        name: Only events of this component, as `name` or `namespace/name`.
        follow: Keep printing new ones until ctrl+c.
        since: Only those newer than this: "10m", "1h30m", or a time such as 2026-03-14T14:00.
        level: Only those of this level or above; "debug" also shows how files settled, and states that were saved.
        kind: Only events of this kind; repeat it for several kinds.
        last: Begin with at most this many of the newest events.
        place: Which runtime.
    """
    kinds = tuple(kind or (found for found in EventKind if found is not EventKind.LOG))
    query = make_query(name, since, level, last, kinds=kinds)
    site = locate(place.folder, place.state_dir)
    if follow:
        return follow_events(site, query, lambda _: True, place, client="events")
    page = ask(site, lambda api: ask_history(api, query), Without.RECORD)
    return show_events(page.events, place)
