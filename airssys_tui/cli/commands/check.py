"""``check`` and ``call``: components looked at and tried out without a runtime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airssys_tui.api.views.runtime import CallReport
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, say, say_pairs, warn
from airssys_tui.cli.reaching.options import AS_TEXT, HERE, Form, Place, component_name
from airssys_tui.cli.reaching.orders import writable
from airssys_tui.cli.reaching.reach import Without, ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import AdmissionError, IdentityError, NothingRuns
from airssys_tui.core.gates import Gate
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.units import format_call_time, format_count, format_size

if TYPE_CHECKING:
    from airssys_tui.runtime.standalone.check import CheckReport


def check(*paths: Path, form: Form = AS_TEXT) -> int:
    """Say whether files are admissible components: what they are and need, or which gate refuses them, where and why.

    Exit code 0 when all are, 1 when one is not. Nothing of a component is run.

    Args:
        paths: WebAssembly files, or component folders with a Component.toml.
        form: How to answer.
    """
    from airssys_tui.runtime.standalone.check import inspect_path  # noqa: PLC0415 - late: loads the engine

    if not paths:
        from airssys_tui.core.errors import UsageError  # noqa: PLC0415

        raise UsageError("no file named", remedy="airssys-tui check counter.wasm")
    reports = [inspect_path(path) for path in paths]
    if form.json:
        answer(reports)
    else:
        for report in reports:
            _say_check(report)
    return ExitCode.OK if all(report.admissible for report in reports) else ExitCode.FAILED


def call(path: Path, export: str, /, *arguments: str, live: bool = False, place: Place = HERE) -> int:
    """Call one export of a component in a throw-away instance, or of one that runs; print its result and its cost.

    The result goes to standard output; what the component wrote, fuel, time and peak memory go to standard error.
    A name that is no path is a component of the runtime that runs. With `--live` it is one also while nothing runs:
    its state goes on from where it was and is kept.

    Args:
        path: A WebAssembly file or a component folder, or a component, as `name` or `namespace/name`.
        export: `function`, or `interface#function`; `airssys-tui check` lists them.
        arguments: One JSON text for each argument; what is no JSON is taken as a string, so that `hello` is "hello".
        live: Call the component in the folder, not a throw-away instance, also when a path has that name.
        place: Which runtime.
    """
    json_arguments = join_arguments(arguments)
    try:
        answered = _call_live if live else _call
        report = answered(path, export, json_arguments, place)
    except GuestTrap as trap:
        from airssys_tui.runtime.deploying.gate_checks import trap_remedy  # noqa: PLC0415 - late: loads the engine

        trap.remedy = trap.remedy or trap_remedy(trap)
        raise
    if place.json:
        answer(_document(report))
    else:
        _say_call(report)
    return ExitCode.OK


def _call_live(path: Path, export: str, json_arguments: str, place: Place) -> CallReport:
    name = component_name(str(path))
    site = writable(locate(place.folder, place.state_dir))
    return ask(site, lambda runtime: runtime.call(name, export, json_arguments), Without.MOMENT)


def _call(path: Path, export: str, json_arguments: str, place: Place) -> CallReport:
    if path.exists():
        from airssys_tui.runtime.standalone.call import call_path  # noqa: PLC0415 - late: loads the engine

        return call_path(path, export, json_arguments)
    try:
        name = component_name(str(path))
        site = writable(locate(place.folder, place.state_dir))
        return ask(site, lambda runtime: runtime.call(name, export, json_arguments))
    except (IdentityError, NothingRuns) as error:
        unasked = "" if isinstance(error, IdentityError) else f", and nothing runs {site.folder.value}"
        raise AdmissionError(
            f"there is nothing at {path}{unasked}",
            gate=Gate.FILE,
            remedy="name a wasm file or its directory, start the runtime, or add --live to run the component of that "
            "name in --folder for this call",
        ) from error


def _document(report: CallReport) -> dict[str, object]:
    """Return a report whose result is a value of the document; its text is taken over, so that no digit is lost."""
    import msgspec  # noqa: PLC0415 - late: see `options`

    from airssys_tui.api.wire import plain  # noqa: PLC0415

    return {**plain(report), "result": msgspec.Raw(report.result.encode())}


def join_arguments(arguments: tuple[str, ...]) -> str:
    """Return the JSON array of arguments given one by one; an argument that is not JSON is a string.

    The text of a number is kept as it is, so that no digit is lost.
    """
    import msgspec  # noqa: PLC0415 - late: see `options`

    def one(text: str) -> str:
        try:
            msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError):
            return msgspec.json.encode(text.encode(errors="replace").decode()).decode()
        return text

    return "[" + ",".join(map(one, arguments)) + "]"


def _say_check(report: CheckReport) -> None:
    if not report.admissible:
        where = f" (offset {report.offset})" if report.offset is not None else ""
        reason = "".join(f"\n    {problem}" for problem in report.problems) or f" {report.reason}"
        say(f"refused     {report.path}\n  at {report.gate}{where}:{reason}")
        if report.remedy:
            say(f"  → {report.remedy}")
        _say_facts([("no effect yet", "\n".join(report.inert))])
        return
    say(f"admissible  {report.path}")
    facts = [
        ("kind", report.kind),
        ("version", report.version or NOTHING),
        ("digest", report.digest or NOTHING),
        ("size", NOTHING if report.size is None else f"{format_size(report.size)} ({report.size} bytes)"),
        ("exports", "\n".join(report.exports)),
        ("imports", "\n".join(report.imports)),
        ("capabilities", "\n".join(report.capabilities)),
        ("problems", "\n".join(report.problems)),
        ("no effect yet", "\n".join(report.inert)),
    ]
    _say_facts(facts)


def _say_facts(facts: list[tuple[str, str | None]]) -> None:
    say_pairs([(name, value) for name, value in facts if value], indent="  ")


def _say_call(report: CallReport) -> None:
    say(report.result)
    for line in report.output:
        warn(line)
    cpu = "" if report.cpu_seconds is None else f" (cpu {format_call_time(report.cpu_seconds)})"
    peak = NOTHING if report.memory_peak is None else format_size(report.memory_peak)
    time = format_call_time(report.seconds)
    short = format_count(report.fuel)
    fuel = f"{report.fuel}" if short == str(report.fuel) else f"{report.fuel} ({short})"
    warn(f"{report.export}: fuel {fuel}, time {time}{cpu}, peak memory {peak}")
