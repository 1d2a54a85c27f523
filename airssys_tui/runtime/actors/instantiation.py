"""Making instances. A start function is guest code: it runs on a worker."""

from __future__ import annotations

import threading
from collections.abc import Callable

from airssys_tui.core.errors import CapacityError
from airssys_tui.core.traps import GuestTrap
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.instance import Instance
from airssys_tui.engine.linker import Linker
from airssys_tui.runtime.actors.component_tenant import ComponentTenant
from airssys_tui.runtime.actors.serving import Blueprint, Serving


class Making:
    """The making of one instance.

    Args:
        linker: Returns what links the instance; called where it is made.
        artifact: The artifact.
        code: The artifact's code.
        tenant: Given to host functions.
    """

    def __init__(self, linker: Callable[[], Linker], artifact: Blueprint, code: Code, tenant: ComponentTenant) -> None:
        self._linker = linker
        self._artifact = artifact
        self._code = code
        self._tenant = tenant
        self._lock = threading.Lock()
        self._end: Callable[[], None] | None = None
        self._unwanted = False

    def run(self) -> Serving:
        """Make the instance; runs on a worker.

        Raises:
            AdmissionError: If it does not fit into its limits.
            GuestTrap: If its start function trapped or did not return.
            CapacityError: If the process has no room for it.
        """
        kind, again = Serving, self._make
        if self._tenant.recorder is not None:
            from airssys_tui.runtime.actors.recorded_serving import (  # noqa: PLC0415 -- few components are recorded
                RecordedServing,
            )

            kind, again = RecordedServing, self._make_recorded
        serving = kind(
            self._artifact,
            again(),
            self._tenant,
            again=again,
            prints=self._code.imports_wasi,
            tier=self._code.tier,
        )
        serving.drain()  # what its start function printed, before it takes anybody's place
        return serving

    def cancel(self) -> None:
        """Abandon it, from any thread: :meth:`run` fails soon, and the instance is dropped."""
        with self._lock:
            self._unwanted, end = True, self._end
        if end is not None:
            end()

    def _begun(self, end: Callable[[], None]) -> None:
        with self._lock:
            self._end, unwanted = end, self._unwanted
        if unwanted:
            end()

    def _make_recorded(self) -> Instance:
        recorder = self._tenant.recorder
        assert recorder is not None, "it is recorded"  # noqa: S101 -- narrows the type
        recorder.begin("", asked=True)
        try:
            instance = self._make()
        except BaseException:
            recorder.give_up()
            raise
        recorder.returned(None, None)
        return instance

    def _make(self) -> Instance:
        limits = self._artifact.limits
        try:
            instance = self._linker().instantiate(
                self._code, limits, owner=self._tenant, deadline=limits.init_deadline, begun=self._begun
            )
        except GuestTrap as trap:
            self._tenant.hear(final=True)
            trap.heard(self._tenant.heard, self._tenant.component)
            raise
        with self._lock:
            unwanted = self._unwanted
        if unwanted:
            instance.close()
            raise CapacityError("this instance was abandoned while it was made")
        return instance
