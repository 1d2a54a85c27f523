"""What the host keeps for a component across its instances: storage, measurements, traces, timers, neighbours."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from airssys_tui.host.doors.programs.program_door import ProgramSource
from airssys_tui.host.services.custom_metrics import Measures
from airssys_tui.host.services.messenger import Messenger
from airssys_tui.host.services.neighbour import Neighbour
from airssys_tui.host.services.spans import Span, Traces
from airssys_tui.host.services.timer_table import Alarms
from airssys_tui.store.keyvalues.namespace import Namespace
from airssys_tui.store.keyvalues.patience import Waiting
from airssys_tui.store.keyvalues.storage import Storage

if TYPE_CHECKING:
    from airssys_tui.host.recording.recordings import Recordings, Shares


class Services:
    """What the host keeps for one component.

    Args:
        namespace: Its keys and values.
        alarms: Its timers.
        neighbours: Every component, by namespace and name.
        programs: Where and by what programs are started, the same for all.
        shares: Returns the memory for recordings, the same for all; called when something is to be recorded.

    Attributes:
        recordings: Its recorded calls; None if none was ever recorded.
        messengers: Makes the messenger of an instance.
        backlog: Returns what delivers the messages that came while it did not serve; None if there are none.
    """

    def __init__(
        self,
        namespace: Namespace,
        alarms: Alarms,
        neighbours: dict[tuple[str, str], Neighbour],
        programs: ProgramSource,
        shares: Callable[[], Shares],
        *,
        messengers: Callable[[Any], Messenger] | None = None,
        backlog: Callable[[], Callable[[object], None] | None] = lambda: None,
    ) -> None:
        self.namespace = namespace
        self.messengers = messengers
        self.backlog = backlog
        self.alarms = alarms
        self.neighbours = neighbours
        self.programs = programs
        self.measures = Measures()
        self.traces = Traces()
        self.recordings: Recordings | None = None
        self._shares = shares

    def recorded(self) -> Recordings:
        """Return its recorded calls, for an instance that is to be recorded."""
        if self.recordings is None:
            from airssys_tui.host.recording.recordings import Recordings  # noqa: PLC0415 -- few components are recorded

            self.recordings = Recordings(self._shares())
        return self.recordings


class ServiceDesk:
    """The services of every component of one runtime. Any thread may use it.

    Args:
        storage: The database of keys and values.
        waiting: Entered while a worker blocks.
        programs: Where and by what programs are started.

    Attributes:
        neighbours: Every component, by namespace and name.
        wake: Called with a component's name when its next timer may have changed; from any thread.
        messengers: Makes the messenger of an instance; None for a runtime in which nobody sends messages.
        backlog: Returns what delivers the messages that came while a component did not serve; None if there are none.
    """

    def __init__(self, storage: Storage, waiting: Waiting, programs: ProgramSource) -> None:
        self._storage = storage
        self._programs = programs
        self._waiting = waiting
        self._lock = threading.Lock()
        self._known: dict[str, Services] = {}
        self.neighbours: dict[tuple[str, str], Neighbour] = {}
        self.wake: Callable[[str], None] = _nobody
        self.messengers: Callable[[Any], Messenger] | None = None
        self.backlog: Callable[[str], Callable[[object], None] | None] = lambda _: None
        self._follower: Callable[[str, Span], None] | None = None

    def follow_spans(self, follower: Callable[[str, Span], None]) -> None:
        """Call a function with each span that ends and the component's name, on the thread that runs the component."""
        with self._lock:
            self._follower = follower
            for name, services in self._known.items():
                services.traces.follower = partial(follower, name)

    def of(self, component: str) -> Services:
        """Return the services of a component; they are made at the first call."""
        with self._lock:
            found = self._known.get(component)
            if found is None:
                found = self._known[component] = Services(
                    Namespace(self._storage, component, self._waiting),
                    Alarms(changed=partial(self._wake, component)),
                    self.neighbours,
                    self._programs,
                    lambda: self._shares,
                    messengers=self.messengers,
                    backlog=partial(self.backlog, component),
                )
                if self._follower is not None:
                    found.traces.follower = partial(self._follower, component)
            return found

    @cached_property
    def _shares(self) -> Shares:
        from airssys_tui.host.recording.recordings import Shares  # noqa: PLC0415 -- few components are recorded

        return Shares()

    def find(self, component: str) -> Services | None:
        """Return the services of a component, or None if it never had an instance."""
        return self._known.get(component)

    def forget_recordings(self, component: str) -> None:
        """Drop the recorded calls of a component that is gone, and give its share of their memory to the others."""
        services = self.find(component)
        if services is not None and services.recordings is not None:
            services.recordings.clear()

    def _wake(self, component: str) -> None:
        self.wake(component)


def _nobody(_component: str) -> None:
    """Wake nothing: the runtime has not started yet."""
