"""The ways to name a revision: its number, its version, or what it is at the moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from airssys_tui.cli.reaching.options import ROLES, Place
from airssys_tui.core.errors import UsageError
from airssys_tui.core.revision import Outcome

if TYPE_CHECKING:
    from airssys_tui.api.views.revisions import RevisionView


def revision_number(name: str, word: str, place: Place) -> int:
    """Return the number of the revision that a word names; see :func:`revision_numbers`."""
    (number,) = revision_numbers(name, (word,), place)
    return number


def revision_numbers(name: str, words: Sequence[str], place: Place) -> tuple[int, ...]:
    """Return the numbers of the revisions that words name; only versions and roles are looked up, and all at once.

    Args:
        name: The component.
        words: As `options.revision_word` returns them.
        place: Which runtime.

    Raises:
        UsageError: The component has no such revision.
        AirssysError: There is no such component, or nobody can say.
    """
    if all(word.isdecimal() for word in words):
        return tuple(map(int, words))
    from airssys_tui.cli.reaching.reach import Without, ask  # noqa: PLC0415 - late: a number needs nobody
    from airssys_tui.cli.reaching.site import locate  # noqa: PLC0415

    site = locate(place.folder, place.state_dir, must_exist=False)
    timeline = ask(site, lambda api: api.versions(name), Without.RECORD)
    return tuple(int(word) if word.isdecimal() else _number(name, timeline, word) for word in words)


def _number(name: str, timeline: Sequence[RevisionView], word: str) -> int:
    found = named(timeline, word)
    if found is None:
        what = f"{word} revision" if word in ROLES else f"revision of version {word}"
        raise UsageError(f"{name} has no {what}", remedy=f"airssys-tui versions {name} lists its revisions")
    return found.number


def named(timeline: Sequence[RevisionView], word: str) -> RevisionView | None:
    """Return the revision of a component that a version or a role means, or None.

    Of several revisions with a version, it is the newest that has served, else the newest.

    Args:
        timeline: Its revisions, newest first.
        word: A version, or one of `ROLES`.
    """
    served = [view for view in timeline if view.activated_at is not None]
    active = next((view for view in timeline if view.outcome is Outcome.ACTIVE), None)
    if word == "active":
        return active
    if word == "stable":
        return next((view for view in timeline if view.stable), None)
    if word == "previous":
        others = [view for view in served if view is not active]
        return max(others, key=lambda view: (view.activated_at or 0.0, view.number), default=None)
    return next((view for view in (*served, *timeline) if view.version == word), None)
