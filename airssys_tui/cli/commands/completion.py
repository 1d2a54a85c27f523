"""``completion``: the script that completes commands, options and names in a shell."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Final

from airssys_tui.cli.answering.exit_code import ExitCode

PROGRAM: Final = "airssys-tui"


class Shell(StrEnum):
    """Shells with a completion script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Shell, /) -> int:
    """Print the script that completes commands, options and component names in a shell.

    For bash: `eval "$(airssys-tui completion bash)"` in ~/.bashrc. For zsh: write it to a file `_airssys-tui` in a
    directory of $fpath. For fish: write it to ~/.config/fish/completions/airssys-tui.fish.

    Args:
        shell: The shell.
    """
    from airssys_tui.cli.application import build  # noqa: PLC0415 - the parser imports this module

    sys.stdout.write(build().generate_completion(prog_name=PROGRAM, shell=shell.value))
    return ExitCode.OK
