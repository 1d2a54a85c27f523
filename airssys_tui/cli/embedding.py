"""A runtime in this process, from what the command line names: for as long as a screen, or for one question."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, TypeVar

from airssys_tui.cli.options import Site, adoption
from airssys_tui.cli.signals import close_in_time
from airssys_tui.core.errors import FolderMismatch, NotServing, StateLocked

if TYPE_CHECKING:
    from airssys_tui.runtime.embedded import EmbeddedRuntime

T = TypeVar("T")

SETTLE: Final = 60.0
"""Seconds that a runtime may take to come up before a command gives up."""

ANSWER: Final = 120.0
"""Seconds that one command or call may take."""


def open_runtime(site: Site, *, adopt: bool = False, watch: bool = True) -> EmbeddedRuntime:
    """Own the state directory and begin to bring its components up.

    Args:
        site: Folder and state directory.
        adopt: Bind a state directory of another folder to this one.
        watch: Whether changes on disk are deployed as they come.

    Raises:
        StoreError: The state directory is owned by another process, belongs to another folder or cannot be used.
    """
    from airssys_tui.runtime.embedded import EmbeddedRuntime  # noqa: PLC0415 - late: loads the engine
    from airssys_tui.runtime.settings import RuntimeSettings  # noqa: PLC0415

    return EmbeddedRuntime.open(
        site.folder.value, state_dir=site.state_dir.value, adopt=adopt, settings=RuntimeSettings(watch=watch)
    )


def with_runtime(site: Site, ask: Callable[[EmbeddedRuntime], Future[T]]) -> T:
    """Be the owner for one question: open the runtime, let it settle, ask, close it.

    Args:
        site: Folder and state directory.
        ask: Asks the runtime, whose components are up, and returns what is waited for.

    Raises:
        StateLocked: Another process owns the state directory.
        FolderMismatch: It is the state of another folder.
        NotServing: The components did not come up in time.
        AirssysError: What the answer ended with.
    """
    try:
        runtime = open_runtime(site, watch=False)
    except StateLocked as error:
        raise owned_elsewhere(error) from error
    except FolderMismatch as error:
        raise FolderMismatch(error.message, remedy=adoption(site.folder.value)) from error
    try:
        if not runtime.wait_settled(SETTLE):
            raise NotServing(
                f"the components of {site.folder.value} did not come up within {SETTLE:g} s",
                remedy="see what holds them up: airssys-tui run FOLDER --headless",
            )
        return ask(runtime).result(ANSWER)
    finally:
        close_in_time(runtime.close)


def owned_elsewhere(error: StateLocked) -> StateLocked:
    """Say what can be done when a command meets an owner."""
    return StateLocked(error.message, remedy="use its screen, or end that process first")
