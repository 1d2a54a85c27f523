"""Usage errors: messages that tell users what is wrong with their command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Final, get_args

import cyclopts
from cyclopts import CycloptsError

NEAR: Final = 0.6
"""How similar two words must be, from 0 to 1, to be suggested for each other."""

KINDS: Final = {int: "a whole number", float: "a number", Path: "a path", str: "a text"}
"""Names of the value types in messages."""

PASS_ON: Final = frozenset({"call", "run-command"})
"""Commands that pass arguments on."""


def complaint(error: CycloptsError) -> str:
    """Describe a usage error in one sentence."""
    for kind, say in _SAYINGS.items():
        if isinstance(error, kind):
            said: str = say(error)
            return said
    return str(error)


def remedy(error: CycloptsError) -> str:
    """Return the remedy: the help page to read, or how a word gets to what a command runs."""
    if isinstance(error, cyclopts.UnknownOptionError) and error.command_chain and error.command_chain[0] in PASS_ON:
        return f"write -- before what is not its own; {_command(error)} --help shows how it is used"
    return f"{_command(error)} --help " + ("shows how it is used" if error.command_chain else "lists the commands")


def slip(words: Sequence[str], names: Sequence[str]) -> str | None:
    """Return the command that the user probably meant by the first word, if it is neither a command nor a path.

    Args:
        words: The command line after the program's name.
        names: The first word of every command.
    """
    if not words or words[0].startswith(("-", "_")) or "/" in words[0]:
        return None
    if words[0] in names or Path(words[0]).exists():
        return None
    return nearest(words[0], names)


def nearest(word: str, known: Sequence[str]) -> str | None:
    """Return the most similar known word; None if none is similar enough."""
    import difflib  # noqa: PLC0415 - late: only for a typo

    return next(iter(difflib.get_close_matches(word.lower(), known, n=1, cutoff=NEAR)), None)


def _command(error: CycloptsError) -> str:
    return " ".join(["airssys-tui", *(error.command_chain or ())])


def _unknown_option(error: cyclopts.UnknownOptionError) -> str:
    word = error.token.keyword or error.token.value
    known = [name for argument in error.argument_collection if argument.parse for name in argument.names]
    near = nearest(word, [name for name in known if name.startswith("-")])
    return f"{_command(error)} has no option {word}" + (f"; did you mean {near}?" if near else "")


def _unknown_command(error: cyclopts.UnknownCommandError) -> str:
    word = (error.unused_tokens or [""])[0]
    names = [name for name in error.app or () if not name.startswith("-")]
    near = nearest(word, names)
    return f"there is no {_command(error)} {word}" + (
        f"; did you mean {near}?" if near else f"; commands: {', '.join(names)}"
    )


def _surplus(error: cyclopts.UnusedCliTokensError) -> str:
    return f"unexpected argument {' '.join(error.unused_tokens or ())}"


def _repeated(error: cyclopts.RepeatArgumentError) -> str:
    return f"{error.token.keyword or 'a value'} is given more than once"


def _missing(error: cyclopts.MissingArgumentError) -> str:
    name = error.keyword or (error.argument.name if error.argument else "a value")
    needed = f"a value after {name}" if name.startswith("-") else name
    return f"{_command(error)} needs {needed}"


def _unreadable(error: cyclopts.CoercionError) -> str:
    where = _option(error)
    if error.msg is not None:
        return f"{where}: {error.msg}"
    word = error.token.value if error.token else ""
    kind = _kind(error.target_type)
    if isinstance(kind, type) and issubclass(kind, Enum):
        choices = [str(member.value) for member in kind]
        near = nearest(word, choices)
        return f"{where} must be one of {', '.join(choices)}, not {word!r}" + (
            f"; did you mean {near}?" if near else ""
        )
    return f"{where} must be {KINDS.get(kind, 'another kind of value')}, not {word!r}"


def _invalid(error: cyclopts.ValidationError) -> str:
    argument = error.argument
    token = argument.tokens[0] if argument is not None and argument.tokens else None
    where = (token.keyword if token is not None else None) or (argument.name if argument is not None else "the value")
    return f"{where}: {error.exception_message}"


def _option(error: cyclopts.CoercionError) -> str:
    if error.token is not None and error.token.keyword:
        return error.token.keyword
    return error.argument.name if error.argument is not None else "the value"


def _kind(target: Any) -> Any:
    """Return the value type of an optional annotation such as ``int | None``."""
    wanted = [kind for kind in get_args(target) if kind is not type(None)]
    return wanted[0] if len(wanted) == 1 else target


_SAYINGS: Final[dict[type[CycloptsError], Callable[[Any], str]]] = {
    cyclopts.UnknownOptionError: _unknown_option,
    cyclopts.UnknownCommandError: _unknown_command,
    cyclopts.MissingArgumentError: _missing,
    cyclopts.CoercionError: _unreadable,
    cyclopts.ValidationError: _invalid,
    cyclopts.UnusedCliTokensError: _surplus,
    cyclopts.RepeatArgumentError: _repeated,
}
