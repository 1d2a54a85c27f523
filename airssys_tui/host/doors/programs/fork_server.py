"""The runtime's side of the process that forks a shim for each program."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

SHIM: Final = Path(__file__).with_name("shim.py")


class ForkServer:
    """Starts one process at the first request, and another one should it end. Thread-safe.

    The process holds no descriptor of the runtime but its socket, has an empty environment, and ends with the runtime.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None

    def submit(self, descriptors: Sequence[int]) -> None:
        """Have a shim forked that gets copies of these descriptors; it reports on the last one.

        Raises:
            OSError: If the process cannot be started or reached.
        """
        with self._lock:
            for attempt in (1, 2):
                if self._requests is None:
                    self._start()
                assert self._requests is not None  # noqa: S101 -- narrows the type
                try:
                    socket.send_fds(self._requests, [b"+"], descriptors)
                except OSError:
                    self._stop()
                    if attempt == 2:
                        raise
                else:
                    return

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603 -- our own program
                    [sys.executable, "-I", "-S", "-B", str(SHIM), str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                    env={},
                    cwd="/",
                )
            except BaseException:
                ours.close()
                raise
        ours.settimeout(SUBMIT_TIMEOUT)
        self._requests = ours

    def _stop(self) -> None:
        process, requests = self._process, self._requests
        self._process = self._requests = None
        if requests is not None:
            requests.close()
        if process is not None:
            # Running shims do not need it, and it may be stopped; so it is killed, and its end does not have to be
            # waited for by whoever asks for a program.
            process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(SUBMIT_TIMEOUT)

    def restart(self) -> None:
        """End the process, which did not answer; the next request starts another one."""
        with self._lock:
            self._stop()

    def close(self) -> None:
        """End the process. Programs end by themselves, as their handles are dropped. Idempotent."""
        self.restart()


SUBMIT_TIMEOUT: Final = 2.0
"""Seconds after which a process that takes no request is given up."""
