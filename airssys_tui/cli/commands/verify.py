"""``verify`` and ``checks``: calls that are kept with their result and replayed in a fresh instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer, say, say_table
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.orders import writable
from airssys_tui.cli.reaching.reach import Without, ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.units import format_count, format_duration

if TYPE_CHECKING:
    from airssys_tui.api.views.calling import CheckOutcome

_COLUMNS: Final = (
    PlainColumn("NAME"),
    PlainColumn("EXPORT", least=12),
    PlainColumn("ARGUMENTS", least=10, rank=1),
    PlainColumn("RESULT", least=10),
    PlainColumn("FROM", rank=2),
)


def verify(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Replay a component's checks, one after another, in one fresh instance of its active revision.

    What runs, its state and its storage are not touched. Exit code 0 when every check gives what it gave when it was
    saved, 1 when one does not.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    component, site = component_name(name), locate(place.folder, place.state_dir)
    outcomes = ask(site, lambda api: api.verify(component), Without.MOMENT)
    if place.json:
        answer(outcomes)
    elif not outcomes:
        say(f"{component} has no checks; keep one: airssys-tui checks save {component} CHECK EXPORT [ARGUMENTS]")
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


def checks_list(name: NameArgument, /, *, place: Place = HERE) -> int:
    """List a component's checks in the order of their replay.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    component, site = component_name(name), locate(place.folder, place.state_dir)
    kept = ask(site, lambda api: api.checks(component), Without.MOMENT)
    if place.json:
        answer(kept)
    elif not kept:
        say(f"{component} has no checks")
    else:
        rows = [(check.name, check.export, check.arguments, check.result, f"r{check.revision}") for check in kept]
        say_table(_COLUMNS, rows)
    return ExitCode.OK


def checks_save(name: NameArgument, check: str, export: str, /, *arguments: str, place: Place = HERE) -> int:
    """Keep a call as a check, with what a fresh instance answers after the checks before it.

    Args:
        name: The component, as `name` or `namespace/name`.
        check: What to call the check; one of that name is replaced.
        export: `function`, or `interface#function`.
        arguments: One JSON text for each argument; what is no JSON is taken as a string.
        place: Which runtime.
    """
    from airssys_tui.cli.commands.check import join_arguments  # noqa: PLC0415 - late: `--help` needs none of it

    component, site = component_name(name), writable(locate(place.folder, place.state_dir))
    given = join_arguments(arguments)
    kept = ask(site, lambda api: api.save_check(component, check, export, given), Without.MOMENT)
    if place.json:
        answer(kept)
    else:
        say(f"kept {kept.name}: {kept.export}{kept.arguments} gives {kept.result}")
    return ExitCode.OK


def checks_drop(name: NameArgument, check: str, /, *, place: Place = HERE) -> int:
    """Forget a check.

    Args:
        name: The component, as `name` or `namespace/name`.
        check: What it is called.
        place: Which runtime.
    """
    component, site = component_name(name), writable(locate(place.folder, place.state_dir))
    done = ask(site, lambda api: api.drop_check(component, check), Without.MOMENT)
    if place.json:
        answer(done)
    else:
        say(done.text)
    return ExitCode.OK
