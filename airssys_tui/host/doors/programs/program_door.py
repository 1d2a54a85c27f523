"""The door to programs: starting them for one instance, and asking the guard at each call on one."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Final

from airssys_tui.core.capability.grant import Denial, Reason
from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.core.manifest.capabilities import ProcessAction
from airssys_tui.engine.waiting import Announcement
from airssys_tui.host.doors.programs.call_wait import Call
from airssys_tui.host.doors.programs.command import Command, Exit, check_command, loader_variable
from airssys_tui.host.doors.programs.fork_server import ForkServer
from airssys_tui.host.doors.programs.launch import Launch, start
from airssys_tui.host.doors.programs.program import Program
from airssys_tui.host.doors.programs.program_refusal import ProgramRefusal
from airssys_tui.host.doors.programs.search_path import STANDARD, FoundProgram, SearchPath
from airssys_tui.host.guard import Guard

MOST_PROGRAMS: Final = 8
"""Programs that an instance has at a time, ended ones included."""


MOST_OF_ALL: Final = 256
"""Programs that all components of a runtime have at a time: each takes two processes and five descriptors."""


class ProgramSource:
    """Where programs are searched and what starts them; one per runtime.

    Args:
        directories: Where they are searched by name; None for the usual directories.

    Raises:
        UsageError: If a directory is not absolute.
    """

    def __init__(self, directories: Iterable[str] | None = None) -> None:
        self.search_path = SearchPath(STANDARD if directories is None else directories)
        self.server = ForkServer()
        self._lock = threading.Lock()
        self._open = 0

    def is_full(self) -> bool:
        """Return whether the components of the runtime have as many programs as they may, :data:`MOST_OF_ALL`."""
        return self._open >= MOST_OF_ALL

    def count(self, change: int) -> None:
        """Count programs that were started, or with a negative number, that ended."""
        with self._lock:
            self._open += change

    def close(self) -> None:
        """Start no more programs; those that run end with their instances. Idempotent."""
        self.server.close()


class ProgramDoor:
    """Programs for one instance. Used by one thread at a time, closed by any.

    A permission covers a program with everything that it can be told to do by arguments, environment, input and
    configuration files: ``git -c alias.x=!sh`` is covered by ``spawn:git``. Three things are never passed on, whatever
    was granted: variables that make the dynamic loader put other code into a program, the runtime's own environment
    and descriptors, and rights beyond the runtime's (a program marked setuid runs without that mark's effect).

    Args:
        guard: Decides each access.
        source: Where programs are searched and what starts them.
        announce: Announces that the thread is about to block.
        most: Programs at a time.
    """

    def __init__(
        self,
        guard: Guard,
        source: ProgramSource,
        announce: Announcement = nullcontext,
        most: int = MOST_PROGRAMS,
    ) -> None:
        self._guard = guard
        self._announce = announce
        self._source = source
        self._most = most
        self._lock = threading.Lock()
        self._open: set[Program] = set()
        self._closed = False

    def access(self, action: ProcessAction, program: str) -> Access:
        """Return the access that an action on a program is, without attempting it."""
        found = self._source.search_path.find(program)
        return _access(action, found)

    def spawn(self, call: Call, command: Command) -> Program:
        """Start a program.

        Raises:
            ProgramRefusal: ``denied``, ``not-found``, ``invalid-input``, ``quota-exceeded``, ``failed``.
        """
        check_command(command)
        found = self._source.search_path.find(command.program)
        access = _access(ProcessAction.SPAWN, found)
        if loader_variable(command) is None and self._guard.await_answer(access):
            found = self._source.search_path.find(command.program)
            access = _access(ProcessAction.SPAWN, found)
        self._admit(access, found, command)
        signalling = _access(ProcessAction.SIGNAL, found)
        program = start(self._source.server, call, Launch(command, found, access, signalling, self._announce))
        try:
            self._enter(program)
        except ProgramRefusal:
            program.close()
            raise
        return program

    def _admit(self, access: Access, found: FoundProgram, command: Command) -> None:
        """Verify that it may be started, in the order of the reasons; a grant for one access is used up last."""
        variable = loader_variable(command)
        if variable is not None:
            text = self._guard.deny(Denial(access, Reason.FORBIDDEN, ""))
            raise ProgramRefusal("denied", f"{text}: {variable} loads other code into a program")
        full = self._no_room(access)
        if full is not None or not found.runnable:
            if self._guard.look(access) is not None:
                self._require(access, command.program)
            if full is not None:
                raise ProgramRefusal("quota-exceeded", self._guard.deny(full))
            raise _not_runnable(found)
        self._require(access, command.program)

    def _no_room(self, access: Access) -> Denial | None:
        if len(self._open) >= self._most:
            text = f"{self._most} programs are open, the limit of a component: drop one first"
            return Denial(access, Reason.QUOTA, text)
        if self._source.is_full():
            return Denial(access, Reason.CAPACITY, f"{MOST_OF_ALL} programs are open in all components")
        return None

    def _require(self, access: Access, asked: str = "") -> None:
        denial = self._guard.require(access)
        if denial is not None:
            raise ProgramRefusal("denied", _text(denial, asked))

    def _again(self, program: Program) -> None:
        denial = self._guard.again(program.access)
        if denial is not None:
            raise ProgramRefusal("denied", denial.text)

    def _enter(self, program: Program) -> None:
        with self._lock:
            closed = self._closed
            if not closed:
                self._open.add(program)
                self._source.count(1)
        if closed:
            raise ProgramRefusal("failed", "the component is ending")

    def wait(self, call: Call, program: Program, timeout_ms: int) -> Exit | None:
        """Ask the guard, then :meth:`Program.wait`."""
        self._again(program)
        return program.wait(call, timeout_ms)

    def read(self, call: Call, program: Program, stream: int, limit: int) -> bytes:
        """Ask the guard, then :meth:`Program.read`."""
        self._again(program)
        return program.read(call, stream, limit)

    def write(self, call: Call, program: Program, data: bytes) -> int:
        """Ask the guard, then :meth:`Program.write`."""
        self._again(program)
        return program.write(call, data)

    def id(self, program: Program) -> int:
        """Ask the guard, then return the program's process id."""
        self._again(program)
        return program.id

    def signal(self, call: Call, program: Program, number: int) -> None:
        """Ask the guard, then :meth:`Program.signal`."""
        self._require(program.signalling)
        program.signal(call, number)

    def terminate(self, call: Call, program: Program, grace_ms: int) -> Exit:
        """Ask the guard, then :meth:`Program.terminate`."""
        self._require(program.signalling)
        return program.terminate(call, grace_ms)

    def drop(self, program: Program) -> None:
        """Kill a program with all that it started; never waits."""
        with self._lock:
            if program in self._open:
                self._open.discard(program)
                self._source.count(-1)
        program.close()

    def close(self) -> None:
        """Kill all programs: the instance ends. Idempotent; never waits."""
        with self._lock:
            self._closed = True
            programs, self._open = self._open, set()
            self._source.count(-len(programs))
        for program in programs:
            program.close()


def _access(action: ProcessAction, found: FoundProgram) -> Access:
    return Access(Kind.PROCESS, action.value, found.path, names=found.names)


def _text(denial: Denial, asked: str) -> str:
    """Return the text of a denial for the guest, which does not tell where a link leads that the guest named."""
    path, names = denial.access.subject, denial.access.names
    if "/" not in asked or asked == path or asked.rpartition("/")[2] in names or path not in denial.remedy:
        return denial.text
    return f"{denial.reason}: the operator is told what would allow {asked}"


def _not_runnable(found: FoundProgram) -> ProgramRefusal:
    if found.identity is None:
        return ProgramRefusal("not-found", "there is no such program")
    return ProgramRefusal("failed", "it is not a file that may be executed")
