"""Starting one program: its streams, its directory, its shim, and word that it runs."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from airssys_tui.core.capability.permission import Access
from airssys_tui.engine.waiting import Announcement
from airssys_tui.host.doors.programs.call_wait import Call, due_in, is_ready
from airssys_tui.host.doors.programs.command import Command
from airssys_tui.host.doors.programs.fork_server import ForkServer
from airssys_tui.host.doors.programs.minder import Minder
from airssys_tui.host.doors.programs.program import ANSWER_MS, MOST_MOVED, Program
from airssys_tui.host.doors.programs.program_refusal import ProgramRefusal
from airssys_tui.host.doors.programs.search_path import FoundProgram

MOST_PROCESSES: Final = 256
"""Processes of one program, with all that it started; one with more is killed, before it takes the machine."""

_PIPE_SIZE: Final[int | None] = getattr(fcntl, "F_SETPIPE_SZ", None)


class Launch(msgspec.Struct, frozen=True):
    """A program that may be started.

    Attributes:
        command: What to run, within its bounds.
        found: The program.
        access: What was allowed.
        signalling: The access for sending it a signal.
        announce: Announces that the thread is about to block.
    """

    command: Command
    found: FoundProgram
    access: Access
    signalling: Access
    announce: Announcement

    def message(self, directory: str) -> dict[str, Any]:
        """Return what its shim is told."""
        command = self.command
        return {
            "program": self.found.path,
            "identity": self.found.identity,
            "arguments": (command.program, *command.arguments),
            "environment": command.environment,
            "directory": directory,
            "own": command.directory is None,
            "timeout": command.life,
            "most": MOST_PROCESSES,
        }


def start(server: ForkServer, call: Call, launch: Launch) -> Program:
    """Start a program and wait until it runs.

    Raises:
        ProgramRefusal: ``failed``, ``not-found``, ``invalid-input``.
    """
    directory = _directory(launch.command)
    told = False
    try:
        program, minder = _greeted(server, call, launch)
        try:
            minder.send(launch.message(directory))
            told = True
            _hear(call, launch, minder, minder.has_answered)
        finally:
            if minder.started is None:
                program.close()
    except OSError as error:
        raise failure(error) from error
    finally:
        if not told and launch.command.directory is None:
            shutil.rmtree(directory, ignore_errors=True)
    if minder.started is None:
        raise _not_started(minder.failed)
    return program


def failure(error: OSError) -> ProgramRefusal:
    """Return the refusal for an error of the system, without the path that it may name."""
    return ProgramRefusal("failed", f"the system reported: {os.strerror(error.errno or errno.EIO)}")


def _directory(command: Command) -> str:
    """Return the working directory; an empty one of its own is made, and is its shim's to remove."""
    try:
        if command.directory is None:
            return tempfile.mkdtemp(prefix="airssys-program-")
        directory = os.path.realpath(command.directory, strict=True)
    except OSError as error:
        raise failure(error) from error
    if not Path(directory).is_dir():
        raise ProgramRefusal("invalid-input", "the working directory is no directory")
    return directory


def _greeted(server: ForkServer, call: Call, launch: Launch) -> tuple[Program, Minder]:
    """Have a shim forked and wait for its first word; once more if the fork server has ended, or does not answer."""
    for _ in range(2):
        program, minder = _fork(server, launch)
        try:
            _hear(call, launch, minder, minder.has_greeted)
        finally:
            if minder.shim is None:
                program.close()
        if minder.shim is not None:
            return program, minder
        server.restart()
    raise ProgramRefusal("failed", "what starts programs does not answer")


def _hear(call: Call, launch: Launch, minder: Minder, enough: Callable[[], bool]) -> None:
    """Take in what the shim says until it is enough, the shim has ended, or the time is over."""
    due_ns = due_in(ANSWER_MS)
    minder.read()
    while not (enough() or minder.gone):
        if not is_ready(call, launch.announce, minder.descriptor, due_ns):
            return
        minder.read()


def _fork(server: ForkServer, launch: Launch) -> tuple[Program, Minder]:
    """Have a shim forked that holds the other ends of the program's streams."""
    with contextlib.ExitStack() as ours, contextlib.ExitStack() as theirs:
        stdin_read, stdin = _pipe(theirs, ours)
        if launch.command.captured:
            outputs = [_pipe(ours, theirs), _pipe(ours, theirs)]
            for end, _ in outputs:
                _enlarge(end)
            streams = [end for _, end in outputs]
        else:
            outputs = []
            nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
            theirs.callback(os.close, nowhere)
            streams = [nowhere, nowhere]
        for end in (stdin, *(end for end, _ in outputs)):
            os.set_blocking(end, False)
        control, other = socket.socketpair()
        ours.callback(control.close)
        theirs.callback(other.close)
        server.submit([stdin_read, *streams, other.fileno()])
        ours.pop_all()
    minder = Minder(control)
    captured = (outputs[0][0], outputs[1][0]) if outputs else None
    return Program(launch.access, launch.signalling, minder, stdin, captured, announce=launch.announce), minder


def _pipe(reader: contextlib.ExitStack, writer: contextlib.ExitStack) -> tuple[int, int]:
    """Open a pipe; each end is closed with its owner. No end is inherited by any process."""
    ends = os.pipe()
    reader.callback(os.close, ends[0])
    writer.callback(os.close, ends[1])
    return ends


def _enlarge(end: int) -> None:
    """Give a pipe room for :data:`MOST_MOVED` bytes, or leave it smaller: the program then waits sooner."""
    if _PIPE_SIZE is not None:
        with contextlib.suppress(OSError):
            fcntl.fcntl(end, _PIPE_SIZE, MOST_MOVED)


def _not_started(number: int | None) -> ProgramRefusal:
    if number is None:
        return ProgramRefusal("failed", "what starts programs does not answer")
    if number == errno.ENOENT:
        return ProgramRefusal("not-found", "the program, or what it needs to run, is not there any more")
    if number == errno.ENOEXEC:
        return ProgramRefusal("failed", "it is no program that this machine can run")
    return failure(OSError(number, ""))
