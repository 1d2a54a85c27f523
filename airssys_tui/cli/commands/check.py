"""``check``: whether files are admissible components, without running them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, say, say_pairs
from airssys_tui.cli.reaching.options import AS_TEXT, Form, TierOption
from airssys_tui.cli.reaching.program_settings import read_settings, tier_choice
from airssys_tui.core.units import format_size

if TYPE_CHECKING:
    from airssys_tui.runtime.standalone.check import CheckReport


def check(*paths: Path, tier: TierOption = None, form: Form = AS_TEXT) -> int:
    """Check whether files are admissible components, without running them.

    Shows what each exports and imports, or which gate refuses it, where and why. Exit code 0 when all are admissible,
    1 when one is not.

    Args:
        paths: WebAssembly files, or component folders with a Component.toml.
        tier: Compile them as "optimised" or as "baseline", whatever their manifests say.
        form: How to answer.
    """
    from airssys_tui.runtime.standalone.check import inspect_path  # noqa: PLC0415 - late: loads the engine

    if not paths:
        from airssys_tui.core.errors import UsageError  # noqa: PLC0415

        raise UsageError("no file named", remedy="airssys-tui check counter.wasm")
    choice = tier_choice(tier, read_settings())
    reports = [inspect_path(path, choice) for path in paths]
    if form.json:
        answer(reports)
    else:
        for report in reports:
            _say_check(report)
    return ExitCode.OK if all(report.admissible for report in reports) else ExitCode.FAILED


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
        ("code", f"{report.tier} code" if report.tier == "baseline" else None),
        ("version", report.version or NOTHING),
        ("digest", report.digest or NOTHING),
        ("size", NOTHING if report.size is None else f"{format_size(report.size)} ({report.size} bytes)"),
        ("exports", "\n".join(report.exports)),
        ("imports", "\n".join(report.imports)),
        ("capabilities", "\n".join(report.capabilities)),
        ("problems", "\n".join(report.problems)),
        ("no effect yet", "\n".join(report.inert)),
        ("notes", "\n".join(report.notes)),
    ]
    _say_facts(facts)


def _say_facts(facts: list[tuple[str, str | None]]) -> None:
    say_pairs([(name, value) for name, value in facts if value], indent="  ")
