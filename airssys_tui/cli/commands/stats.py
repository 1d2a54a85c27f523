"""``stats``: every meter of one component, or of all."""

from __future__ import annotations

from collections.abc import Sequence

from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.runtime import Snapshot
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer, say, say_pairs, say_table
from airssys_tui.cli.answering.usage_table import TOP_COLUMNS, meter_pairs, top_row, totals
from airssys_tui.cli.reaching.figures import honest, is_live
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.reach import Without, reach
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import UnknownComponent


def stats(name: NameArgument | None = None, /, *, place: Place = HERE) -> int:
    """Show the meters of one component or of all.

    "-", or null in JSON, means not available.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    site = locate(place.folder, place.state_dir, must_exist=False)
    with reach(site, Without.RECORD, client="stats") as api:
        seen, live = api.snapshot(), is_live(api)
    views = seen.components if name is None else (_find(seen, component_name(name)),)
    if place.json:
        answer(_stats(seen, views, live=live, whole=name is None))
    elif name is None:
        say_pairs(totals(seen) if live else [("runtime", "not running; this is from the catalog")])
        say()
        say_table(TOP_COLUMNS, [top_row(view) for view in views])
    else:
        say_pairs([("component", views[0].id), ("state", views[0].state), *meter_pairs(views[0].meters, live=live)])
    return ExitCode.OK


def _stats(seen: Snapshot, views: Sequence[ComponentView], *, live: bool, whole: bool) -> object:
    from airssys_tui.api.wire import plain  # noqa: PLC0415

    rows = []
    for view in views:
        row = honest(view, live=live)
        rows.append({name: row[name] for name in ("id", "state", "version", "revision", "restarts", "meters")})
    if not whole:
        return rows[0]
    figures = ("at", "fuel_per_second", "memory", "memory_limit", "cpu", "workers", "busy", "handed")
    told = plain(seen)
    lost = ("descriptors", "descriptor_limit", "dropped_events", "unwritten_events", "tallies")
    totals = {name: told[name] if live else None for name in (*figures, *lost)}
    return {"phase": told["phase"], **totals, "components": rows}


def _find(seen: Snapshot, name: str) -> ComponentView:
    for view in seen.components:
        if view.id == name:
            return view
    names = ", ".join(view.id for view in seen.components[:10])
    raise UnknownComponent(
        f"there is no component {name}", remedy=f"components: {names}" if names else "", component=name
    )
