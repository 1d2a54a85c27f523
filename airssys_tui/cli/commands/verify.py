"""``verify``: replay the checks of a component in a fresh instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer, say
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.reach import Without, ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.units import format_count, format_duration

if TYPE_CHECKING:
    from airssys_tui.api.views.calling import CheckOutcome


def verify(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Replay a component's checks in a fresh instance of its active revision.

    The running instance, its state and its storage are not touched. Exit code 0 when every check gives its saved
    result, 1 when one does not.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    component, site = component_name(name), locate(place.folder, place.state_dir)
    outcomes = ask(site, lambda api: api.verify(component), Without.MOMENT)
    if place.json:
        answer(outcomes)
    elif not outcomes:
        say(f"{component} has no checks; save one: airssys-tui checks save {component} CHECK EXPORT [ARGUMENTS]")
    else:
        for outcome in outcomes:
            _say_outcome(outcome)
        failed = sum(not outcome.passed for outcome in outcomes)
        say(f"{len(outcomes) - failed} of {len(outcomes)} checks passed")
    return ExitCode.OK if all(outcome.passed for outcome in outcomes) else ExitCode.FAILED


def _say_outcome(outcome: CheckOutcome) -> None:
    check = outcome.check
    if outcome.passed:
        fuel = "" if outcome.fuel is None else f", fuel {format_count(outcome.fuel)}"
        say(f"passed  {check.name}  {check.export}{check.arguments} ({format_duration(outcome.seconds)}{fuel})")
        return
    say(f"failed  {check.name}  {check.export}{check.arguments}")
    say(f"        expected {check.result} (saved with r{check.revision})")
    say(f"        got      {outcome.error or outcome.result}")
