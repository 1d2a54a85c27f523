"""``config``: the settings in effect and the source of each."""

from __future__ import annotations

import msgspec

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer, say_pairs
from airssys_tui.cli.reaching.options import HERE, Place
from airssys_tui.cli.reaching.program_settings import program_path, settings_path
from airssys_tui.cli.reaching.site import Site, locate
from airssys_tui.cli.serving.log import log_path
from airssys_tui.core.revision import Tier


class Setting(msgspec.Struct, frozen=True):
    """One setting in effect: its name, its value and its source."""

    name: str
    value: str
    source: str


def config_path(*, place: Place = HERE) -> int:
    """Print the path of the configuration file."""
    path = settings_path()
    if place.json:
        answer({"path": str(path), "exists": path.is_file()})
    else:
        say_pairs([(str(path), "" if path.is_file() else "(not found)")])
    return ExitCode.OK


def config_show(*, place: Place = HERE) -> int:
    """Show the settings in effect and the source of each."""
    settings = settings_in_force(locate(place.folder, place.state_dir, must_exist=False))
    if place.json:
        answer(settings)
    else:
        say_pairs([(setting.name, f"{setting.value}  ({setting.source})") for setting in settings])
    return ExitCode.OK


def _compile_limit(name: str, said: str | float | None, usual: str) -> Setting:
    return Setting(name, usual, "default") if said is None else Setting(name, str(said), "config file")


def _tier(site: Site) -> Setting:
    chosen = site.settings.engine
    if chosen is None:
        return Setting("engine.tier", Tier.OPTIMISED.value, "default")
    return Setting("engine.tier", chosen.tier.value, "config file")


def _program_path(site: Site) -> Setting:
    from airssys_tui.host.doors.programs.search_path import STANDARD  # noqa: PLC0415 - late: only here

    chosen = program_path(site.settings)
    source = "default" if chosen is None else "config file"
    return Setting("process.path", ", ".join(STANDARD if chosen is None else chosen), source)


def settings_in_force(site: Site) -> list[Setting]:
    """Return the settings that a command with this site uses."""
    folder, state_dir = site.folder, site.state_dir
    readonly = site.settings.readonly
    return [
        Setting("folder", str(folder.value.absolute()), folder.source),
        Setting("state-dir", str(state_dir.value.absolute()), state_dir.source),
        Setting("readonly", str(readonly).lower(), "config file" if readonly else "default"),
        _compile_limit("compile-cpu", site.settings.compile_cpu, "2m"),
        _compile_limit("compile-wall", site.settings.compile_wall, "15m"),
        _tier(site),
        _program_path(site),
        Setting("log", str(log_path(state_dir.value.absolute())), "made from the state directory"),
    ]
