"""``describe``: everything about one component."""

from __future__ import annotations

from airssys_tui.api.views.components import ComponentDetail, ComponentView, HostUse
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, in_one_row, moment, say, say_pairs
from airssys_tui.cli.commands.versions import say_revisions, standing_of
from airssys_tui.cli.reaching.figures import honest_detail, is_live
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.reach import ANSWER, Without, reach
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.units import format_size


def describe(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Show everything about one component: exports, imports, capabilities, limits, notes and revisions.

    The answer is the same whether the runtime runs or not; "-", or null in JSON, means not available without one.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    name = component_name(name)
    site = locate(place.folder, place.state_dir, must_exist=False)
    with reach(site, Without.RECORD) as runtime:
        detail, live = runtime.describe(name).result(ANSWER), is_live(runtime)
    if place.json:
        answer(honest_detail(detail, live=live))
    else:
        _say_detail(detail, live=live)
    return ExitCode.OK


def _revision(view: ComponentView) -> str:
    if view.revision is None:
        return NOTHING
    return f"r{view.revision}, {standing_of(view) or 'not stable'}"


def _host_use(use: HostUse) -> str:
    size = f", {format_size(use.bytes)}" if use.bytes is not None else ""
    refused = f", {use.refused} refused" if use.refused else ""
    return f"{use.what}: {use.count} of {use.limit}{size}{refused}"


def _say_detail(detail: ComponentDetail, *, live: bool) -> None:
    view = detail.view
    facts = [
        ("name", view.id),
        ("description", detail.description),
        ("state", view.state),
        ("desired", view.desired),
        ("health", view.health if live else NOTHING),
        ("version", view.version or NOTHING),
        ("revision", _revision(view)),
        ("digest", view.digest or NOTHING),
        ("kind", f"{view.kind}, {'keeps state' if view.stateful else 'keeps no state'}"),
        ("code", view.tier or NOTHING),
        ("source", view.source if view.present else f"{view.source} (gone)"),
        ("held", ", ".join(view.held)),
        ("quarantined", ", ".join(f"r{number}" for number in view.quarantined)),
        ("note", view.note.text),
        (
            "state saved",
            f"{format_size(view.state_bytes)} at {moment(view.state_saved_at)}" if view.state_bytes else "",
        ),
    ]
    say_pairs([(name, value or NOTHING) for name, value in facts])
    sections = {
        "exports": detail.exports,
        "imports": detail.imports,
        "capabilities": detail.capabilities,
        "limits": detail.limits,
        "config": detail.config,
        "no effect yet": detail.inert,
        "says of itself": detail.described,
        "kept at the host": tuple(map(_host_use, detail.host_use)),
    }
    for title, lines in sections.items():
        say(f"\n{title}")
        for line in lines or (NOTHING,):
            say(in_one_row(f"  {line}"))
    if detail.revisions:
        say("\nrevisions")
        say_revisions(detail.revisions, indent="  ")
