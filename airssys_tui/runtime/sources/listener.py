"""Notices of the operating system about changes in directories: the native half of watching.

``watchfiles`` listens; this module runs it on a thread of its own, because opening thousands of watches takes a while
and because the thread can wait without a loop. Each directory is watched by itself and not with what is below it: only
two levels matter, and a link or a tree of build outputs could lead anywhere.

A listener is never the only source: events get lost (a full queue, a mount without events), and it can end. Whatever
ends it is one sentence in plain words, for people; the library's errors are Rust's debug output.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from watchfiles import Change, watch

from airssys_tui.core.text import GuestText, one_line

STEP_MS: Final = 50
DEBOUNCE_MS: Final = 50
TURN_MS: Final = 250
"""Milliseconds of one turn of the library; after the first, a listener surely hears."""


class Notice(NamedTuple):
    """One notice.

    Attributes:
        path: The path that changed, below the directory as it was given.
        gone: Whether it was removed or renamed.
    """

    path: str
    gone: bool


class Listener:
    """Listens to some directories until :meth:`stop`, or until the system or the library fails.

    Attributes:
        up: Done when changes are surely heard, or when listening ended.
        over: Done when listening ended, with the reason in words; empty after :meth:`stop`.

    Args:
        directories: Absolute paths.
        heard: Called on the loop that made the listener.
    """

    def __init__(self, directories: Iterable[str], heard: Callable[[tuple[Notice, ...]], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._directories = tuple(directories)
        self._heard = heard
        self._ending = threading.Event()
        self.up: asyncio.Future[None] = self._loop.create_future()
        self.over: asyncio.Future[GuestText] = self._loop.create_future()
        threading.Thread(target=self._run, name="notices", daemon=True).start()

    def stop(self) -> None:
        """End listening, within about :data:`STEP_MS` milliseconds."""
        self._ending.set()

    def _run(self) -> None:
        try:
            reason = self._listen()
        except Exception as error:  # noqa: BLE001 - the thread ends here, and the library raises whatever it likes
            reason = reason_of(error)
        self._tell(self._end, reason)

    def _listen(self) -> GuestText:
        first = True
        for changes in watch(
            *self._directories,
            watch_filter=None,
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            stop_event=self._ending,
            rust_timeout=TURN_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            force_polling=False,
            recursive=False,
            ignore_permission_denied=True,
        ):
            if first or changes:
                first = False
                self._tell(self._hear, tuple(Notice(path, change is Change.deleted) for change, path in changes))
        return GuestText("") if self._ending.is_set() else one_line("the watcher ended")

    def _tell(self, function: Callable[..., None], *args: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the runtime is gone
            self._loop.call_soon_threadsafe(function, *args)

    def _hear(self, notices: tuple[Notice, ...]) -> None:
        if not self.up.done():
            self.up.set_result(None)
        if notices and not self._ending.is_set():
            self._heard(notices)

    def _end(self, reason: GuestText) -> None:
        if not self.over.done():
            self.over.set_result(reason)
        if not self.up.done():
            self.up.set_result(None)


class Relay:
    """Listens to a set of directories that changes: the next listener begins before the last one ends.

    Args:
        heard: Called for the notices of all of them.
    """

    def __init__(self, heard: Callable[[tuple[Notice, ...]], None]) -> None:
        self._heard = heard
        self._listeners: list[Listener] = []

    @property
    def reason(self) -> GuestText | None:
        """Why listening ended; None while it goes on."""
        over = self._listeners[-1].over if self._listeners else None
        return over.result() if over is not None and over.done() else None

    async def listen_to(self, directories: Iterable[str]) -> None:
        """Listen to these directories from now on; returns when their changes are surely heard, or listening ended."""
        fresh = Listener(directories, self._heard)
        self._listeners.append(fresh)
        await fresh.up
        while len(self._listeners) > 1:
            self._listeners.pop(0).stop()

    async def wait(self, event: asyncio.Event) -> None:
        """Wait for an event, or until listening ended."""
        waiting = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait((waiting, self._listeners[-1].over), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()

    def stop(self) -> None:
        """End listening."""
        for listener in self._listeners:
            listener.stop()


_KNOWN: Final = (
    (
        re.compile(r"MaxFilesWatch|no space left|os error 28\b", re.IGNORECASE),
        "the system has no file watches left; raise fs.inotify.max_user_watches",
    ),
    (
        re.compile(r"too many open files|os error 2[34]\b", re.IGNORECASE),
        "no inotify instances or file descriptors are left; raise fs.inotify.max_user_instances or ulimit -n",
    ),
    (re.compile(r"decode path"), "a file name is not UTF-8"),
    (re.compile(r"PathNotFound|os error 2\b"), "a directory vanished while it was being watched"),
    (re.compile(r"os error 13\b"), "no access to a directory"),
)
_MESSAGE: Final = re.compile(r'message: "([^"]*)"|\bGeneric\("([^"]*)"\)')
_NUMBER: Final = re.compile(r"\(os error (\d+)\)|\bcode: (\d+)")


def reason_of(error: BaseException) -> GuestText:
    """Return in words why listening failed."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = " ".join(str(error).split()) or type(error).__name__
    for pattern, words in _KNOWN:
        if pattern.search(text):
            return one_line(words)
    if found := _NUMBER.search(text):
        return one_line(os.strerror(int(found[1] or found[2])).lower())
    if found := _MESSAGE.search(text):
        return one_line(found[1] or found[2])
    return one_line(text.split("{", 1)[0].rstrip(" :(") or "the watcher failed")
