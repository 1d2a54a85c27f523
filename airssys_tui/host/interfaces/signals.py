"""``airssys:ext-process/signals``: a component tells a program something that it started itself."""

from __future__ import annotations

import signal
from typing import Any, Final

from airssys_tui.core.types.interface import Borrow, Function, Param, ResultOf
from airssys_tui.core.types.values import Ok
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface, UsedResource
from airssys_tui.host.doors.programs.program import Program
from airssys_tui.host.doors.programs.program_refusal import ProgramRefusal
from airssys_tui.host.process_types import (
    EXIT,
    FUEL_PER_CALL,
    PROCESS,
    PROCESS_ERROR,
    PROCESSES,
    SIGNAL,
    error_of,
    exit_of,
)
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import U32

_NUMBERS: Final = {
    "terminate": signal.SIGTERM,
    "interrupt": signal.SIGINT,
    "hangup": signal.SIGHUP,
    "kill": signal.SIGKILL,
    "user1": signal.SIGUSR1,
    "user2": signal.SIGUSR2,
}


def _send(context: HostContext, program: Program, name: str) -> Any:
    tenant: Tenant = context.owner
    context.charge(FUEL_PER_CALL)
    try:
        tenant.programs.signal(context, program, _NUMBERS[name])
    except ProgramRefusal as refusal:
        return error_of(refusal)
    return Ok()


def _terminate_gracefully(context: HostContext, program: Program, grace_ms: int) -> Any:
    tenant: Tenant = context.owner
    context.charge(FUEL_PER_CALL)
    try:
        return Ok(exit_of(tenant.programs.terminate(context, program, grace_ms)))
    except ProgramRefusal as refusal:
        return error_of(refusal)


_PROCESS: Final = Param("process", Borrow(PROCESS))

INTERFACE: Final = HostInterface(
    "airssys:ext-process/signals@1.0.0",
    (
        HostFunction(Function("send", (_PROCESS, Param("signal", SIGNAL)), ResultOf(None, PROCESS_ERROR)), _send),
        HostFunction(
            Function("terminate-gracefully", (_PROCESS, Param("grace-ms", U32)), ResultOf(EXIT, PROCESS_ERROR)),
            _terminate_gracefully,
        ),
    ),
    uses=(UsedResource(PROCESS, PROCESSES),),
)
