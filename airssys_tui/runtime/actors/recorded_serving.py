"""An instance whose calls are recorded. Others are not slowed down: they are :class:`Serving`, and linked otherwise."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

from airssys_tui.core.errors import AirssysError
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.types.interface import Function, Own, Param
from airssys_tui.core.types.values import Ok
from airssys_tui.engine.calling import CallResult
from airssys_tui.engine.resources import ResourceHandle
from airssys_tui.host.recording.call_recorder import Recorder
from airssys_tui.host.recording.host_table import DROP
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.serving import Serving

SAVE: Final = f"{contract.STATE}#save"
LOAD: Final = f"{contract.STATE}#load"


class RecordedServing(Serving):
    """One instance with its revision; each call is recorded."""

    _asks = False

    @property
    def recorder(self) -> Recorder:
        """What records it."""
        recorder = self.tenant.recorder
        assert recorder is not None, "it is recorded"  # noqa: S101 -- narrows the type
        return recorder

    @cached_property
    def _functions(self) -> dict[str, Function]:
        return {export.path: export.function for export in self.artifact.interface.functions()}

    def ask(self, path: str, *args: Any, deadline: float | None = None) -> Any:
        """Call an export for the host itself."""
        self._asks = True
        try:
            answer = super().ask(path, *args, deadline=deadline)
        finally:
            self._asks = False
        if path == SAVE and isinstance(answer, Ok):
            load = self._functions[LOAD]
            self.recorder.rebase(LOAD, load, (answer.value, contract.version_value(self.manifest.version)))
        return answer

    def release(self, handle: ResourceHandle) -> None:
        """Drop a resource of the instance."""
        if handle.spent:
            return
        function = Function(f"{DROP}{handle.resource}", (Param("handle", Own(handle.resource)),))
        self.recorder.begin(function.name, function, (handle,), asked=True)
        try:
            super().release(handle)
        except GuestTrap as trap:
            self.recorder.trapped(trap.trap, None)
            raise
        except BaseException:
            self.recorder.give_up()
            raise
        self.recorder.returned(None, None)

    def renew(self, prepare: Callable[[Serving], None]) -> None:
        """Replace the instance by a fresh one, with which another chain begins."""
        before = self.recorder
        self.tenant.recorder = before.another()
        try:
            super().renew(prepare)
        except BaseException:
            self.tenant.recorder = before
            raise
        self.recorder.join()

    def _enter(self, path: str, args: tuple[Any, ...], deadline: float | None) -> CallResult:
        recorder, meters = self.recorder, self.instance.activity
        recorder.begin(path, self._functions.get(path, Function(path)), args, asked=self._asks)
        used = meters.fuel_total
        try:
            result = super()._enter(path, args, deadline)
        except GuestTrap as trap:
            recorder.trapped(trap.trap, meters.fuel_total - used)
            raise
        except BaseException:
            recorder.give_up()
            raise
        recorder.returned(result.value, result.fuel)
        if recorder.wants_state:
            self._want_state()
        return result

    def _want_state(self) -> None:
        """Have the state saved before the next call, so that what is recorded from then on does not depend on all."""
        self.recorder.asks_state()
        if self.post is not None and contract.is_stateful(self.artifact.interface):
            with contextlib.suppress(AirssysError):  # it stops, or its mailbox is closed
                self.post(contract.save_state, first=True)
