"""WIT types of ``airssys:ext-process``, in the form that the engine compares and converts."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.types.interface import Case, EnumOf, Field, ListOf, OptionOf, Primitive, Record, VariantOf
from airssys_tui.core.types.values import Err, Variant
from airssys_tui.host.doors.programs.command import Exit, ExitKind
from airssys_tui.host.doors.programs.program_refusal import ProgramRefusal
from airssys_tui.host.types import PAIRS, STRING, U64

PROCESSES: Final = "airssys:ext-process/processes@1.0.0"
PROCESS: Final = "process"
"""The resource, and the interface that defines it."""

_U8: Final = Primitive("u8")

PROCESS_ERROR: Final = VariantOf(
    tuple(
        Case(name, STRING)
        for name in ("denied", "not-found", "invalid-input", "exited", "timeout", "quota-exceeded", "failed")
    )
)
COMMAND: Final = Record(
    (
        Field("program", STRING),
        Field("arguments", ListOf(STRING)),
        Field("environment", PAIRS),
        Field("working-directory", OptionOf(STRING)),
        Field("timeout", OptionOf(U64)),
        Field("output", EnumOf(("nothing", "both"))),
    )
)
EXIT: Final = VariantOf((Case("code", _U8), Case("signal", _U8), Case("timed-out")))
SIGNAL: Final = EnumOf(("terminate", "interrupt", "hangup", "kill", "user1", "user2"))

FUEL_PER_CALL: Final = 1_000
FUEL_PER_BYTE: Final = 1
FUEL_PER_PROGRAM: Final = 1_000_000
"""Fuel for starting a program: two processes are made and ended for it."""


def error_of(refusal: ProgramRefusal) -> Err:
    """Return a refusal as the error of a call."""
    return Err(Variant(refusal.case, refusal.message))


def exit_of(ended: Exit) -> Variant:
    """Return the end of a program as a guest sees it."""
    return Variant(ended.kind.value, None if ended.kind is ExitKind.TIMED_OUT else ended.number)
