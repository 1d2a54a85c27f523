"""Making instances. A start function is guest code: it runs on a worker; on a side thread if it may block in WASI."""

from __future__ import annotations

import threading

from airssys_tui.core.errors import CapacityError
from airssys_tui.core.traps import GuestTrap
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.instance import Instance
from airssys_tui.engine.linker import Linker
from airssys_tui.runtime.actors.component_tenant import ComponentTenant
from airssys_tui.runtime.actors.serving import GRACE, Blueprint, Serving, stuck
from airssys_tui.runtime.machinery.side_threads import SideCall, SideThreads


class Making:
    """The making of one instance.

    Args:
        linker: Links the instance.
        side: Threads to make it and call it on, if it may block in WASI.
        artifact: The artifact.
        code: The artifact's code.
        tenant: Given to host functions.
    """

    def __init__(
        self, linker: Linker, side: SideThreads, artifact: Blueprint, code: Code, tenant: ComponentTenant
    ) -> None:
        self._linker = linker
        self._side = side
        self._artifact = artifact
        self._code = code
        self._tenant = tenant
        self._lock = threading.Lock()
        self._call: SideCall[Instance] | None = None
        self._instance: Instance | None = None
        self._unwanted = False

    def run(self) -> Serving:
        """Make the instance; runs on a worker.

        Raises:
            AdmissionError: If it does not fit into its limits.
            GuestTrap: If its start function trapped or did not return.
            CapacityError: If the process has no room for it.
        """
        instance = self._aside() if self._artifact.waits else self._make()
        hear = self._tenant.hear if self._code.imports_wasi else None
        serving = Serving(self._artifact, instance, self._side, self._tenant, hear, tier=self._code.tier)
        serving.drain()  # what its start function printed, before it takes anybody's place
        return serving

    def cancel(self) -> None:
        """Abandon it: :meth:`run` fails after :data:`GRACE` seconds at most, and the instance is dropped."""
        with self._lock:
            self._unwanted = True
            call, instance = self._call, self._instance
        if call is not None:
            call.hurry(GRACE)
        if instance is not None:
            instance.close()

    def _aside(self) -> Instance:
        limit = self._artifact.manifest.limits.init_deadline + GRACE
        call = self._side.start(str(self._artifact.manifest.id), self._make, limit, self.cancel)
        with self._lock:
            self._call, unwanted = call, self._unwanted
        if unwanted:
            call.hurry(GRACE)
        try:
            return self._side.finish(call)
        except TimeoutError:
            raise stuck(limit) from None

    def _make(self) -> Instance:
        manifest, limits, output = self._artifact.manifest, self._artifact.limits, self._linker.output_buffer()
        try:
            instance = self._linker.instantiate(
                self._code,
                limits,
                owner=self._tenant,
                deadline=limits.init_deadline,
                arguments=(manifest.package.name, *manifest.artifact.args),
                output=output,
            )
        except GuestTrap as trap:
            self._tenant.hear(output.drain(final=True))
            trap.heard(self._tenant.heard, self._tenant.component)
            raise
        with self._lock:
            self._instance = instance
            unwanted = self._unwanted
        if unwanted:
            instance.close()
            raise CapacityError("this instance was abandoned while it was made")
        return instance
