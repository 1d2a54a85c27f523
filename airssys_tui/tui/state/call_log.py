"""Calls made on the call screen in this session: arguments, results, and the same as a command line."""

from __future__ import annotations

import shlex
from collections import deque
from typing import Final

import msgspec

from airssys_tui.api.views.runtime import CallReport

KEPT: Final = 50
"""Calls that are remembered per component; older ones are forgotten."""


class MadeCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call that was made.

    Attributes:
        number: Counts the calls of the session.
        at: Unix time.
        export: The full path.
        arguments: The JSON array that was sent.
        report: The result, if the call succeeded.
        failure: Why it failed.
    """

    number: int
    at: float
    export: str
    arguments: str
    report: CallReport | None = None
    failure: str = ""


class CallLog:
    """The calls of one session, by component."""

    def __init__(self) -> None:
        self._made: dict[str, deque[MadeCall]] = {}
        self._count = 0

    def of(self, component: str) -> tuple[MadeCall, ...]:
        """Return a component's calls, newest first."""
        return tuple(reversed(self._made.get(component, ())))

    def add(
        self, component: str, at: float, export: str, arguments: str, *, report: CallReport | None, failure: str = ""
    ) -> MadeCall:
        """Remember a call."""
        self._count += 1
        made = MadeCall(number=self._count, at=at, export=export, arguments=arguments, report=report, failure=failure)
        self._made.setdefault(component, deque(maxlen=KEPT)).append(made)
        return made


def command_line(component: str, export: str, arguments: str) -> str:
    """Return the command that makes the same call, each argument quoted for a shell."""
    values = msgspec.json.decode(arguments, type=list[msgspec.Raw])
    words = ["airssys-tui", "call", component, export, *(bytes(value).decode() for value in values)]
    return shlex.join(words)
