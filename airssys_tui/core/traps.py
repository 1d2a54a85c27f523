"""Trap kinds as a closed list, and the value that carries a trap.

``engine.trap_texts`` is the only place that classifies the engine's messages into kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.core.errors import AirssysError
from airssys_tui.core.text import Verbatim, one_line

PRINTED: Final = 10
"""Lines that are kept of what a guest printed before it trapped."""

PRINTED_LINE: Final = 500
"""Characters of each."""


class TrapKind(StrEnum):
    """Every way a call into a guest can end without a result."""

    UNREACHABLE = "unreachable"
    OUT_OF_BOUNDS = "out-of-bounds"
    STACK_OVERFLOW = "stack-overflow"
    OUT_OF_FUEL = "out-of-fuel"
    DEADLINE = "deadline"
    CANCELLED = "cancelled"
    OUT_OF_MEMORY = "out-of-memory"
    TABLE_LIMIT = "table-limit"
    TRANSFER_LIMIT = "transfer-limit"
    HANDLE_LIMIT = "handle-limit"
    HOST_DENIAL = "host-denial"
    HOST_ERROR = "host-error"
    INTEGER = "integer"
    INDIRECT_CALL = "indirect-call"
    CANNOT_ENTER = "cannot-enter"
    LINK = "link"
    EXIT = "exit"
    OTHER = "other"


class Trap(msgspec.Struct, frozen=True):
    """One trap, classified.

    Args:
        kind: The kind.
        message: One line for people, without the backtrace. Guest-influenced: sanitise it before showing it.
        frames: Backtrace, innermost first, as ``function`` or ``module!function``; empty if there is none.
        printed: The last lines, at most :data:`PRINTED`, that the guest printed or logged in the call that trapped.
    """

    kind: TrapKind
    message: str
    frames: tuple[str, ...] = ()
    printed: tuple[Verbatim, ...] = ()


EXITED: Final = "the guest exited with status "
"""How the message of a trap of kind ``exit`` begins; the status follows."""


def exit_status(trap: Trap) -> int | None:
    """Return the status with which a guest exited, or None if it ended otherwise."""
    status = trap.message.removeprefix(EXITED)
    return int(status) if trap.kind is TrapKind.EXIT and status.isdecimal() else None


class GuestTrap(AirssysError):
    """A call into a guest ended in a trap; the instance is dead."""

    title = "trap"

    def __init__(self, trap: Trap, *, component: str | None = None) -> None:
        super().__init__(f"{trap.kind}: {trap.message}", component=component)
        self.trap = trap
        if exit_status(trap) is not None:  # it ended itself, in good order or not: no accident
            self.title, self.message = "exit", trap.message

    def heard(self, printed: Iterable[str], component: str) -> None:
        """Keep what the guest printed before, which is its own reason, and which component it is."""
        self.trap = msgspec.structs.replace(self.trap, printed=tuple(printed))
        self.component = self.component or component

    def reason(self, most: int) -> str:
        """Return why it trapped, in one line with the guest's own last words.

        Args:
            most: Characters of these words; the newest lines that fit are in it.
        """
        said = printed_text(self.trap.printed, most)
        return f"{self.message}; {said}" if said else self.message


HINTS: Final = ("note: run with `RUST_BACKTRACE=", "note: Some details are omitted, run with `RUST_BACKTRACE=",
                "Cannot print stack trace:")  # fmt: skip
"""How lines begin that runtimes of languages print after every message, and that say nothing about the failure."""

SHORTEST: Final = 40
"""Characters of room that the beginning of a line is told in, when the whole of it does not fit."""


def printed_text(printed: Sequence[str], most: int) -> str:
    """Return the newest lines that fit into ``most`` characters as part of a sentence; empty if nothing was printed.

    Hints of a language's runtime (:data:`HINTS`) are left out when anything else was printed.
    """
    lines = [text for text in (one_line(line, most) for line in printed) if text]
    words: list[str] = []
    room = most
    for text in reversed([text for text in lines if not text.startswith(HINTS)] or lines):
        if len(text) + 3 > room and words:
            if room >= SHORTEST:
                words.insert(0, one_line(text, room - 3))
            break
        room -= len(text) + 3
        words.insert(0, text)
    return f"before that it printed: {' | '.join(words)}" if words else ""
