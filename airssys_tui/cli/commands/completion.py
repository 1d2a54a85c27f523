"""``completion``: the script that completes commands, options and names in a shell."""

from __future__ import annotations

from typing import Final

from airssys_tui.cli.answering.completion_script import Shell, print_script
from airssys_tui.cli.answering.exit_code import ExitCode

PROGRAM: Final = "airssys-tui"

_ZSH_END: Final = f"""if [[ $funcstack[1] == _{PROGRAM} ]]; then
  _cyclopts_{PROGRAM} "$@"
elif (( $+functions[compdef] )); then
  compdef _cyclopts_{PROGRAM} {PROGRAM}
fi
"""
"""What zsh needs after the functions: a file of $fpath is the body of the function that completes, so it calls it."""


def completion(shell: Shell, /) -> int:
    """Print the script that completes commands, options and component names in a shell.

    For bash: `eval "$(airssys-tui completion bash)"` in ~/.bashrc. For zsh: write it to a file `_airssys-tui` in a
    directory of $fpath, or `eval` it after `compinit`. For fish: write it to
    ~/.config/fish/completions/airssys-tui.fish.

    Args:
        shell: The shell.
    """
    print_script(shell)
    return ExitCode.OK


def generated(shell: Shell) -> str:
    """Return the script as the commands of this version have it."""
    from airssys_tui.cli.application import build  # noqa: PLC0415 - the parser imports this module

    script: str = build().generate_completion(prog_name=PROGRAM, shell=shell.value)
    return script + _ZSH_END if shell is Shell.ZSH else script
