"""The entry point: parse, run, and turn every outcome into an exit code and a message."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn

from airssys_tui import __version__
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import discard_output, report_error, report_failure, say
from airssys_tui.core.errors import AirssysError, UnknownComponent, UsageError


def enter() -> NoReturn:
    """Run the command line of this process, and end the process with its exit code."""
    gc.disable()  # until the command is loaded: all that is made by then stays
    _open_what_was_closed()
    code = main()
    # Python takes a sixth of the time of a short command to free what it loaded, which the system frees at once. Only
    # threads that run on, and what asked to be told of the end, need it to be done step by step.
    if threading.active_count() == 1 and not atexit._ncallbacks():  # noqa: SLF001 - there is no public way to ask
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _open_what_was_closed() -> None:
    """Open nothing in place of each standard stream that was closed, so that no file gets its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        arguments: The words after the program's name; if None, those of this process.

    Returns:
        The exit code; see `ExitCode`.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        _never_fail_to_encode(stream)
    try:
        code = _run_unparsed(words)
        if code is None:
            code = _run(words, json=_wants_json(words))
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
        return ExitCode.FAILED
    except OSError as error:  # the disk behind the output is full
        discard_output()
        report_failure("system", f"the output could not be written: {_fault(error)}")
        return ExitCode.FAILED
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return code


def _run_unparsed(words: list[str]) -> int | None:
    """Run what a shell asks for at each of its starts without the parser, which takes most of the loading time.

    Returns:
        The exit code; None if the command line needs the parser.
    """
    match words:
        case ["--version"]:
            say(__version__)
            return ExitCode.OK
        case ["completion", "bash" | "zsh" | "fish" as shell]:
            from airssys_tui.cli.answering.completion_script import Shell, print_script  # noqa: PLC0415 - late

            print_script(Shell(shell))
            return ExitCode.OK
    return None


def _run(words: list[str], *, json: bool) -> int:
    from cyclopts import CycloptsError  # noqa: PLC0415 - late: see above

    from airssys_tui.cli.application import build, command_names  # noqa: PLC0415

    known = command_names()
    words = _plainly(words, known)
    if words and words[0] not in known:
        from airssys_tui.cli.answering.complaints import slip  # noqa: PLC0415 - late: only for a usage error

        meant = slip(words, known)
        if meant is not None:
            what = f"there is no command and no folder {words[0]}; did you mean {meant}?"
            return _usage_error(what, f"airssys-tui {meant} --help", json=json)
    parser = build(words)
    gc.enable()
    try:
        result = parser(words, exit_on_error=False, print_error=False, help_on_error=False)
    except CycloptsError as error:
        from airssys_tui.cli.answering.complaints import complaint, remedy  # noqa: PLC0415 - late: see above

        return _usage_error(complaint(error), remedy(error), json=json)
    except UnknownComponent as error:  # the command line is valid, the component does not exist
        report_error(error, json=json)
        return ExitCode.FAILED
    except AirssysError as error:
        report_error(error, json=json)
        return ExitCode.USAGE if isinstance(error, UsageError) else ExitCode.FAILED
    except BrokenPipeError:
        raise
    except OSError as error:
        report_failure("system", _fault(error), json=json, kind=type(error).__name__)
        return ExitCode.FAILED
    return result if isinstance(result, int) else ExitCode.OK


def _plainly(words: list[str], known: Sequence[str]) -> list[str]:
    """Return a command line with `help COMMAND` as `COMMAND --help`, and `ls` and `ps` as `list`.

    A folder of such a name is meant where there is one.
    """
    if not words or words[0] not in {"help", "ls", "ps"} or os.path.exists(words[0]):  # noqa: PTH110 - the loading of pathlib takes time
        return words
    if words[0] == "help":
        return [*words[1:], "--help"] if not words[1:] or words[1] in known else words[1:]
    return ["list", *words[1:]]


def _usage_error(what: str, remedy: str, *, json: bool) -> int:
    report_failure("usage error", what, remedy, json=json, kind="UsageError")
    return ExitCode.USAGE


def _fault(error: OSError) -> str:
    """Describe an error of the operating system, with the file concerned."""
    said = error.strerror or str(error)
    return f"{error.filename}: {said}" if error.filename is not None else said


def _wants_json(words: list[str]) -> bool:
    """Return whether the command line asks for JSON, even if it cannot be parsed."""
    options = words[: words.index("--")] if "--" in words else words
    return "--json" in options


def _never_fail_to_encode(stream: object) -> None:
    """Escape characters missing from the terminal's encoding, so that a name cannot make a command fail."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
