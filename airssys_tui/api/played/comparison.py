"""Comparison of two revisions of a simulated component, and the preview of a rollback."""

from __future__ import annotations

from airssys_tui.api.played.component import PlayedComponent
from airssys_tui.api.played.revisions import PlayedRevision
from airssys_tui.api.views.revisions import DiffLine, RevisionDiff, RollbackPreview, StateChoice
from airssys_tui.core.revision import rollback_target
from airssys_tui.core.text import sanitise


def compare(component: PlayedComponent, number: int, against: int | None = None) -> RevisionDiff:
    """Compare a revision with another one, or with the active one.

    Raises:
        UsageError: If a revision does not exist.
    """
    then = component.find(number)
    now = component.active if against is None else component.find(against)
    lines = [*_export_lines(component, now.digest if now else None, then.digest)]
    lines += [
        DiffLine("limits", "same", sanitise("unchanged")),
        DiffLine("capabilities", "same", sanitise("unchanged")),
    ]
    return RevisionDiff(component=component.id, now=now.view if now else None, then=then.view, lines=tuple(lines))


def preview(component: PlayedComponent, to: int | None, *, force: bool = False) -> RollbackPreview:
    """Return what a rollback would do.

    Raises:
        RollbackRefused: If :func:`~airssys_tui.core.revision.rollback_target` refuses the target.
    """
    target = rollback_target(component.timeline, component.id, to=to, force=force)
    return RollbackPreview(
        diff=compare(component, target.number),
        becomes=component.next_number,
        holds=component.labels(component.held_after(target)),
        state=_state_choices(component, component.find(target.number)),
    )


def _state_choices(component: PlayedComponent, then: PlayedRevision) -> tuple[StateChoice, ...]:
    if not component.view.stateful:
        return (StateChoice("fresh", possible=True, text=sanitise("it has no state export: it starts empty")),)
    size = component.view.state_bytes or 0
    kept = f"r{then.number} loads what is in memory now ({size} B, tried): nothing is lost"
    restored = f"r{then.number} loads its own last state ({then.state_bytes} B): what came later is put aside"
    none = f"no state of r{then.number} is kept"
    return (
        StateChoice("keep", possible=True, text=sanitise(kept)),
        StateChoice(
            "restore",
            possible=then.state_bytes is not None,
            text=sanitise(restored if then.state_bytes is not None else none),
        ),
        StateChoice("fresh", possible=True, text=sanitise("it starts empty; the present state is kept as a snapshot")),
    )


def _export_lines(component: PlayedComponent, now: str | None, then: str) -> list[DiffLine]:
    have, would = component.exports_of(now), component.exports_of(then)
    removed = [DiffLine("exports", "removed", sanitise(line)) for line in have if line not in would]
    added = [DiffLine("exports", "added", sanitise(line)) for line in would if line not in have]
    return removed + added or [DiffLine("exports", "same", sanitise("unchanged"))]
