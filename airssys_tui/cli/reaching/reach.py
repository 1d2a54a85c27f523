"""How a command reaches a runtime: the running one, or a replacement if none is running.

The process that owns a state directory serves its runtime at the control socket in it. Every command connects there
first. If no process owns the directory, a command that reads answers from the catalog, one that needs a live component
becomes the owner for a moment, and one about the running components reports that none is running.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from airssys_tui.api.views.runtime import Phase
from airssys_tui.cli.reaching.site import Site, adoption
from airssys_tui.core.errors import FolderMismatch, NothingRuns, NotServing, StateLocked, Unreachable
from airssys_tui.core.text import one_line

if TYPE_CHECKING:
    from concurrent.futures import Future

    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.api.socket.frames import Access
    from airssys_tui.api.socket.remote import RemoteRuntime

T = TypeVar("T")

ANSWER: Final = 120.0
"""Seconds that one command or call may take."""

SETTLE: Final = 60.0
"""Seconds that a runtime may take to start its components before a command gives up."""

OPENING: Final = 3.0
"""Seconds that a command waits for the owner of a state directory to open its control socket."""

_LOOK: Final = 0.05
_HEAD_ONLY: Final = 2**62


class Without(Enum):
    """How a command proceeds if no runtime owns the state directory.

    Attributes:
        RECORD: Answer from the catalog, or record the desired state in it.
        MOMENT: Run the components while the question is answered.
        NOTHING: Fail, because no runtime is running.
    """

    RECORD = "record"
    MOMENT = "moment"
    NOTHING = "nothing"


def ask(site: Site, question: Callable[[RuntimeApi], Future[T]], without: Without = Without.NOTHING) -> T:
    """Ask one question and wait for the answer.

    Args:
        site: Folder and state directory.
        question: Calls a method of the runtime.
        without: The replacement if no runtime is running.

    Raises:
        AirssysError: The question failed, or no runtime could be reached.
    """
    with reach(site, without) as api:
        try:
            return question(api).result(ANSWER)
        except TimeoutError as error:
            raise Unreachable(
                f"no answer within {ANSWER:g} s", remedy="it may still be carried out: see airssys-tui events"
            ) from error


@contextlib.contextmanager
def reach(site: Site, without: Without = Without.NOTHING, *, client: str = "command") -> Iterator[RuntimeApi]:
    """Provide the runtime of a site, or its replacement, for the duration of a block.

    Args:
        site: Folder and state directory.
        without: The replacement if no runtime is running.
        client: Name of this process in the runtime's messages.

    Raises:
        NothingRuns: No runtime is running, and ``without`` allows no replacement.
        FolderMismatch: The runtime, or the state, belongs to another folder.
        StateLocked: Another process owns the state directory and cannot be reached.
        Unreachable: The runtime cannot be reached; see the subclasses.
    """
    remote = connect(site, client=client)
    if remote is not None:
        with contextlib.closing(remote):
            if without is not Without.RECORD:
                _wait_until_up(remote)
            yield remote
    elif without is Without.RECORD:
        from airssys_tui.cli.reaching.offline_runtime import RecordedRuntime  # noqa: PLC0415 - late: not needed for a running runtime

        yield RecordedRuntime.of(site)
    elif without is Without.MOMENT:
        with _moment(site, client) as api:
            yield api
    else:
        from airssys_tui.cli.reaching.absence import nothing_runs  # noqa: PLC0415 - late: only for an error

        raise nothing_runs(site)


def connect(
    site: Site, *, access: Access | None = None, client: str = "command", follow: bool = False
) -> RemoteRuntime | None:
    """Connect to the runtime that owns a site's state directory.

    Args:
        site: Folder and state directory.
        access: The requested access; full access by default.
        client: Name of this process in the runtime's messages.
        follow: Keep a mirror of the runtime, and reconnect when the connection is lost.

    Returns:
        The runtime, or None if no runtime is running.

    Raises:
        FolderMismatch: The runtime belongs to another folder than the named one.
        Unreachable: A runtime is running but cannot be reached; see the subclasses.
    """
    from airssys_tui.store.paths import control_path  # noqa: PLC0415 - late: `--help` needs no store

    path = control_path(site.state_dir.value)
    if not path.exists():
        return None
    from airssys_tui.api.socket.frames import Access  # noqa: PLC0415 - late: not needed without a socket
    from airssys_tui.api.socket.remote import RemoteRuntime  # noqa: PLC0415

    try:
        remote = RemoteRuntime.open(path, access=access or Access.FULL, client=client, follow=follow)
    except NothingRuns:  # a killed owner left the socket behind
        return None
    served, folder = remote.welcome.folder, site.folder.value
    if site.folder_named and not _is_served_as(served, folder):
        remote.close()
        raise FolderMismatch(
            f"{site.state_dir.value} is in use for {served}, not for {one_line(str(folder.resolve()), 400)}",
            remedy=adoption(folder),
        )
    return remote


def _is_served_as(served: str, folder: Path) -> bool:
    """Return whether a runtime's folder is this one; it comes over the wire without what no terminal may show."""
    from airssys_tui.api.wire import cleaned  # noqa: PLC0415 - late: not needed without a socket
    from airssys_tui.store.paths import as_given, means  # noqa: PLC0415

    names = (cleaned(str(path).encode(errors="replace").decode()) for path in (folder.resolve(), as_given(folder)))
    return served in names or means(served, folder)


@contextlib.contextmanager
def _moment(site: Site, client: str) -> Iterator[RuntimeApi]:
    """Become the owner for a moment; if another process became the owner meanwhile, ask that one."""
    from airssys_tui.cli.reaching.embedding import open_runtime  # noqa: PLC0415 - late: loads the engine
    from airssys_tui.cli.serving.signals import close_in_time  # noqa: PLC0415

    try:
        runtime = open_runtime(site, watch=False)
    except StateLocked as error:
        with contextlib.closing(_wait_for_owner(site, client, error)) as remote:
            _wait_until_up(remote)
            yield remote
        return
    except FolderMismatch as error:
        raise FolderMismatch(error.message, remedy=adoption(site.folder.value)) from error
    try:
        if not runtime.wait_settled(SETTLE):
            raise _not_up(site.folder.value)
        yield runtime
    finally:
        close_in_time(runtime.close, len(runtime.snapshot().components))


def _wait_for_owner(site: Site, client: str, error: StateLocked) -> RemoteRuntime:
    deadline = time.monotonic() + OPENING
    while time.monotonic() < deadline:
        remote = connect(site, client=client)
        if remote is not None:
            return remote
        time.sleep(_LOOK)
    from airssys_tui.cli.reaching.absence import owned_elsewhere  # noqa: PLC0415 - late: see above

    raise owned_elsewhere(error, site) from error


def _wait_until_up(remote: RuntimeApi) -> None:
    """Wait until a starting runtime has started its components."""
    deadline = time.monotonic() + SETTLE
    while (head := remote.snapshot(_HEAD_ONLY)).phase is Phase.STARTING:
        if time.monotonic() > deadline:
            raise _not_up(Path(head.folder))
        time.sleep(_LOOK)


def _not_up(folder: Path) -> NotServing:
    return NotServing(
        f"the components of {folder} did not come up within {SETTLE:g} s",
        remedy="see what delays them: airssys-tui run FOLDER --headless",
    )
