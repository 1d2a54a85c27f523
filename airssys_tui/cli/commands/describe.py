"""``describe``: everything about one component."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airssys_tui.api.permission_story import grant_line
from airssys_tui.api.views.components import ComponentDetail, ComponentView, HostUse
from airssys_tui.api.views.granting import GrantsView
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, in_one_row, moment, say, say_pairs
from airssys_tui.cli.commands.grants import OBSERVED, times
from airssys_tui.cli.commands.versions import say_revisions, standing_of
from airssys_tui.cli.reaching.figures import honest_detail, is_live
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.reach import ANSWER, Without, reach
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.capability.decision import approval, command
from airssys_tui.core.units import format_size

LATEST: Final = 5
"""Denials that are shown."""


def describe(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Show everything about one component: exports, imports, permissions, limits, notes and revisions.

    Of its permissions it shows what is declared and granted, the commands that grant what is missing, what it asks for
    and the latest denials.

    The answer is the same whether the runtime runs or not; "-", or null in JSON, means not available without one.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    name = component_name(name)
    site = locate(place.folder, place.state_dir, must_exist=False)
    with reach(site, Without.RECORD) as runtime:
        detail, live = runtime.describe(name).result(ANSWER), is_live(runtime)
        view = runtime.grants(detail.view.id).result(ANSWER)
    if place.json:
        answer(honest_detail(detail, live=live) | {"permissions": view})
    else:
        _say_detail(detail, view, live=live)
    return ExitCode.OK


def _revision(view: ComponentView) -> str:
    if view.revision is None:
        return NOTHING
    waits = f"; r{view.awaiting.revision} awaits approval" if view.awaiting is not None else ""
    return f"r{view.revision}, {standing_of(view) or 'not stable'}{waits}"


def _host_use(use: HostUse) -> str:
    size = f", {format_size(use.bytes)}" if use.bytes is not None else ""
    refused = f", {use.refused} refused" if use.refused else ""
    return f"{use.what}: {use.count} of {use.limit}{size}{refused}"


def _permissions(view: GrantsView) -> Iterator[str]:
    if view.mode == "observe":
        yield OBSERVED
    if view.candidate is not None:
        yield f"r{view.candidate} waits for approval → {approval(view.component, view.candidate)}"
    for row in view.rows:
        by = next((f", {each.scope}, by {each.who}" for each in row.answers if each.in_force), "")
        line = grant_line(view, row)
        yield f"{row.permission}  {row.standing}{by}{f' → {line}' if line else ''}"
    for question in view.questions:
        yield f"asks for {question.permission}{f': {question.rationale}' if question.rationale else ''}"


def _denials(view: GrantsView) -> Iterator[str]:
    for denial in view.denials[:LATEST]:
        remedy = f" → {denial.remedy}" if denial.remedy else ""
        yield f"{denial.access}  {denial.reason}, {times(denial.count)}, last {moment(denial.last_at)}{remedy}"
    if len(view.denials) > LATEST:
        yield f"and {len(view.denials) - LATEST} more → {command('grants', view.component)}"


def _say_detail(detail: ComponentDetail, view: GrantsView, *, live: bool) -> None:
    say_pairs([(name, value or NOTHING) for name, value in _facts(detail.view, detail.description, live=live)])
    sections = {
        "exports": detail.exports,
        "imports": detail.imports,
        "links": tuple(link.text for link in detail.view.links),
        "permissions": tuple(_permissions(view)),
        "latest denials": tuple(_denials(view)),
        "limits": detail.limits,
        "config": detail.config,
        "no effect yet": detail.inert,
        "says of itself": detail.described,
        "kept at the host": tuple(map(_host_use, detail.host_use)),
        "messages": detail.messages,
    }
    for title, lines in sections.items():
        say(f"\n{title}")
        for line in lines or (NOTHING,):
            say(in_one_row(f"  {line}"))
    if detail.revisions:
        say("\nrevisions")
        say_revisions(detail.revisions, indent="  ")


def _facts(view: ComponentView, description: str, *, live: bool) -> list[tuple[str, str]]:
    return [
        ("name", view.id),
        ("description", description),
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
        *((("exit code", str(view.exit_code)),) if view.exit_code is not None else ()),
        (
            "state saved",
            f"{format_size(view.state_bytes)} at {moment(view.state_saved_at)}" if view.state_bytes else "",
        ),
    ]
