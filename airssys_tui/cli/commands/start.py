"""``start``, ``stop``, ``restart`` and ``reload``.

Without a runtime, a start or stop is written into the catalog. A restart has to be tried on a running component: the
command runs the folder for a moment, without watching it.
"""

from __future__ import annotations

from airssys_tui.api.commands import Reload, Restart, Start, Stop
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.orders import carry_out, tell, writable
from airssys_tui.cli.reaching.reach import Without, reach
from airssys_tui.cli.reaching.site import locate


def start(name: NameArgument, /, *arguments: str, wait: bool = False, place: Place = HERE) -> int:
    """Start a component; run a command once more.

    While no runtime runs, this is recorded and takes effect at its next start. With `--wait` the folder is run for a
    moment instead.

    Args:
        name: The component, as `name` or `namespace/name`.
        arguments: For a command: the arguments of this run. Write `--` before those that begin with a hyphen. Default:
            those of its manifest.
        wait: Wait until the command has ended, and exit with its exit code; with 134 after a trap, 143 if it is
            stopped. Without it, the answer comes as soon as it runs.
        place: Which runtime.
    """
    command = Start(component_name(name), arguments or None, wait=wait)
    if not wait:
        return carry_out(command, place, Without.RECORD)
    site = writable(locate(place.folder, place.state_dir))
    with reach(site, Without.MOMENT) as runtime:
        ended = runtime.submit(command).result()
    tell(ended, place)
    return ExitCode.OK if ended.exit_code is None else ended.exit_code


def stop(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Stop a component.

    While no runtime runs, this is recorded and takes effect at its next start.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    return carry_out(Stop(component_name(name)), place, Without.RECORD)


def restart(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Restart a component: a fresh instance of the same revision, with its state.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    return carry_out(Restart(component_name(name)), place)


def reload(name: NameArgument, /, *, force: bool = False, place: Place = HERE) -> int:
    """Deploy the files that are in the folder now; this lifts holds and forgets refusals.

    Args:
        name: The component, as `name` or `namespace/name`.
        force: Accept a breaking change of the exports.
        place: Which runtime.
    """
    return carry_out(Reload(component_name(name), force=force), place)
