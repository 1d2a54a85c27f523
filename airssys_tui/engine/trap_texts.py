"""Classification of traps: the only place that turns the engine's messages into trap kinds.

The engine reports component errors as text without a code. The patterns below are the messages of the pinned version;
``tests/engine/test_traps.py`` provokes each kind with a real component, so that a changed message is noticed.
"""

from __future__ import annotations

import re
from typing import Final

from airssys_tui.core.traps import Trap, TrapKind
from airssys_tui.engine.bindings import EngineError

_PATTERNS: Final[tuple[tuple[str, TrapKind], ...]] = (
    ("all fuel consumed", TrapKind.OUT_OF_FUEL),
    ("call stack exhausted", TrapKind.STACK_OVERFLOW),
    ("cannot enter component instance", TrapKind.CANNOT_ENTER),
    ("wasm trap: interrupt", TrapKind.DEADLINE),
    ("exceeds table limit", TrapKind.TABLE_LIMIT),
    ("table minimum size", TrapKind.TABLE_LIMIT),
    ("`unreachable` instruction executed", TrapKind.UNREACHABLE),
    ("integer divide by zero", TrapKind.INTEGER),
    ("integer overflow", TrapKind.INTEGER),
    ("invalid conversion to integer", TrapKind.INTEGER),
    ("indirect call type mismatch", TrapKind.INDIRECT_CALL),
    ("uninitialized element", TrapKind.INDIRECT_CALL),
    ("out of bounds memory access", TrapKind.OUT_OF_BOUNDS),
    ("out of bounds table access", TrapKind.OUT_OF_BOUNDS),
    ("undefined element", TrapKind.OUT_OF_BOUNDS),
    ("fuel allocated for hostcalls", TrapKind.TRANSFER_LIMIT),
    ("cannot allocate another handle", TrapKind.HANDLE_LIMIT),
    ("pointer out of bounds", TrapKind.OUT_OF_BOUNDS),
    ("out-of-bounds", TrapKind.OUT_OF_BOUNDS),
    ("out of bounds", TrapKind.OUT_OF_BOUNDS),
)

_BACKTRACE: Final = re.compile(r"\A.*wasm backtrace:\n(?:\s+(?:\d+:|at ).*\n?)*", re.MULTILINE)
_CAUSE: Final = re.compile(r"^\s*(?:Caused by:|\d+: |wasm trap: )\s*")


def classify(error: EngineError) -> Trap:
    """Convert an error of the engine to a trap."""
    text = error.message
    kind = next((kind for pattern, kind in _PATTERNS if pattern in text), TrapKind.OTHER)
    return Trap(kind, plain(text), error.frames)


def plain(text: str) -> str:
    """Reduce the engine's message to one line without backtrace: the causes, outermost first."""
    rest = _BACKTRACE.sub("", text) if "wasm backtrace:" in text else text
    lines = [_CAUSE.sub("", line).strip() for line in rest.splitlines()]
    told = dict.fromkeys(line for line in lines if line and not line.startswith("note: using the"))
    return ": ".join(told) or "no reason was given"
