"""``service``: a systemd unit that runs a folder of components as a service of the user.

The unit holds absolute paths only, as a service has neither the shell's directory nor its variables. In ``ExecStart``
the prefix ``:`` turns off variables, so a dollar sign is one (systemd.service(5)); percent signs are doubled
(systemd.unit(5)), and each word is quoted with the escapes of systemd.syntax(7).
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import say, warn
from airssys_tui.cli.reaching.options import FolderArgument, HttpOption, PolicyOption, StateDirOption, TierOption
from airssys_tui.cli.reaching.program_settings import CONFIG_VARIABLE
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import UsageError
from airssys_tui.core.text import one_line

PROGRAM: Final = "airssys-tui"

_UNIT: Final = """\
[Unit]
Description=WebAssembly components of {title}, run by airssys-tui
Documentation=man:airssys-tui(1)

[Service]
Type=notify
NotifyAccess=main
ExecStart=:{command}
{environment}WatchdogSec=60
TimeoutStopSec=60
KillMode=mixed
Restart=on-failure
RestartSec=2
RestartPreventExitStatus=2
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy=default.target
"""


def service(
    folder: FolderArgument = None,
    /,
    *,
    state_dir: StateDirOption = None,
    metrics: str | None = None,
    http: HttpOption = None,
    policy: PolicyOption = None,
    tier: TierOption = None,
) -> int:
    """Print a systemd unit that runs a folder as a service of your user.

    Save it as ~/.config/systemd/user/NAME.service, then: `systemctl --user enable --now NAME`. With
    `loginctl enable-linger` it starts with the machine. It tells systemd when it is ready, and that it is alive.

    Args:
        folder: Folder of components. Default: AIRSSYS_TUI_FOLDER, the configuration file, or the current directory.
        state_dir: State directory. Default: AIRSSYS_TUI_STATE_DIR, the configuration file, or one for the folder.
        metrics: Serve Prometheus metrics at this address, such as "127.0.0.1:9464".
        http: Take requests for components at this address, such as "127.0.0.1:8080".
        policy: Policy file that says what components are granted; nobody is asked for more.
        tier: Compile components as "optimised" or as "baseline".
    """
    site = locate(folder, state_dir)
    words = ["run", str(_absolute(site.folder.value)), "--headless", "--log-format", "journal"]
    words += ["--state-dir", str(_absolute(site.state_dir.value))]
    for option, value in (("--metrics", metrics), ("--http", http), ("--policy", policy and _absolute(policy))):
        words += [] if value is None else [option, str(value)]
    words += [] if tier is None else ["--tier", tier.value]
    say(
        unit(
            [*program(), *words], one_line(str(site.folder.value.absolute())), os.environ.get(CONFIG_VARIABLE)
        ).rstrip()
    )
    if sys.stdout.isatty():
        warn("save it as ~/.config/systemd/user/components.service, then: systemctl --user enable --now components")
    return ExitCode.OK


def unit(command: Sequence[str], title: str, config: str | None = None) -> str:
    """Return the text of the unit.

    Args:
        command: The words of its command line; the first one is an absolute path.
        title: What it runs, for people, on one line.
        config: The configuration file, if one is named by the environment.

    Raises:
        UsageError: A path is not UTF-8.
    """
    first, *rest = command
    if any(char in first for char in "\"'\\"):  # systemd refuses these in the path of a program
        first, rest = "/usr/bin/env", [first, *rest]
    environment = "" if config is None else f"Environment={quoted(f'{CONFIG_VARIABLE}={Path(config).absolute()}')}\n"
    line = " ".join(quoted(word) for word in (first, *rest))
    return _UNIT.format(title=title.replace("%", "%%"), command=line, environment=environment)


def quoted(word: str) -> str:
    """Return a word as systemd.syntax(7) quotes it, with specifiers taken literally.

    Raises:
        UsageError: It is not UTF-8.
    """
    try:
        word.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{word!r} is not UTF-8, and a unit has to be", remedy="rename it") from error
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    escaped = "".join(char if char.isprintable() else _bytes(char) for char in plain)
    safe = escaped and all(char.isalnum() or char in "-_./:=,+@%" for char in escaped)
    return escaped if safe else f'"{escaped}"'


def _bytes(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode())


def program() -> list[str]:
    """Return the words that start this program: its script if it was started by one, else the interpreter's module."""
    script = Path(sys.argv[0])
    if script.name == PROGRAM:
        found = shutil.which(str(script)) if len(script.parts) == 1 else str(script)
        if found is not None:
            return [str(Path(found).absolute())]
    return [sys.executable, "-m", "airssys_tui"]


def _absolute(path: Path) -> Path:
    """Return the path from the root; links in it stay, as whoever swaps them wants the new target to be run."""
    return Path(os.path.normpath(path.absolute())) if ".." not in path.parts else path.resolve()
