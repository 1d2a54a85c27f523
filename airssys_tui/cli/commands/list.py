"""``list``, ``describe`` and ``versions``: what the runtime that runs says, or else the catalog.

They load neither the engine nor the screens, so that scripts get their answer at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from airssys_tui.api.views.components import ComponentDetail, ComponentView
from airssys_tui.api.views.revisions import RevisionView
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, moment, say, say_pairs, say_table, warn
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.cli.reaching.figures import honest, honest_detail, is_live
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.reach import ANSWER, Without, ask, reach
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import StateAbsent
from airssys_tui.core.identity import short_digest
from airssys_tui.core.units import format_size

COMPONENT_COLUMNS: Final = (
    PlainColumn("NAME", least=12),
    PlainColumn("STATE", toned=True),
    PlainColumn("HEALTH", rank=4, toned=True),
    PlainColumn("VERSION", rank=1),
    PlainColumn("REV", right=True, rank=1),
    PlainColumn("DIGEST", rank=5),
    PlainColumn("DESIRED", rank=6),
    PlainColumn("FUEL/S", right=True, rank=9),
    PlainColumn("MEMORY", right=True, rank=8),
    PlainColumn("STATE SIZE", right=True, rank=7),
    PlainColumn("NOTE", rank=2, least=20),
)

REVISION_COLUMNS: Final = (
    PlainColumn("REV", right=True),
    PlainColumn("VERSION"),
    PlainColumn("OUTCOME", toned=True),
    PlainColumn("CAUSE", rank=3),
    PlainColumn("DIGEST", rank=4),
    PlainColumn("WHEN", rank=2),
    PlainColumn("WHO", rank=6),
    PlainColumn("SIZE", right=True, rank=7),
    PlainColumn("STATE", right=True, rank=5),
    PlainColumn("REASON", rank=1, least=20),
)


def list_components(*, place: Place = HERE) -> int:
    """List the components of a folder: as they are in the runtime that runs them, else as they were recorded.

    Works whether or not a process runs them. Figures that only a living runtime has are shown as "-". While none
    does, nothing runs, and DESIRED says what the next start does.
    """
    site = locate(place.folder, place.state_dir, must_exist=False)
    try:
        with reach(site, Without.RECORD) as runtime:
            seen, live = runtime.snapshot(), is_live(runtime)
    except StateAbsent as error:
        warn(f"nothing is recorded yet: {error.message}\n  → open it once: airssys-tui run FOLDER --headless --for 5s")
        if place.json:
            answer([])
        return ExitCode.OK
    views = seen.components
    if place.json:
        answer([honest(view, live=live) for view in views])
    elif views:
        say_table(COMPONENT_COLUMNS, [_component_row(view, live=live) for view in views])
    for problem in seen.problems:
        warn(f"not taken in: {problem}")
    return ExitCode.OK


def describe(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Describe one component: what it is, exports, may use and has been.

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


def versions(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Show the revisions of a component, newest first: what each was, why it came and what became of it.

    Of a very long history these are the newest 200 and the older ones that can still be of use.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    name = component_name(name)
    site = locate(place.folder, place.state_dir, must_exist=False)
    revisions = ask(site, lambda runtime: runtime.versions(name), Without.RECORD)
    if place.json:
        answer(revisions)
    else:
        _say_revisions(revisions)
    return ExitCode.OK


def _say_revisions(revisions: Sequence[RevisionView], indent: str = "") -> None:
    say_table(REVISION_COLUMNS, [_revision_row(revision) for revision in revisions], indent=indent)
    left_out = revisions[0].number - len(revisions) if revisions else 0  # numbers begin at 1 and have no gaps
    if left_out > 0:
        say(f"{indent}and {left_out} older ones; `airssys-tui diff` still compares each of them")


def _component_row(view: ComponentView, *, live: bool) -> Sequence[str]:
    runs = view.started_at is not None
    memory = view.meters.memory if runs else None
    return (
        view.id,
        view.state,
        view.health if live else NOTHING,
        view.version or NOTHING,
        NOTHING if view.revision is None else f"r{view.revision}",
        short_digest(view.digest) if view.digest else NOTHING,
        view.desired,
        f"{view.meters.fuel_per_second:.0f}" if runs else NOTHING,
        NOTHING if memory is None else format_size(memory),
        NOTHING if view.state_bytes is None else format_size(view.state_bytes),
        view.note.text,
    )


def _revision_row(revision: RevisionView) -> Sequence[str]:
    cause = f"{revision.cause} of r{revision.origin}" if revision.origin is not None else str(revision.cause)
    remarks = [text for text in (revision.reason, revision.note) if text]
    return (
        f"r{revision.number}",
        revision.version or NOTHING,
        f"{revision.outcome} (stable)" if revision.stable else str(revision.outcome),
        cause,
        short_digest(revision.digest),
        moment(revision.at),
        revision.who,
        NOTHING if revision.size is None else format_size(revision.size),
        NOTHING if revision.state_bytes is None else format_size(revision.state_bytes),
        " · ".join(remarks),
    )


def _revision(view: ComponentView) -> str:
    if view.revision is None:
        return NOTHING
    return f"r{view.revision}, {'stable' if view.stable else 'not proven stable yet'}"


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
    }
    for title, lines in sections.items():
        say(f"\n{title}")
        for line in lines or (NOTHING,):
            say(f"  {line}")
    if detail.revisions:
        say("\nrevisions")
        _say_revisions(detail.revisions, indent="  ")
