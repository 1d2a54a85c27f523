"""What a refusal says: something about the files, or only something about the machine at that moment.

A *verdict* says that the same files would be refused again: it is remembered by digest, and they are left alone until
they change. A *circumstance* says nothing about the files: too little time or memory, a file that cannot be read, a
store that cannot be written. It is never remembered against a digest and condemns no revision; what it prevented is
tried again, after a growing delay and at the next start.

The kind is decided where the error is made, in one of three ways: by the type of the error (every ``StoreError`` is a
circumstance), by the gate (see :data:`CIRCUMSTANCES`), or by the module that knows the cause (see
``engine/compiler``).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from airssys_tui.core.gates import Gate


class RefusalKind(StrEnum):
    """What a refusal says about the files that were refused."""

    VERDICT = "verdict"
    CIRCUMSTANCE = "circumstance"


CIRCUMSTANCES: Final = frozenset({Gate.DISK, Gate.CAPACITY, Gate.STORE, Gate.DEPENDENCIES, Gate.LINKS, Gate.DRAIN})
"""Gates that never judge the files: room on the disk or in the process, the catalog, others, a call that still runs."""

AWAITED: Final = frozenset({Gate.DISK, Gate.DEPENDENCIES, Gate.LINKS})
"""Gates of circumstances whose end the runtime notices by itself: no delay is needed."""

POSTPONED: Final = "it says nothing about the files and is tried again"
"""Ends the recorded reason of a candidate that a circumstance refused."""


def kind_at(gate: Gate) -> RefusalKind:
    """Return the kind of a refusal of which only the gate is known."""
    return RefusalKind.CIRCUMSTANCE if gate in CIRCUMSTANCES else RefusalKind.VERDICT


AWAITING: Final = "awaiting approval"
"""Says that files wait for an operator at the gate for grants: nothing is wrong with them."""


DENIED: Final = "denied by"
"""Begins the reason of files that an operator denied at the gate for grants, followed by who did."""


def is_undecided(gate: str, reason: str) -> bool:
    """Return whether files wait for an operator's answer."""
    return gate == Gate.GRANTS and not reason.startswith(DENIED)


def refusal_text(gate: str, reason: str) -> str:
    """Say that a gate refused a candidate, or that it waits there for an operator."""
    return f"{AWAITING}: {reason}" if is_undecided(gate, reason) else f"refused at {gate}: {reason}"


def is_awaiting(recorded: str) -> bool:
    """Return whether a recorded reason is that of a candidate that waits for approval."""
    return recorded.startswith(AWAITING)


def recorded_reason(gate: Gate, reason: str, kind: RefusalKind) -> str:
    """Return the reason that the history keeps of a refused candidate."""
    text = refusal_text(gate, reason)
    return f"{text} · {POSTPONED}" if kind is RefusalKind.CIRCUMSTANCE else text


def is_postponed(reason: str) -> bool:
    """Return whether a recorded reason is that of a circumstance."""
    return reason.endswith(POSTPONED)


def retry_text(seconds: float) -> str:
    """Say when something is tried again."""
    return f"will be tried again in {max(1, round(seconds))} s"


def judge(program: str, gate: Gate, compile_cpu: float) -> str:
    """Return who gave a verdict; the verdict of another judge is not remembered, because this one may accept the files.

    Args:
        program: The program's version.
        gate: The gate.
        compile_cpu: The operator's limit of CPU seconds for the compiler, which a later start may raise.
    """
    return f"{program}, compile-cpu {compile_cpu:g} s" if gate is Gate.COMPILE else program


def is_by(judged: str, program: str) -> bool:
    """Return whether a version of the program gave a verdict, under whatever limits."""
    return judged.partition(",")[0] == program
