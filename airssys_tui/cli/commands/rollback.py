"""``rollback``: go back to an earlier revision."""

from __future__ import annotations

from airssys_tui.api.commands import Rollback
from airssys_tui.api.views.revisions import RollbackPreview
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer, say
from airssys_tui.cli.commands.diff import say_diff
from airssys_tui.cli.reaching.named_revision import revision_number
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, RevisionArgument, component_name
from airssys_tui.cli.reaching.orders import carry_out
from airssys_tui.cli.reaching.reach import Without, ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.revision import StatePolicy


def rollback(
    name: NameArgument,
    /,
    *,
    to: RevisionArgument | None = None,
    state: StatePolicy = StatePolicy.KEEP,
    force: bool = False,
    note: str = "",
    dry_run: bool = False,
    place: Place = HERE,
) -> int:
    """Roll back to an earlier revision.

    The version rolled back from is held: neither the watcher nor a restart deploys it until you reload.

    Args:
        name: The component, as `name` or `namespace/name`.
        to: The revision: 2, r2, a version (1.1.0), "stable" or "previous". Default: the previous stable one, else the
            previous one.
        state: State to go on with: the current one, the one saved with that revision, or a fresh one.
        force: Allow a failed or quarantined revision.
        note: The reason, for the history.
        dry_run: Show what would change, try whether the target can load the state, and change nothing.
        place: Which runtime.
    """
    name = component_name(name)
    number = None if to is None else revision_number(name, to, place)
    if dry_run:
        site = locate(place.folder, place.state_dir)
        return _tell_preview(
            ask(site, lambda api: api.preview_rollback(name, number, force=force), Without.MOMENT), place
        )
    return carry_out(Rollback(name, to=number, state=state, force=force, note=note), place)


def _tell_preview(preview: RollbackPreview, place: Place) -> int:
    if place.json:
        answer(preview)
        return ExitCode.OK
    say_diff(preview.diff)
    say(f"it would become r{preview.becomes}; nothing was changed")
    if preview.holds:
        say(f"held until you reload: {', '.join(preview.holds)}")
    for choice in preview.state:
        say(f"state {choice.policy}: {'' if choice.possible else 'not possible: '}{choice.text}")
    return ExitCode.OK
