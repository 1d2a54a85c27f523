"""What the guard knows of a component, in sentences: declared, granted, missing with what would grant it, denied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airssys_tui.api.views.granting import DenialView, GrantsView, PermissionRow, Standing
from airssys_tui.core.capability.decision import approval, command
from airssys_tui.core.text import Verbatim, bounded
from airssys_tui.core.units import format_duration

NAMED: Final = 5
"""Permissions and denials that are named; the others are counted."""

WIDTH: Final = 2_000
"""Longest sentence, in characters."""

MISSING: Final = frozenset({Standing.NOT_GRANTED, Standing.PARTLY, Standing.EXPIRED})
"""What a grant would allow."""


def permission_sentences(view: GrantsView, now: float) -> tuple[Verbatim, ...]:
    """Tell what a component may reach, and what it lacks; nothing of one that declares and was denied nothing.

    Args:
        view: What is known of its permissions.
        now: Unix seconds.
    """
    if not view.rows and not view.denials:
        return ()
    return tuple(bounded(sentence, WIDTH) for sentence in _sentences(view, now))


def grant_line(view: GrantsView, row: PermissionRow) -> str:
    """Return the command that grants what is missing of a permission; empty if it is granted, or cannot be granted."""
    return command("grant", view.component, row.permission) if row.standing in MISSING else ""


def _sentences(view: GrantsView, now: float) -> Iterator[str]:
    granted = [row.permission for row in view.rows if row.standing is Standing.GRANTED]
    if view.rows:
        declared = "1 permission" if len(view.rows) == 1 else f"{len(view.rows)} permissions"
        named = f": {_listed(granted)}" if granted else ""
        yield f"It declares {declared}; {len(granted) or 'none'} {'is' if len(granted) < 2 else 'are'} granted{named}."
    else:
        yield "It declares no permissions."
    if view.mode == "observe":
        yield "Its denials are only recorded: it may do what it is not granted."
    if view.candidate is not None:
        waits = _listed([row.permission for row in view.rows if row.waits])
        yield f"r{view.candidate} waits for approval of {waits}: `{approval(view.component, view.candidate)}`."
    missing = [row for row in view.rows if row.standing in MISSING and not row.waits]
    for row in missing[:NAMED]:
        yield f"{row.permission} is {row.standing}; to grant it: `{grant_line(view, row)}`."
    if len(missing) > NAMED:
        yield f"{len(missing) - NAMED} more are not granted: `{command('grants', view.component)}`."
    refused = [row.permission for row in view.rows if row.standing in {Standing.REFUSED, Standing.FORBIDDEN}]
    if refused:
        yield f"Refused for good or forbidden: {_listed(refused)}."
    yield from _denied(view, missing, now)


def _denied(view: GrantsView, missing: list[PermissionRow], now: float) -> Iterator[str]:
    told = {row.permission for row in missing[:NAMED]}
    for denial in view.denials[:NAMED]:
        remedy = f"; {_remedy(denial)}" if denial.remedy and denial.access not in told else ""
        yield f"It was denied {denial.access} ({denial.reason}) {_when(denial, now)}{remedy}."
    if len(view.denials) > NAMED:
        yield f"{len(view.denials) - NAMED} more denials: `{command('grants', view.component)}`."


def _remedy(denial: DenialView) -> str:
    if denial.remedy.startswith("airssys-tui "):
        return f"to grant it: `{denial.remedy}`"
    return f"to declare it, write under [capabilities]: {denial.remedy}"


def _when(denial: DenialView, now: float) -> str:
    ago = f"{format_duration(max(0.0, now - denial.last_at))} ago"
    return ago if denial.count == 1 else f"{denial.count} times, the last time {ago}"


def _listed(permissions: list[str]) -> str:
    more = f" and {len(permissions) - NAMED} more" if len(permissions) > NAMED else ""
    return ", ".join(permissions[:NAMED]) + more
