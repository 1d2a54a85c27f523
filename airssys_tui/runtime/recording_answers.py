"""The part of the embedded runtime that lists recorded calls and replays them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from airssys_tui.api.views.recordings import RecordingsView, ReplayReport
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.system import System

if TYPE_CHECKING:
    from airssys_tui.runtime.calling.recording_desk import RecordingDesk

T = TypeVar("T")


class RecordingAnswers(ABC):
    """What a front end asks about recorded calls."""

    _floor: Floor
    _system: System

    @cached_property
    def _recording(self) -> RecordingDesk:
        from airssys_tui.runtime.calling.recording_desk import RecordingDesk  # noqa: PLC0415 -- few runtimes replay

        return RecordingDesk(self._floor, self._system.router)

    @abstractmethod
    def _on_loop(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]: ...

    def recordings(self, component: str) -> Future[RecordingsView]:
        """Return the recorded calls of a component."""
        return self._on_loop(lambda: self._recording.recordings(component))

    def replay(
        self, component: str, call: int | None = None, revision: int | None = None, *, every: bool = False
    ) -> Future[ReplayReport]:
        """Run recorded calls again in a fresh instance, and compare."""
        return self._on_loop(lambda: self._recording.replay(component, call, revision, every=every))
