"""Make the manual page of the commands from what their help pages are made of.

The page is `docs/airssys-tui.1`, in the macros of man(7). Wheels carry it as data, so that `man airssys-tui` finds it
in the environment of the program. It has no date: the same sources make the same page.
"""

from __future__ import annotations

import functools
import io
import re
import textwrap
from dataclasses import dataclass, field
from typing import Any, Final

from cyclopts.help import HelpPanel
from rich.console import Console

from airssys_tui import __version__
from airssys_tui.cli.answering.exit_code import MEANINGS
from airssys_tui.cli.application import COMMANDS, SCREEN, Entry, build
from airssys_tui.cli.help_format import EXAMPLES, entry_label, entry_meaning, plain_text

_CODE: Final = re.compile(r"`([^`]+)`")

WIDTH: Final = 72
"""Characters of a line of prose, before its escapes."""

ENVIRONMENT: Final = (
    ("AIRSSYS_TUI_FOLDER", "The folder of components, where the command line names none."),
    ("AIRSSYS_TUI_STATE_DIR", "The state directory, where the command line names none."),
    ("AIRSSYS_TUI_CONFIG", "The configuration file, in place of the one in your configuration directory."),
    ("AIRSSYS_TUI_POLL", "With the value 1: find changes of files by looking, not by being told."),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "The OpenTelemetry collector, where `--otlp` names none."),
    ("NO_COLOR", "With any value: no colours."),
    ("NOTIFY_SOCKET, WATCHDOG_USEC", "Set by a service manager, which is told of the runtime; see sd_notify(3)."),
)


@dataclass
class _Page:
    """What the parser's library tells a formatter about one command."""

    usage: str = ""
    rows: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, console: Any, options: Any, panel: HelpPanel) -> None:  # noqa: ARG002 - of the library
        if panel.format != "command":
            self.rows += [(entry_label(entry), entry_meaning(entry)) for entry in panel.entries]

    def render_usage(self, console: Any, options: Any, usage: Any) -> None:  # noqa: ARG002 - of the library
        self.usage = plain_text(usage).removeprefix("Usage: ").strip()

    def render_description(self, console: Any, options: Any, description: Any) -> None:
        """The description is taken from the function, where its paragraphs are whole."""


def man_page() -> str:
    """Return the text of the page."""
    lines = [
        '.\\" Made by .ci/docs.py; do not edit.',
        f'.TH AIRSSYS\\-TUI 1 "" "airssys\\-tui {__version__}" "User Commands"',
        ".SH NAME",
        "airssys\\-tui \\- run WebAssembly components from a folder, supervised and undoable",
        ".SH SYNOPSIS",
        *_usage(SCREEN),
        ".br",
        ".B airssys\\-tui",
        ".I COMMAND",
        "[\\fIARGUMENT\\fR\\|.\\|.\\|.]",
        ".SH DESCRIPTION",
        *_description(SCREEN),
        *_options(SCREEN),
        ".SH COMMANDS",
    ]
    for entry in COMMANDS:
        lines += [f'.SS "{_text(entry.name)}"', *_usage(entry), ".PP", *_description(entry), *_options(entry)]
        lines += [".PP", ".nf", *(_text(f"    {line}") for line in entry.examples), ".fi"]
    lines += [".SH EXIT STATUS", *(line for code, said in MEANINGS.items() for line in _item(str(code), said))]
    lines += [".SH ENVIRONMENT", *(line for name, said in ENVIRONMENT for line in _item(name, said))]
    lines += [".SH SEE ALSO", ".BR systemctl (1),", ".BR sd_notify (3)"]
    return "\n".join(lines) + "\n"


@functools.cache
def _page(entry: Entry) -> _Page:
    page = _Page()
    words = entry.name.split()
    parser = build([*words, "--help"] if words else [])
    parser.help_formatter = page
    parser.help_print(words, console=Console(file=io.StringIO(), width=10_000))
    return page


def _usage(entry: Entry) -> list[str]:
    words = _page(entry).usage.split()
    name = len(entry.name.split()) + 1
    return [f".B {_text(' '.join(words[:name]))}", _text(" ".join(words[name:])) or '.\\"']


def _description(entry: Entry) -> list[str]:
    told = (entry.function.__doc__ or "").partition("\n\n    Args:")[0]
    paragraphs = [" ".join(part.split()) for part in told.split("\n\n") if part.strip()]
    kept = [part for part in paragraphs if not part.startswith(EXAMPLES)]
    return [line for number, part in enumerate(kept) for line in ((".PP",) if number else ()) + (_prose(part),)]


def _options(entry: Entry) -> list[str]:
    return [line for label, said in _page(entry).rows for line in _item(label, said)]


def _item(label: str, said: str) -> list[str]:
    return [".TP", f"\\fB{_text(label)}\\fR", _prose(said)]


def _prose(text: str) -> str:
    """Return a paragraph; what stands between backticks is bold, which is how manuals mark what is typed."""
    lines = textwrap.wrap(_CODE.sub("\0\\1\1", text), WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join(_text(line).replace("\0", "\\fB").replace("\1", "\\fR") for line in lines)


def _text(text: str) -> str:
    r"""Return text without anything that is a request: ``\`` and ``-`` are escaped, as is what begins a line."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "\\|.\\|.\\|.")
    plain = plain.replace('"', "\\(dq").replace("~", "\\(ti").replace("^", "\\(ha").replace("`", "\\(ga")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain
