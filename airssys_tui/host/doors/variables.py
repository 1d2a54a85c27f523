"""The door to the variables of the host's environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final

from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.host.doors.programs.program_refusal import ProgramRefusal
from airssys_tui.host.guard import Guard

MOST_VALUE: Final = 32 * 1024
"""Bytes of a value that is handed over."""

MOST_LISTED: Final = 256

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}\Z")


_NONE: Final[Mapping[str, str]] = {}


def read_variable(guard: Guard, name: str, given: Mapping[str, str] = _NONE) -> str | None:
    """Return the value of a variable; None if it is not set or not valid text.

    Args:
        guard: Decides whether it may be read.
        name: Its name.
        given: Variables that are there instead of the machine's.

    Raises:
        ProgramRefusal: ``denied``; ``invalid-input``, also for a value that is too long.
    """
    if not _NAME.match(name):
        raise ProgramRefusal("invalid-input", "the name is not that of an environment variable")
    access = Access(Kind.ENVIRONMENT, "", name)
    guard.await_answer(access)
    denial = guard.require(access)
    if denial is not None:
        raise ProgramRefusal("denied", denial.text)
    if name in given:
        return given[name]
    raw = os.environb.get(name.encode()) if os.supports_bytes_environ else os.environ.get(name, "").encode()
    if raw is None:
        return None
    if len(raw) > MOST_VALUE:
        raise ProgramRefusal("invalid-input", f"the value has {len(raw)} bytes; at most {MOST_VALUE} are handed over")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def granted_variables(guard: Guard) -> list[str]:
    """Return the names that may be asked for, set or not, sorted; at most :data:`MOST_LISTED`."""
    names = {grant.permission.subject for grant in guard.in_force() if grant.permission.kind is Kind.ENVIRONMENT}
    return sorted(names)[:MOST_LISTED]
