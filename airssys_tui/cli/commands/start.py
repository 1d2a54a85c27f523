"""``start``, ``stop``, ``restart`` and ``reload``, of a component or of a group.

Without a runtime, a start or stop is written into the catalog. A restart has to be tried on a running component: the
command runs the folder for a moment, without watching it.
"""

from __future__ import annotations

from airssys_tui.api.commands import Reload, Restart, RestartGroup, Start, StartGroup, Stop, StopGroup
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.reaching.options import HERE, GroupOption, NameArgument, Place, component_name, one_of_both
from airssys_tui.cli.reaching.orders import carry_out, tell, writable
from airssys_tui.cli.reaching.reach import Without, reach
from airssys_tui.cli.reaching.site import locate


def start(
    name: NameArgument | None = None,
    /,
    *arguments: str,
    wait: bool = False,
    group: GroupOption = None,
    place: Place = HERE,
) -> int:
    """Start a component, or the components of a group; run a command once more.

    While no runtime runs, this is recorded and takes effect at its next start. With `--wait` the folder is run for a
    moment instead.

    Args:
        name: The component, as `name` or `namespace/name`.
        arguments: For a command: the arguments of this run. Write `--` before those that begin with a hyphen. Default:
            those of its manifest.
        wait: Wait until the command has ended, and exit with its exit code; with 134 after a trap, 143 if it is
            stopped. Without it, the answer comes as soon as it runs.
        group: A group of airssys.toml instead of a component; its members start in their order.
        place: Which runtime.
    """
    name = one_of_both(name, group)
    if group is not None:
        return carry_out(StartGroup(group), place, Without.RECORD)
    command = Start(component_name(name), arguments or None, wait=wait)
    if not wait:
        return carry_out(command, place, Without.RECORD)
    site = writable(locate(place.folder, place.state_dir))
    with reach(site, Without.MOMENT) as runtime:
        ended = runtime.submit(command).result()
    tell(ended, place)
    return ExitCode.OK if ended.exit_code is None else ended.exit_code


def stop(name: NameArgument | None = None, /, *, group: GroupOption = None, place: Place = HERE) -> int:
    """Stop a component, or the components of a group.

    While no runtime runs, this is recorded and takes effect at its next start.

    Args:
        name: The component, as `name` or `namespace/name`.
        group: A group of airssys.toml instead of a component; its members stop in reverse order.
        place: Which runtime.
    """
    name = one_of_both(name, group)
    command = Stop(component_name(name)) if group is None else StopGroup(group)
    return carry_out(command, place, Without.RECORD)


def restart(name: NameArgument | None = None, /, *, group: GroupOption = None, place: Place = HERE) -> int:
    """Restart a component: a fresh instance of the same revision, with its state.

    Of a group, all members end in reverse order before the first one starts; those that you stopped stay stopped.

    Args:
        name: The component, as `name` or `namespace/name`.
        group: A group of airssys.toml instead of a component.
        place: Which runtime.
    """
    name = one_of_both(name, group)
    return carry_out(Restart(component_name(name)) if group is None else RestartGroup(group), place)


def reload(name: NameArgument, /, *, force: bool = False, place: Place = HERE) -> int:
    """Deploy the files that are in the folder now; this lifts holds and forgets refusals.

    Args:
        name: The component, as `name` or `namespace/name`.
        force: Accept a breaking change of the exports.
        place: Which runtime.
    """
    return carry_out(Reload(component_name(name), force=force), place)
