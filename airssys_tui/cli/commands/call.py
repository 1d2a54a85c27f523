"""``call``: one call of a component that runs, or of a throw-away instance."""

from __future__ import annotations

import os
from pathlib import Path

from airssys_tui.api.views.runtime import CallReport
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, say_data, warn
from airssys_tui.cli.reaching.options import HERE, CalledArgument, ExportArgument, Place, TierOption, component_name
from airssys_tui.cli.reaching.orders import writable
from airssys_tui.cli.reaching.reach import Without, ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import AdmissionError, IdentityError, NothingRuns
from airssys_tui.core.gates import Gate
from airssys_tui.core.revision import Tier
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.units import format_call_time, format_count, format_size


def call(
    path: CalledArgument,
    export: ExportArgument,
    /,
    *arguments: str,
    live: bool = False,
    force: bool = False,
    tier: TierOption = None,
    place: Place = HERE,
) -> int:
    """Call one export of a component; print its result and its cost.

    A path is called in a throw-away instance, a name is a component of the running runtime. With `--live` a name works
    without a runtime too: the component runs for this call, from its saved state, and its state is saved afterwards.
    The result goes to standard output; the component's output, fuel, time and peak memory go to standard error.

    Args:
        path: A WebAssembly file or a component folder, or a component, as `name` or `namespace/name`.
        export: `function` or `interface#function`; `airssys-tui check` lists them.
        arguments: One JSON value each; anything that is not JSON is passed as a string.
        live: Call the component of that name in the folder, even when a path has the same name.
        force: Call what only the host calls in a component: `init`, `shutdown`, `load` and `save`.
        tier: Compile the component of a path as "optimised" or as "baseline", whatever its manifest says.
        place: Which runtime.
    """
    json_arguments = join_arguments(arguments)
    try:
        if not live and os.path.lexists(path):  # a link that leads nowhere is a path too, and has an error of its own
            report = _call_path(path, export, json_arguments, tier)
        else:
            _require_path(tier)
            report = (_call_live if live else _call)(path, export, json_arguments, place, force=force)
    except GuestTrap as trap:
        from airssys_tui.runtime.deploying.gate_checks import see_logs, trap_remedy  # noqa: PLC0415 - late: loads the engine

        logs = see_logs(trap.trap.printed, trap.component) if live or not path.exists() else ""
        trap.remedy = trap.remedy or "; ".join(filter(None, (trap_remedy(trap), logs)))
        raise
    return _say_call(report, json=place.json)


def _call_path(path: Path, export: str, json_arguments: str, tier: Tier | None) -> CallReport:
    from airssys_tui.cli.reaching.program_settings import read_settings, tier_choice  # noqa: PLC0415 - late: see `options`
    from airssys_tui.runtime.standalone.call import call_path  # noqa: PLC0415 - late: loads the engine

    return call_path(path, export, json_arguments, tier_choice(tier, read_settings()))


def _require_path(tier: Tier | None) -> None:
    if tier is not None:
        from airssys_tui.core.errors import UsageError  # noqa: PLC0415

        raise UsageError(
            "--tier is for the component of a path; a runtime has compiled its components",
            remedy="choose the tier when the runtime is started, or leave out --tier",
        )


def _call_live(path: Path, export: str, json_arguments: str, place: Place, *, force: bool) -> CallReport:
    name = component_name(str(path))
    site = writable(locate(place.folder, place.state_dir))
    return ask(site, lambda runtime: runtime.call(name, export, json_arguments, force=force), Without.MOMENT)


def _call(path: Path, export: str, json_arguments: str, place: Place, *, force: bool) -> CallReport:
    try:
        name = component_name(str(path))
        site = writable(locate(place.folder, place.state_dir))
        return ask(site, lambda runtime: runtime.call(name, export, json_arguments, force=force))
    except (IdentityError, NothingRuns) as error:
        unasked = "" if isinstance(error, IdentityError) else f", and no process runs {site.folder.value}"
        raise AdmissionError(
            f"there is no file {path}{unasked}",
            gate=Gate.FILE,
            remedy="name a wasm file or its folder, start the runtime, or add --live to run the component of that "
            "name in --folder for this call",
        ) from error


def _document(report: CallReport) -> dict[str, object]:
    """Return a report with its result as a JSON value, copied as text so that no digit is lost."""
    import msgspec  # noqa: PLC0415 - late: see `options`

    from airssys_tui.api.wire import plain  # noqa: PLC0415

    return {**plain(report), "result": msgspec.Raw(report.result.encode())}


def join_arguments(arguments: tuple[str, ...]) -> str:
    """Return the JSON array of the arguments; one that is not JSON becomes a string.

    The text of JSON is kept unchanged, so that no digit and no character is lost.

    Raises:
        ArgumentError: If one is not Unicode text, or JSON that no WIT type can hold.
    """
    import msgspec  # noqa: PLC0415 - late: see `options`

    from airssys_tui.core.types.json_form import has_lone_surrogate, read_json  # noqa: PLC0415

    def one(number: int, text: str) -> str:
        try:
            msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
            if isinstance(error, RecursionError) or has_lone_surrogate(text):
                read_json(text, str(number))
            return msgspec.json.encode(text).decode()
        return text

    return "[" + ",".join(one(number, text) for number, text in enumerate(arguments, 1)) + "]"


def _say_call(report: CallReport, *, json: bool) -> int:
    if json:
        answer(_document(report))
        return ExitCode.OK
    say_data(report.result)
    for line in report.output:
        warn(line)
    cpu = "" if report.cpu_seconds is None else f" (cpu {format_call_time(report.cpu_seconds)})"
    peak = NOTHING if report.memory_peak is None else format_size(report.memory_peak)
    time = format_call_time(report.seconds)
    short = format_count(report.fuel)
    fuel = f"{report.fuel}" if short == str(report.fuel) else f"{report.fuel} ({short})"
    whose = "" if report.tier == "optimised" else f" ({report.tier} code)"
    warn(f"{report.export}: fuel {fuel}{whose}, time {time}{cpu}, peak memory {peak}")
    return ExitCode.OK
