"""The scripts that complete commands in a shell, ready to be printed."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path


class Shell(StrEnum):
    """Shells with a completion script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def script_path(shell: Shell) -> Path:
    """Return the file with a shell's script.

    A shell reads it at each of its starts; making it loads every command and takes half a second, so ``make generate``
    does that.
    """
    return Path(__file__).parents[1] / "completion_scripts" / shell.value


def print_script(shell: Shell) -> None:
    """Print a shell's script."""
    sys.stdout.write(script_path(shell).read_text(encoding="utf-8"))
