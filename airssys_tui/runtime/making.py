"""Making instances. A start function is guest code: it runs on a worker, and aside when it may wait inside WASI."""

from __future__ import annotations

import threading

from airssys_tui.core.errors import CapacityError
from airssys_tui.engine.code import Code
from airssys_tui.engine.instance import Instance
from airssys_tui.engine.linker import Linker
from airssys_tui.runtime.serving import GRACE, Artifact, Serving, stuck
from airssys_tui.runtime.side import SideThreads
from airssys_tui.runtime.tenant import ComponentTenant


def make_serving(linker: Linker, side: SideThreads, artifact: Artifact, code: Code, tenant: ComponentTenant) -> Serving:
    """Make an instance, ready to be called. Runs on a worker.

    Args:
        linker: What it is linked with.
        side: Where it is made when it may wait inside WASI, and where its calls run then.
        artifact: What it is made from.
        code: The artifact's code.
        tenant: What host functions are to know of it.

    Raises:
        AdmissionError: If it cannot exist within its limits.
        GuestTrap: If its start function trapped or did not come back.
        CapacityError: If there is no room for it.
    """
    making = _Making(linker, artifact, code, tenant)
    if artifact.waits:
        limit = artifact.manifest.limits.deadline + GRACE
        call = side.start(str(artifact.manifest.id), making.make, limit, making.give_up)
        try:
            instance = side.finish(call)
        except TimeoutError:
            raise stuck(limit) from None
    else:
        instance = making.make()
    return Serving(artifact, instance, side, tenant.hear if code.imports_wasi else None)


class _Making:
    def __init__(self, linker: Linker, artifact: Artifact, code: Code, tenant: ComponentTenant) -> None:
        self._linker = linker
        self._artifact = artifact
        self._code = code
        self._tenant = tenant
        self._lock = threading.Lock()
        self._instance: Instance | None = None
        self._unwanted = False

    def make(self) -> Instance:
        instance = self._linker.instantiate(self._code, self._artifact.manifest.limits, owner=self._tenant)
        with self._lock:
            self._instance = instance
            unwanted = self._unwanted
        if unwanted:
            instance.close()
            raise CapacityError("it was made too late")
        return instance

    def give_up(self) -> None:
        """Drop it, now or as soon as it is made."""
        with self._lock:
            self._unwanted = True
            instance = self._instance
        if instance is not None:
            instance.close()
