"""Start, mind and end the programs of components; run as a file of its own, outside the runtime.

The runtime has many threads and may be killed at any time, so it can neither fork safely nor promise to end what it
started. Two kinds of processes do that for it, and this file is both. It uses only the standard library.

The *fork server* is one per runtime. It has one thread, and forks a shim for each program: a byte on its socket comes
with four descriptors, the program's stdin, stdout and stderr and a control socket. It ends when that socket closes.

The *shim* is one per program and the program's parent. The control socket carries frames, a length of four bytes and
JSON. The shim says ``{"shim": PID}``, is sent what to run, and answers ``{"started": PID}`` or ``{"failed": ERRNO}``.
Then it takes ``{"signal": NUMBER}`` and answers ``{"told": true}``, or false after the end; takes ``{"terminate": MS}``
without an answer; and says ``{"exit": [KIND, NUMBER]}`` once. When the control socket closes, by the runtime's will or
because the runtime is gone, it kills the program and all that it started, removes the program's own directory, and
ends.

The shim is a subreaper: what a descendant leaves behind, by a double fork or in a session of its own, becomes its
child, so nothing gets out of its tree. If a program kills its shim, the kernel kills the program (its death signal),
and the rest of the tree falls to the fork server, a subreaper too, which kills it, and which lets a shim go on that the
program stopped. What can escape is a program that
makes itself a daemon and kills both its shim and the fork server, which run as the same user. Where the system has no
subreapers, what leaves the program's process group escapes.

Only the parent of a process can be sure that its number was not given to another one. So the shim signals its own
children, which it alone reaps; others it signals through a descriptor of the process, after a look at when it started.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import shutil
import signal
import socket
import struct
import sys
import time
from typing import Any, NoReturn

SUBREAPER, DEATH_SIGNAL, NO_NEW_PRIVILEGES = 36, 1, 38
"""Numbers of prctl(2)."""

STREAMS = 3
DESCRIPTORS = STREAMS + 1
HIGHEST_DESCRIPTOR = 1_024
"""Above any that the shim ever has; the runtime's own ones do not get here."""

TICK, KILL_PAUSE, CLOSE_LOOK = 0.1, 0.02, 50
"""Seconds between two looks at the number of processes and between two attempts to kill a tree; every CLOSE_LOOKth look
counts the tree, the others count it only if the machine runs many more threads than before."""

LENGTH = struct.Struct(">I")


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process, where the system has it."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def send(control: socket.socket, message: dict[str, Any]) -> None:
    """Send a frame; a runtime that is gone is noticed when the socket is read."""
    body = json.dumps(message).encode()
    with contextlib.suppress(OSError):
        control.sendall(LENGTH.pack(len(body)) + body)


def receive(control: socket.socket) -> dict[str, Any] | None:
    """Receive a frame, or None when the socket is closed."""
    try:
        head = control.recv(LENGTH.size, socket.MSG_WAITALL)
        if len(head) < LENGTH.size:
            return None
        size = LENGTH.unpack(head)[0]
        body = control.recv(size, socket.MSG_WAITALL)
    except OSError:
        return None
    return json.loads(body) if len(body) == size else None


def table() -> dict[int, tuple[int, str]]:
    """Return the parent and the start time of every process that can be seen; empty without a ``/proc``."""
    found = {}
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):  # noqa: PTH208 -- plain names, on a path where every call costs time
            if name.isdigit():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    found[int(name)] = _stat(int(name))
    return found


def _stat(pid: int) -> tuple[int, str]:
    with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 -- as above
        fields = file.read().rpartition(b")")[2].split()
    return int(fields[1]), fields[19].decode()


def descendants(root: int, apart: set[int] | frozenset[int] = frozenset()) -> dict[int, tuple[int, str]]:
    """Return the processes below one, without the trees below those set ``apart``."""
    known = table()
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in known.items():
        children.setdefault(parent, []).append(pid)
    found: dict[int, tuple[int, str]] = {}
    waiting = [root]
    while waiting:
        for pid in children.get(waiting.pop(), ()):
            if pid not in apart and pid not in found:
                found[pid] = known[pid]
                waiting.append(pid)
    return found


def kill_tree(apart: set[int] | frozenset[int] = frozenset()) -> None:
    """Send SIGKILL to everything below this process, once."""
    me = os.getpid()
    for pid, (parent, started) in descendants(me, apart).items():
        with contextlib.suppress(OSError, ValueError, IndexError):
            if parent == me:
                os.kill(pid, signal.SIGKILL)
                continue
            handle = os.pidfd_open(pid)
            try:
                if _stat(pid)[1] == started:
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
            finally:
                os.close(handle)


class Wakeup:
    """A pipe that is readable after a child ended."""

    def __init__(self) -> None:
        self.read_end, write_end = self._ends = os.pipe()
        for end in self._ends:
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)

    def drain(self) -> None:
        """Make it unreadable again."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self.read_end, 4_096):
                pass

    def close(self) -> None:
        """Close it."""
        signal.set_wakeup_fd(-1)
        for end in self._ends:
            os.close(end)


class Shim:
    """One program and everything below it.

    Args:
        control: The socket to the runtime.
        streams: The program's stdin, stdout and stderr.
    """

    def __init__(self, control: socket.socket, streams: list[int]) -> None:
        self._control = control
        self._streams = streams
        self._wakeup = Wakeup()
        self._main = 0
        self._ended = self._childless = self._timed_out = False
        self._due: float | None = None
        self._grace: float | None = None
        self._others = self._most = self._looks = 0

    def run(self) -> None:
        """Run the program that the runtime names, until the runtime lets go of it."""
        send(self._control, {"shim": os.getpid()})
        asked = receive(self._control)
        if asked is None:
            return
        try:
            self._others, self._most = threads_of_machine(), asked["most"]
            failure = self._start(asked)
            for stream in self._streams:
                os.close(stream)
            if asked["timeout"] is not None:
                self._due = time.monotonic() + asked["timeout"] / 1000
            send(self._control, {"failed": failure} if failure else {"started": self._main})
            if not failure:
                self._mind()
        finally:
            self._end()
            if asked["own"]:
                remove(asked["directory"])

    def _start(self, asked: dict[str, Any]) -> int:
        """Start the program; return 0, or the error number."""
        read_end, write_end = os.pipe()
        parent = os.getpid()
        self._main = os.fork()
        if not self._main:
            become(asked, self._streams, write_end, parent)
        os.close(write_end)
        told = os.read(read_end, LENGTH.size)
        os.close(read_end)
        return int(LENGTH.unpack(told)[0]) if told else 0

    def _mind(self) -> None:
        watched: list[Any] = [self._control, self._wakeup.read_end]
        while True:
            ready, _, _ = select.select(watched, [], [], self._pause())
            if self._wakeup.read_end in ready:
                self._wakeup.drain()
            self._reap()
            if self._control in ready:
                asked = receive(self._control)
                if asked is None:
                    return
                self._obey(asked)
            self._look_at_clock()

    def _pause(self) -> float | None:
        now = time.monotonic()
        dues = [due - now for due in (self._due, self._grace) if due is not None]
        if not self._childless:
            dues.append(TICK)
        return max(0.0, min(dues)) if dues else None

    def _look_at_clock(self) -> None:
        now = time.monotonic()
        if over := self._due is not None and now >= self._due:
            self._due, self._timed_out = None, True
        if over or (self._grace is not None and now >= self._grace) or self._overcrowded():
            self._grace = None
            self._end()

    def _overcrowded(self) -> bool:
        """Return whether the tree has too many processes."""
        self._looks += 1
        now = threads_of_machine()
        if self._childless or (now - self._others <= self._most // 2 and self._looks % CLOSE_LOOK):
            return False
        count = len(descendants(os.getpid()))
        self._others = now - count
        return count > self._most

    def _obey(self, asked: dict[str, Any]) -> None:
        number = asked.get("signal", signal.SIGTERM)
        if not self._ended:
            os.kill(self._main, number)
        if "signal" in asked:
            send(self._control, {"told": not self._ended})
        elif not self._ended:
            self._grace = time.monotonic() + asked["terminate"] / 1000

    def _reap(self) -> None:
        """Collect the children that ended, and report the program's end."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._childless = True
                return
            if not pid:
                self._childless = False
                return
            if pid == self._main:
                self._report(status)

    def _report(self, status: int) -> None:
        self._ended, self._grace = True, None
        if self._timed_out:
            ended = ["timed-out", 0]
        elif os.WIFSIGNALED(status):
            ended = ["signal", os.WTERMSIG(status)]
        else:
            ended = ["code", os.WEXITSTATUS(status)]
        send(self._control, {"exit": ended})

    def _end(self) -> None:
        """Kill everything below, until nothing is left; without a look at all processes if nothing is left by now."""
        if not self._main:
            return
        while True:
            self._wakeup.drain()
            self._reap()
            if self._childless:
                return
            if not self._ended:
                for kill in (os.killpg, os.kill):
                    with contextlib.suppress(OSError):
                        kill(self._main, signal.SIGKILL)
            kill_tree()
            select.select([self._wakeup.read_end], [], [], KILL_PAUSE)


def threads_of_machine() -> int:
    """Return how many threads the machine runs; 0 where it does not say."""
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/loadavg", "rb") as file:  # noqa: PTH123
        return int(file.read().split()[3].partition(b"/")[2])
    return 0


def become(asked: dict[str, Any], streams: list[int], status: int, parent: int) -> NoReturn:
    """Turn this new process into the program; on failure write the error number to ``status`` and end."""
    try:
        os.setsid()
        prctl(DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() == parent:
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
            os.closerange(STREAMS, status)
            os.closerange(status + 1, HIGHEST_DESCRIPTOR)
            signal.set_wakeup_fd(-1)
            for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
                with contextlib.suppress(OSError):
                    signal.signal(number, signal.SIG_DFL)
            os.chdir(asked["directory"])
            found = os.stat(asked["program"])  # noqa: PTH116
            if [found.st_dev, found.st_ino] == asked["identity"]:
                os.execve(asked["program"], asked["arguments"], dict(asked["environment"]))  # noqa: S606 -- the point
            os.write(status, LENGTH.pack(2))
    except OSError as error:
        os.write(status, LENGTH.pack(error.errno or 5))
    finally:
        os._exit(127)


def remove(directory: str) -> None:
    """Remove a program's own directory, whatever the program made of its permissions."""
    with contextlib.suppress(OSError):
        for folder, inner, _ in os.walk(directory):
            for name in inner:
                path = os.path.join(folder, name)  # noqa: PTH118 -- as above
                if not os.path.islink(path):  # noqa: PTH114
                    os.chmod(path, 0o700)  # noqa: PTH101
    shutil.rmtree(directory, ignore_errors=True)


def serve(requests: socket.socket) -> None:
    """Fork a shim for each request, until the socket closes."""
    prctl(SUBREAPER, 1)
    wakeup = Wakeup()
    shims: set[int] = set()
    watched: list[Any] = [requests, wakeup.read_end]
    while True:
        ready, _, _ = select.select(watched, [], [])
        if wakeup.read_end in ready:
            wakeup.drain()
            bury(shims)
        if requests in ready:
            data, descriptors, _, _ = socket.recv_fds(requests, 1, DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
            if not data:
                return
            if len(descriptors) == DESCRIPTORS:
                shim = os.fork()
                if not shim:
                    requests.close()
                    wakeup.close()
                    shim_main(descriptors)
                shims.add(shim)
            for descriptor in descriptors:
                os.close(descriptor)


def shim_main(descriptors: list[int]) -> NoReturn:
    """Run a shim in this new process; a status other than 0 tells the fork server to look for what it left."""
    status = 1
    try:
        os.setsid()
        prctl(SUBREAPER, 1)
        Shim(socket.socket(fileno=descriptors[STREAMS]), descriptors[:STREAMS]).run()
        status = 0
    finally:
        os._exit(status)


def bury(shims: set[int]) -> None:
    """Collect the children that ended, let stopped shims go on, and kill what a shim left that did not end well."""
    lost = False
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            if not pid:
                break
            if os.WIFSTOPPED(status):
                os.kill(pid, signal.SIGCONT)
                continue
            lost |= pid not in shims or status != 0
            shims.discard(pid)
    if lost:
        kill_tree(shims)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    prctl(NO_NEW_PRIVILEGES, 1)
    # The thread of the runtime that started this process may have blocked some.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(socket.socket(fileno=int(sys.argv[1])))
