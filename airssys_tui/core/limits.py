"""Resource limits of a component: units, defaults and hard bounds."""

from __future__ import annotations

import math
from typing import Final

import msgspec

from airssys_tui.core.units import GIB, KIB, MIB

MAX_WASM: Final = 64 * MIB
"""Bytes of a WebAssembly file at most."""

MAX_MANIFEST: Final = MIB
"""Bytes of a manifest at most."""

UNLIMITED_FUEL: Final = 2**63 - 1
"""Fuel budget of a component whose manifest says ``unlimited``."""


COMMAND_DEADLINE: Final = 60.0
"""Seconds that a command may run unless its manifest says otherwise."""

MOST_HANDLES: Final = 100_000
"""Handles of any kind that the engine allows an instance, those of WASI and of its own resources included."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Resource limits of one component instance.

    Attributes:
        memory: Bytes of all linear memories of the instance together.
        table_elements: Elements per table.
        fuel_per_call: Fuel units per call; refilled before every call.
        deadline: Seconds of wall time per call.
        init_deadline: Seconds of wall time for each step that takes an instance to where it serves: its start
            functions, ``init`` and ``load``.
        command_deadline: Seconds of wall time for a run of a command; None for a minute, or for ``deadline`` if that
            is more.
        handles: Host handles, such as spans, that an instance may hold at a time.
        storage: Bytes of key-value storage.
        mailbox: Maximum queued calls.
        message_size: Bytes per message.
        messages_per_second: Messages per second and sender.
        replicas: Instances of the component.
        compile_cpu: Seconds of CPU time in which it has to compile; None for the operator's setting.
        compile_wall: Seconds of wall time for the same on an idle machine; None for the operator's setting.
    """

    memory: int = 64 * MIB
    table_elements: int = 100_000
    fuel_per_call: int = 100_000_000
    deadline: float = 1.0
    init_deadline: float = 5.0
    command_deadline: float | None = None
    handles: int = 1_000
    storage: int = 10 * MIB
    mailbox: int = 1_000
    message_size: int = MIB
    messages_per_second: int = 1_000
    replicas: int = 1
    compile_cpu: float | None = None
    compile_wall: float | None = None

    @property
    def fuel_unlimited(self) -> bool:
        """Whether a call may use as much fuel as it likes."""
        return self.fuel_per_call >= UNLIMITED_FUEL

    def of_command(self) -> Limits:
        """Return the limits of a component that is run as a command: once, for longer than a call.

        Its fuel grows with its deadline, so that a command may use as much per second as a call.
        """
        run = self.command_deadline
        deadline = max(COMMAND_DEADLINE, self.deadline) if run is None else run
        fuel = math.ceil(self.fuel_per_call * max(1.0, deadline / self.deadline))
        return msgspec.structs.replace(self, deadline=deadline, fuel_per_call=min(fuel, UNLIMITED_FUEL))


class Bound(msgspec.Struct, frozen=True):
    """The minimum and maximum that a manifest may set, both included."""

    least: float
    most: float


BOUNDS: Final[dict[str, Bound]] = {
    "memory": Bound(64 * KIB, 4 * GIB),
    "table_elements": Bound(0, 10_000_000),
    "fuel_per_call": Bound(1_000, 10_000_000_000_000),
    "deadline": Bound(0.020, 3600.0),
    "init_deadline": Bound(0.020, 3600.0),
    "command_deadline": Bound(0.020, 86_400.0),
    "handles": Bound(0, MOST_HANDLES),
    "storage": Bound(0, 64 * GIB),
    "mailbox": Bound(1, 1_000_000),
    "message_size": Bound(1, 2 * MIB),
    "messages_per_second": Bound(1, 1_000_000),
    "replicas": Bound(1, 1_000),
    "compile_cpu": Bound(1.0, 3600.0),
    "compile_wall": Bound(10.0, 86_400.0),
}
"""Hard bounds per limit. A manifest that exceeds one is refused, never clamped."""
