"""``airssys:ext-process/processes``: a component runs programs of the machine."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from airssys_tui.core.errors import HostDenied
from airssys_tui.core.types.interface import Borrow, Function, OptionOf, Own, Param, ResultOf
from airssys_tui.core.types.values import Ok, Some
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface, HostResource
from airssys_tui.host.doors.programs.command import Command
from airssys_tui.host.doors.programs.program import Program
from airssys_tui.host.doors.programs.program_refusal import ProgramRefusal
from airssys_tui.host.process_types import (
    COMMAND,
    EXIT,
    FUEL_PER_BYTE,
    FUEL_PER_CALL,
    FUEL_PER_PROGRAM,
    PROCESS,
    PROCESS_ERROR,
    PROCESSES,
    error_of,
    exit_of,
)
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import BYTES, U32, U64

PROGRAM_WEIGHT: Final = 64 * 1024
"""Bytes that one program is counted with: descriptors, pipes and state in this process."""


def _answering(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return refusals as error values."""

    @wraps(work)
    def run(context: HostContext, *arguments: Any) -> Any:
        tenant: Tenant = context.owner
        context.charge(FUEL_PER_CALL)
        try:
            return Ok(work(context, tenant, *arguments))
        except ProgramRefusal as refusal:
            return error_of(refusal)

    return run


@_answering
def _spawn(context: HostContext, tenant: Tenant, asked: dict[str, Any]) -> Program:
    context.charge(FUEL_PER_PROGRAM)
    directory, life = asked["working-directory"], asked["timeout"]
    command = Command(
        program=asked["program"],
        arguments=tuple(asked["arguments"]),
        environment=tuple(asked["environment"]),
        directory=None if directory is None else directory.value,
        life=None if life is None else life.value,
        captured=asked["output"] == "both",
    )
    with tenant.blocking():  # directories are looked through and made: a busy disk takes its time
        return tenant.programs.spawn(context, command)


@_answering
def _wait(context: HostContext, tenant: Tenant, program: Program, timeout_ms: int) -> Some | None:
    ended = tenant.programs.wait(context, program, timeout_ms)
    return None if ended is None else Some(exit_of(ended))


@_answering
def _read_stdout(context: HostContext, tenant: Tenant, program: Program, limit: int) -> bytes:
    return _read(context, tenant, program, 0, limit)


@_answering
def _read_stderr(context: HostContext, tenant: Tenant, program: Program, limit: int) -> bytes:
    return _read(context, tenant, program, 1, limit)


def _read(context: HostContext, tenant: Tenant, program: Program, stream: int, limit: int) -> bytes:
    data = tenant.programs.read(context, program, stream, limit)
    context.charge(FUEL_PER_BYTE * len(data))
    return data


@_answering
def _write_stdin(context: HostContext, tenant: Tenant, program: Program, data: bytes) -> int:
    taken = tenant.programs.write(context, program, data)
    context.charge(FUEL_PER_BYTE * taken)
    return taken


def _id(context: HostContext, program: Program) -> int:
    tenant: Tenant = context.owner
    context.charge(FUEL_PER_CALL)
    try:
        return tenant.programs.id(program)
    except ProgramRefusal as refusal:
        # The function has no error, so a denial ends the call.
        raise HostDenied(refusal.message) from refusal


def _drop(context: HostContext, program: Program) -> None:
    tenant: Tenant = context.owner
    tenant.programs.drop(program)


_SELF: Final = Param("self", Borrow(PROCESS))


def _method(name: str, call: Callable[..., Any], result: Any, **params: Any) -> HostFunction:
    parameters = tuple(Param(key, type_) for key, type_ in params.items())
    type_ = Function(f"[method]process.{name}", (_SELF, *parameters), ResultOf(result, PROCESS_ERROR))
    return HostFunction(type_, call)


_SPAWN: Final = Function("[static]process.spawn", (Param("command", COMMAND),), ResultOf(Own(PROCESS), PROCESS_ERROR))

INTERFACE: Final = HostInterface(
    PROCESSES,
    (
        HostFunction(_SPAWN, _spawn),
        _method("wait", _wait, OptionOf(EXIT), timeout=U64),
        _method("read-stdout", _read_stdout, BYTES, len=U32),
        _method("read-stderr", _read_stderr, BYTES, len=U32),
        _method("write-stdin", _write_stdin, U32, data=BYTES),
        HostFunction(Function("[method]process.id", (_SELF,), U32), _id),
    ),
    (HostResource(PROCESS, _drop, PROGRAM_WEIGHT),),
)
