"""``list``: the components of a folder, one row each.

It loads neither the engine nor the screens, so that scripts get their answer at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from airssys_tui.api.views.components import ComponentView
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, say_table, warn
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.cli.reaching.figures import honest, is_live
from airssys_tui.cli.reaching.options import HERE, Place
from airssys_tui.cli.reaching.reach import Without, reach
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


def list_components(*, place: Place = HERE) -> int:
    """List the components of a folder.

    Works whether the runtime runs or not. Without one, the answer comes from the catalog: "-" means not available, and
    DESIRED shows what the next start does.
    """
    site = locate(place.folder, place.state_dir, must_exist=False)
    try:
        with reach(site, Without.RECORD) as runtime:
            seen, live = runtime.snapshot(), is_live(runtime)
    except StateAbsent as error:
        warn(f"nothing is recorded yet: {error.message}\n  → run it once: airssys-tui run FOLDER --headless --for 5s")
        if place.json:
            answer([])
        return ExitCode.OK
    views = seen.components
    if place.json:
        answer([honest(view, live=live) for view in views])
    elif views:
        say_table(COMPONENT_COLUMNS, [_component_row(view, live=live) for view in views])
    for problem in seen.problems:
        warn(f"skipped: {problem}")
    return ExitCode.OK


def _code_text(tier: str | None) -> str:
    """Return what is to be told of the code that serves: nothing of optimised code."""
    return f"{tier} code" if tier == "baseline" else ""


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
        " · ".join(filter(None, (view.note.text, "untried" if view.untried else "", _code_text(view.tier)))),
    )
