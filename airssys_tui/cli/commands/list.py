"""``list``: the components of a folder, one row each.

It loads neither the engine nor the screens, so that scripts get their answer at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.runtime import Snapshot
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

if TYPE_CHECKING:
    from airssys_tui.api.views.groups import Branch

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


def list_components(*, tree: bool = False, place: Place = HERE) -> int:
    """List the components of a folder.

    Works whether the runtime runs or not. Without one, the answer comes from the catalog: "-" means not available, and
    DESIRED shows what the next start does.

    Args:
        tree: Show the groups of airssys.toml with their members below them, in start order.
        place: Which runtime.
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
    if tree:
        _tell_tree(seen, place, live=live)
    elif place.json:
        answer([honest(view, live=live) for view in views])
    elif views:
        say_table(COMPONENT_COLUMNS, [_component_row(view, live=live) for view in views])
    for problem in seen.problems:
        warn(f"{'ignored' if problem.startswith('airssys.toml') else 'skipped'}: {problem}")
    return ExitCode.OK


TREE_COLUMNS: Final = (
    PlainColumn("NAME", least=12),
    PlainColumn("STATE", toned=True),
    PlainColumn("RESTARTS", right=True, rank=3),
    PlainColumn("NOTE", rank=1, least=20),
)


def _tell_tree(seen: Snapshot, place: Place, *, live: bool) -> None:
    """Print the groups and their members as a tree; in JSON the groups, then each component with its group."""
    rows = {view.id: view for view in seen.components}
    if place.json:
        answer(
            {"groups": list(seen.groups), "components": [honest(view, live=live) for view in seen.components]},
        )
        return
    from airssys_tui.api.views.groups import branches  # noqa: PLC0415 - late: most lists are no trees

    found = branches(seen.groups, rows)
    if found:
        say_table(TREE_COLUMNS, [_branch_row(branch, rows.get(branch.name)) for branch in found])


def _branch_row(branch: Branch, view: ComponentView | None) -> Sequence[str]:
    from airssys_tui.api.views.groups import group_state, group_text  # noqa: PLC0415 - late: see above

    name = branch.lead + branch.name
    if branch.group is not None:
        return name, group_state(branch.group), str(branch.group.restarts), group_text(branch.group)
    if view is None:
        return name, NOTHING, NOTHING, "waited for: not in the folder yet"
    return name, view.state, str(view.restarts), view.note.text


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
