"""What the host keeps for components over their instances: storage, measurements, timers, traces."""

from __future__ import annotations

import threading

from airssys_tui.store.namespace import Namespace
from airssys_tui.store.storage import Storage, Waiting


class Services:
    """What is kept for one component.

    Args:
        namespace: Its keys and values.
    """

    def __init__(self, namespace: Namespace) -> None:
        self.namespace = namespace


class ServiceDesk:
    """The services of every component of one runtime. May be asked by any thread.

    Args:
        storage: Where keys and values are.
        waiting: Announces a wait of a worker.
    """

    def __init__(self, storage: Storage, waiting: Waiting) -> None:
        self._storage = storage
        self._waiting = waiting
        self._lock = threading.Lock()
        self._known: dict[str, Services] = {}

    def of(self, component: str) -> Services:
        """Return what is kept for a component."""
        with self._lock:
            found = self._known.get(component)
            if found is None:
                found = self._known[component] = Services(Namespace(self._storage, component, self._waiting))
            return found
