"""``checks``: calls that are kept with their result."""

from __future__ import annotations

from typing import Final

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer, say, say_table
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.orders import writable
from airssys_tui.cli.reaching.reach import Without, ask
from airssys_tui.cli.reaching.site import locate

_COLUMNS: Final = (
    PlainColumn("NAME"),
    PlainColumn("EXPORT", least=12),
    PlainColumn("ARGUMENTS", least=10, rank=1),
    PlainColumn("RESULT", least=10),
    PlainColumn("FROM", rank=2),
)


def checks_list(name: NameArgument, /, *, place: Place = HERE) -> int:
    """List a component's checks in replay order.

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
    """Save a call as a check, with the result that a fresh instance gives after the checks before it.

    Args:
        name: The component, as `name` or `namespace/name`.
        check: Name of the check; an existing one is replaced.
        export: `function` or `interface#function`.
        arguments: One JSON value each; anything that is not JSON is passed as a string.
        place: Which runtime.
    """
    from airssys_tui.cli.commands.call import join_arguments  # noqa: PLC0415 - late: `--help` needs none of it

    component, site = component_name(name), writable(locate(place.folder, place.state_dir))
    given = join_arguments(arguments)
    kept = ask(site, lambda api: api.save_check(component, check, export, given), Without.MOMENT)
    if place.json:
        answer(kept)
    else:
        say(f"saved {kept.name}: {kept.export}{kept.arguments} gives {kept.result}")
    return ExitCode.OK


def checks_drop(name: NameArgument, check: str, /, *, place: Place = HERE) -> int:
    """Delete a check.

    Args:
        name: The component, as `name` or `namespace/name`.
        check: Name of the check.
        place: Which runtime.
    """
    component, site = component_name(name), writable(locate(place.folder, place.state_dir))
    done = ask(site, lambda api: api.drop_check(component, check), Without.MOMENT)
    if place.json:
        answer(done)
    else:
        say(done.text)
    return ExitCode.OK
