"""The registry as a tree: groups of supervision with their members below them, drawn on the columns of the table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.groups import Branch, branches, components_of, group_text
from airssys_tui.api.views.runtime import GroupView
from airssys_tui.core.lifecycle import State
from airssys_tui.tui.drawing.columns import GAP, NAME, Sight, place
from airssys_tui.tui.drawing.lines import Line, Span, cut_middle, elide, fit, line_width, safe

GROUP: Final = "group "
"""Begins the key of a group's row; no component's name has a space."""

NARROW: Final = 60
"""Cells of a line below which the tree has thin branches, to leave the names room."""


def tree(
    groups: Sequence[GroupView],
    shown: Iterable[str],
    folded: Collection[str],
    sight: Sight,
    width: int,
    *,
    filtered: bool = False,
) -> dict[str, Branch]:
    """Return the rows of the tree by their keys, in order.

    Args:
        groups: All groups.
        shown: The components to show, in order.
        folded: Groups whose members are not shown.
        sight: The symbols.
        width: Cells of a line.
        filtered: Whether ``shown`` is what a filter let through; then only groups with such components are shown.
    """
    names = tuple(shown)
    kept = frozenset(names)
    found: dict[str, Branch] = {}
    for branch in branches(groups, names, frozenset(folded), plain=sight.glyphs.ascii, thin=width < NARROW):
        if branch.group is None:
            wanted = not filtered or branch.name in kept
        else:
            wanted = not filtered or not kept.isdisjoint(components_of(groups, branch.name))
        if wanted:
            found[branch.name if branch.group is None else GROUP + branch.name] = branch
    return found


def group_row(
    branch: Branch,
    groups: Sequence[GroupView],
    rows: Mapping[str, ComponentView],
    sight: Sight,
    width: int,
    *,
    selected: bool,
    folded: bool,
    chosen: Sequence[str] = (),
) -> Line:
    """Draw the row of a group: how many of its components run, and its rules or why it gave up."""
    glyphs, group = sight.glyphs, branch.group
    if group is None:
        return ()
    names = components_of(groups, group.name)
    up = sum(1 for name in names if name in rows and rows[name].state is State.RUNNING)
    bad = bool(group.given_up)
    sign = glyphs.states[State.FAILED] if bad else glyphs.states[State.RUNNING if up == len(names) else State.UPDATING]
    tone = "bad" if bad else "ok" if up == len(names) else "warn"
    fold = "+ " if folded else "- "
    state = f"{sign} {up}/{len(names)} {'failed' if bad else 'run'}  "
    head = _row(branch, sight, width, selected=selected, name=fold + group.name, chosen=chosen)
    room = max(0, width - line_width(head) - len(state))
    said = elide(safe(group_text(group), glyphs), room, glyphs.ellipsis)
    return (*head, Span(state, tone), Span(said, "bad" if bad else "quiet"))


def absent_row(branch: Branch, sight: Sight, width: int, *, selected: bool, chosen: Sequence[str]) -> Line:
    """Draw the row of a member that is not in the folder."""
    head = _row(branch, sight, width, selected=selected, name=branch.name, chosen=chosen)
    room = max(0, width - line_width(head))
    return (*head, Span(elide("waited for: not in the folder yet", room, sight.glyphs.ellipsis), "quiet"))


def _row(branch: Branch, sight: Sight, width: int, *, selected: bool, name: str, chosen: Sequence[str]) -> Line:
    glyphs = sight.glyphs
    cells = next((each.width for each in place(width, tuple(chosen)) if each.column is NAME), NAME.narrow)
    text = branch.lead + cut_middle(safe(name, glyphs, 140), cells - len(branch.lead), glyphs.ellipsis)
    text = fit(text, cells, ellipsis=glyphs.ellipsis)
    return (Span(glyphs.pointer if selected else " ", "accent"), Span(" "), Span(text + GAP * " ", "strong"))


def group_lines(group: GroupView, sight: Sight, width: int) -> tuple[Line, ...]:
    """Draw what is to be known of a group, below the table."""
    glyphs = sight.glyphs
    members, name = ", ".join(member.name for member in group.members), f" group {group.name}  "
    rules = elide(safe(group_text(group), glyphs), max(8, width - len(name)), glyphs.ellipsis)
    said = [
        (Span(name, "strong"), Span(rules)),
        (Span(" starts  ", "quiet"), Span(elide(safe(members, glyphs), max(8, width - 10), glyphs.ellipsis))),
    ]
    for at, step in enumerate(group.given_up):
        said.append((Span(f" {glyphs.arrow if at else ' '} ", "quiet"), Span(safe(step, glyphs), "bad")))
    return tuple(said)
