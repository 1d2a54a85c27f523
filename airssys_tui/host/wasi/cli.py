"""``wasi:cli``: arguments, environment, the standard streams, and how a program exits.

What it prints goes as lines to the log of its component. No stream is a terminal: nobody types into a component.
"""

from __future__ import annotations

from typing import Final

from airssys_tui.core.types.values import Err, Ok
from airssys_tui.engine.call_ends import GuestExit
from airssys_tui.engine.host import FUEL_PER_WORK, HostContext, HostResource
from airssys_tui.host.doors.programs.program_refusal import ProgramRefusal
from airssys_tui.host.doors.variables import granted_variables, read_variable
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.wasi.charged_calls import charged
from airssys_tui.host.wasi.input_stream import MemoryInput
from airssys_tui.host.wasi.output_stream import OutputStream
from airssys_tui.host.wasi.wasi_types import wasi_interface


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
            value = read_variable(tenant.guard, name)
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


def _stdin(context: HostContext) -> MemoryInput:
    tenant: Tenant = context.owner
    return MemoryInput(tenant.wasi.stdin)


def _stdout(_context: HostContext) -> PrintedLines:
    return PrintedLines("stdout")


def _stderr(_context: HostContext) -> PrintedLines:
    return PrintedLines("stderr")


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
    wasi_interface("cli/terminal-stdin", {"get-terminal-stdin": _none}),
    wasi_interface("cli/terminal-stdout", {"get-terminal-stdout": _none}),
    wasi_interface("cli/terminal-stderr", {"get-terminal-stderr": _none}),
)
"""The interfaces of the package."""
