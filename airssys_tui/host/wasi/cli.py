"""``wasi:cli``: arguments, environment, the standard streams, and how a program exits.

What it prints goes as lines to the log of its component, and nobody types into it. A command in the foreground has the
streams of the process instead, and learns which of them are terminals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from airssys_tui.core.types.values import Err, Ok, Some
from airssys_tui.engine.call_ends import GuestExit
from airssys_tui.engine.host import FUEL_PER_WORK, HostContext, HostResource
from airssys_tui.host.doors.programs.program_refusal import ProgramRefusal
from airssys_tui.host.doors.variables import granted_variables, read_variable
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.wasi.charged_calls import charged
from airssys_tui.host.wasi.input_stream import InputStream, MemoryInput
from airssys_tui.host.wasi.output_stream import OutputStream
from airssys_tui.host.wasi.standard_streams import PassedInput, PassedOutput
from airssys_tui.host.wasi.wasi_types import wasi_interface
from airssys_tui.host.wasi_context import WasiContext


class PrintedLines(OutputStream):
    """Standard output or error: takes everything at once; what is more than is kept is dropped and counted.

    Args:
        name: ``stdout`` or ``stderr``.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def write(self, context: HostContext, data: bytes) -> None:
        """Keep it until its lines are passed on to the log."""
        context.charge_bytes(len(data))
        tenant: Tenant = context.owner
        tenant.wasi.output.write(self._name, data)


def _environment(context: HostContext) -> list[tuple[str, str]]:
    """Return the variables that are declared, granted and set."""
    tenant: Tenant = context.owner
    found: list[tuple[str, str]] = []
    context.charge(FUEL_PER_WORK)
    for name in granted_variables(tenant.guard):
        context.charge(FUEL_PER_WORK)
        try:
            value = read_variable(tenant.guard, name, tenant.wasi.variables)
        except ProgramRefusal:  # taken back meanwhile, or too long to be handed over
            continue
        if value is not None:
            context.charge_bytes(len(name) + len(value))
            found.append((name, value))
    return found


def _arguments(context: HostContext) -> list[str]:
    tenant: Tenant = context.owner
    arguments = list(tenant.wasi.arguments)
    context.charge_bytes(sum(map(len, arguments)))
    return arguments


def _none(_context: HostContext) -> None:
    return None


def _exit(_context: HostContext, status: Ok | Err) -> None:
    raise GuestExit(int(isinstance(status, Err)))


def _exit_with_code(_context: HostContext, code: int) -> None:
    raise GuestExit(code)


def _stdin(context: HostContext) -> InputStream:
    wasi = _wasi(context)
    return MemoryInput(wasi.stdin) if wasi.streams is None else PassedInput(wasi.streams.input)


def _stdout(context: HostContext) -> OutputStream:
    streams = _wasi(context).streams
    return PrintedLines("stdout") if streams is None else PassedOutput(streams.output)


def _stderr(context: HostContext) -> OutputStream:
    streams = _wasi(context).streams
    return PrintedLines("stderr") if streams is None else PassedOutput(streams.errors)


def _wasi(context: HostContext) -> WasiContext:
    tenant: Tenant = context.owner
    return tenant.wasi


def _terminal(name: str) -> Callable[[HostContext], Some | None]:
    """Return what gives the terminal that one of the streams is."""

    def get(context: HostContext) -> Some | None:
        streams = _wasi(context).streams
        return Some(Terminal()) if streams is not None and getattr(streams, name).terminal else None

    return get


class Terminal:
    """The value of a ``terminal-input`` or ``terminal-output``: it says that there is one, and nothing else."""

    __slots__ = ()


INTERFACES: Final = (
    wasi_interface(
        "cli/environment", {"get-environment": _environment, "get-arguments": _arguments, "initial-cwd": _none}
    ),
    wasi_interface("cli/exit", {"exit": _exit, "exit-with-code": _exit_with_code}),
    wasi_interface("cli/stdin", {"get-stdin": charged(_stdin)}),
    wasi_interface("cli/stdout", {"get-stdout": charged(_stdout)}),
    wasi_interface("cli/stderr", {"get-stderr": charged(_stderr)}),
    wasi_interface("cli/terminal-input", {}, (HostResource("terminal-input"),)),
    wasi_interface("cli/terminal-output", {}, (HostResource("terminal-output"),)),
    wasi_interface("cli/terminal-stdin", {"get-terminal-stdin": charged(_terminal("input"))}),
    wasi_interface("cli/terminal-stdout", {"get-terminal-stdout": charged(_terminal("output"))}),
    wasi_interface("cli/terminal-stderr", {"get-terminal-stderr": charged(_terminal("errors"))}),
)
"""The interfaces of the package."""
