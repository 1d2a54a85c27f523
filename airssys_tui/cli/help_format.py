"""Help pages as plain text in two columns: legible in a pipe, on a narrow terminal and through a screen reader."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel

WIDEST: Final = 110
"""Maximum length of a help line, however wide the terminal is."""

LABELS: Final = 22
"""Longest label with its text on the same line; for a longer label the text is on the next line."""

EXAMPLES: Final = "For example:"
"""First words of a docstring's examples; the parser's library would parse `Examples:` as a section."""

EXAMPLES_TITLE: Final = "Examples:"
EXIT_CODES: Final = "Exit codes:"
"""First words of the table of exit codes; its rows, like the examples, are not wrapped."""

PLAIN: Final = {"INT": "NUMBER", "FLOAT": "NUMBER", "STR": "TEXT", "STR...": "TEXT..."}
"""Placeholder for a value on a help page, instead of the name of its type."""

TITLES: Final = {"Parameters": "Options"}


class TwoColumns:
    """A formatter for cyclopts: labels on the left, their descriptions on the right."""

    def __call__(self, console: Any, options: Any, panel: HelpPanel) -> None:  # noqa: ARG002 - the parser's signature
        """Print one group of commands or parameters."""
        entries = [(entry_label(entry), entry_meaning(entry)) for entry in panel.entries]
        if not entries:
            return
        room = min(LABELS, max(len(label) for label, _ in entries))
        lines = [f"{TITLES.get(panel.title, panel.title)}:"] if isinstance(panel.title, str) else []
        for label, meaning in entries:
            lines += _entry(label, meaning, room, min(WIDEST, console.width))
        _print(console, [*lines, ""])

    def render_usage(self, console: Any, options: Any, usage: Any) -> None:  # noqa: ARG002 - the parser's signature
        """Print the command's usage line."""
        if usage:
            _print(console, [f"Usage: {plain_text(usage).removeprefix('Usage: ')}"])

    def render_description(self, console: Any, options: Any, description: Any) -> None:  # noqa: ARG002 - the parser's signature
        """Print the command's description and its epilogue."""
        paragraphs = [paragraph for paragraph in plain_text(description).split("\n\n") if paragraph.strip()]
        if paragraphs:
            width = min(WIDEST, console.width)
            _print(console, ["\n\n".join(_paragraph(paragraph, width) for paragraph in paragraphs), ""])


def _paragraph(text: str, width: int) -> str:
    # A command line is never wrapped, so that users can copy it.
    if text.lstrip().startswith(EXAMPLES):
        return text.strip().replace(EXAMPLES, EXAMPLES_TITLE, 1)
    if text.lstrip().startswith(EXIT_CODES):
        return text.strip()
    return textwrap.fill(" ".join(text.split()), width)


def _entry(label: str, meaning: str, room: int, width: int) -> list[str]:
    left = f"  {label:<{room}}  "
    body = textwrap.wrap(meaning, max(20, width - room - 4)) or [""]
    lines = [left.rstrip()] if len(label) > room else []
    for index, line in enumerate(body):
        beside = left if index == 0 and len(label) <= room else " " * (room + 4)
        lines.append((beside + line).rstrip())
    return lines


def entry_label(entry: HelpEntry) -> str:
    """Return how an option or argument is written, with a placeholder for its value."""
    labels = entry.copy(metavar=PLAIN.get(entry.metavar or "", entry.metavar)).display_labels_with_metavar
    return ", ".join(labels) if labels else ", ".join((*entry.positive_names, *entry.positive_shorts))


def entry_meaning(entry: HelpEntry) -> str:
    """Return what an option or argument means, with its choices and its default."""
    parts = [" ".join(plain_text(entry.description).split())]
    if entry.choices:
        parts.append(f"[{' | '.join(entry.choices)}]")
    if entry.default is not None and str(entry.default) not in {"False", "", '""'}:
        parts.append(f"[default: {entry.default}]")
    if entry.required:
        parts.append("[required]")
    return " ".join(part for part in parts if part)


def plain_text(text: Any) -> str:
    """Return the plain text of a string or of the parser's markup."""
    if text is None:
        return ""
    for name in ("plain", "markup", "primary_renderable"):
        inner = getattr(text, name, None)
        if inner is not None:
            return inner if isinstance(inner, str) else plain_text(inner)
    return str(text)


def _print(console: Any, lines: list[str]) -> None:
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
