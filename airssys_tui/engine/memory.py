"""Linear memories provided by this process: exact current and peak bytes per instance, one limit for all its memories.

Components do not export their memories, and the engine's own limits do not measure. So the engine is configured with a
host memory creator: this module reserves address space with ``mmap``, makes used pages accessible, and refuses growth
past the instance's account. A memory is created on the instantiating thread, so a thread-local variable holds its
account.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
import threading
from pathlib import Path
from typing import Any, Final

import msgspec
import wasmtime

from airssys_tui.engine import bindings
from airssys_tui.engine.settings import EngineSettings

_PROT_NONE: Final = 0
_MAP_NORESERVE: Final = 0x4000 if sys.platform == "linux" else 0x40
_MADV_DONTNEED: Final = 4
_SPARE_MAPPINGS: Final = 16
"""Maximum mappings kept for reuse; few compared with the tens of thousands allowed."""

_SPARE_SIZE: Final = 1 << 20
"""Maximum bytes of a memory whose mapping is kept: clearing a larger one costs more than mapping it again."""

_FAILED: Final = ctypes.c_void_p(-1).value
_DEFAULT_MAPPINGS: Final = 65_530
_ADDRESS_SPACE: Final = 1 << 47


class MemoryUse(msgspec.Struct, frozen=True):
    """Linear memory of one instance, in bytes over all its memories.

    Attributes:
        current: In use now.
        peak: Maximum so far.
        limit: Growth past it is refused.
    """

    current: int
    peak: int
    limit: int


class MemoryAccount:
    """The counters behind :class:`MemoryUse`; used only by the thread that runs the instance.

    Attributes:
        refused: Number of refused growths since the current call began.
        full: Whether a memory was refused because the process has no room for another.
        wanted: Total bytes requested in the last refusal.
        memories: The memories of the instance, until they are freed.
    """

    __slots__ = ("current", "full", "limit", "memories", "peak", "refused", "wanted")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.current = 0
        self.peak = 0
        self.refused = 0
        self.wanted = 0
        self.full = False
        self.memories: tuple[LinearMemory, ...] = ()

    def allows(self, size: int) -> bool:
        """Return whether this many more bytes stay within the limit; record a refusal otherwise."""
        total = self.current + size
        if total > self.limit:
            self.refused += 1
            self.wanted = total
        return total <= self.limit

    def add(self, size: int) -> None:
        """Count this many more bytes."""
        self.current += size
        self.peak = max(self.peak, self.current)

    def use(self) -> MemoryUse:
        """Return the counters as a value."""
        return MemoryUse(self.current, self.peak, self.limit)


class LinearMemory:
    """One linear memory; its base never moves.

    Attributes:
        base: Address of its first byte.
        size: Bytes that the guest can use now.
        reserved: Bytes of address space that it can grow to.
        mapped: Bytes of its mapping, the guard included.
        grown: Whether it ever grew.
    """

    __slots__ = ("account", "base", "grown", "mapped", "reserved", "size")

    def __init__(self, account: MemoryAccount, base: int, mapped: int, reserved: int, size: int) -> None:
        self.account = account
        self.base = base
        self.grown = False
        self.mapped = mapped
        self.reserved = reserved
        self.size = size


def mappings_allowed() -> int:
    """Compute how many mappings linear memories may use: 80 % of the system's limit per process.

    At the limit itself the interpreter's own allocations fail.
    """
    try:
        mappings = int(Path("/proc/sys/vm/max_map_count").read_text())
    except (OSError, ValueError):
        mappings = _DEFAULT_MAPPINGS
    return mappings * 8 // 10


def capacity(settings: EngineSettings) -> int:
    """Compute the maximum number of memories of a layout, by mappings and by address space."""
    if settings.max_memories:
        return settings.max_memories
    addresses = (_ADDRESS_SPACE * 8 // 10) // max(1, settings.reservation + settings.guard)
    return max(16, min(mappings_allowed() // _mappings_per_memory(settings), addresses))


def _mappings_per_memory(settings: EngineSettings) -> int:
    return 1 if settings.dense else 2


def supported() -> bool:
    """Return whether this system supports host memories."""
    return hasattr(mmap, "MAP_ANONYMOUS") and hasattr(mmap, "PROT_READ") and sys.maxsize > 2**32


class _Spares:
    """Mappings of freed memories, kept for the next one of the same size, so that a restart maps nothing.

    Linux returns pages released with ``MADV_DONTNEED`` as zeros; on other systems nothing is kept.

    Args:
        system: The system calls.
    """

    def __init__(self, system: _SystemCalls) -> None:
        self._system = system
        self._kept: list[tuple[int, int, int]] = []
        self._most = _SPARE_MAPPINGS if sys.platform == "linux" else 0

    def take(self, mapped: int, size: int) -> int | None:
        """Return the base of a mapping of that layout, accessible and zeroed up to its size, or None."""
        for index, (base, *layout) in enumerate(self._kept):
            if layout == [mapped, size]:
                del self._kept[index]
                return base
        return None

    def keep(self, memory: LinearMemory) -> bool:
        """Clear and keep the mapping of a memory that never grew, if there is room for it."""
        if len(self._kept) >= self._most or memory.grown or memory.size > _SPARE_SIZE:
            return False
        if self._system.madvise(memory.base, _whole_pages(memory.size), _MADV_DONTNEED) != 0:
            return False
        self._kept.append((memory.base, memory.mapped, memory.size))
        return True

    def close(self) -> None:
        """Unmap all kept mappings, and keep no more."""
        self._most = 0
        while self._kept:
            base, mapped, _ = self._kept.pop()
            self._system.munmap(base, mapped)


class Mappings:
    """Mappings used by the linear memories of all engines in this process."""

    # Reentrant: garbage collection may free an instance while the same thread holds the lock.
    lock: Final = threading.RLock()
    allowed = mappings_allowed()
    used = 0


class MemoryPool:
    """All linear memories of one engine.

    Args:
        settings: The layout of memories, and their maximum number.

    Attributes:
        capacity: Maximum memories in use at a time.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self.capacity = capacity(settings)
        self._weight = _mappings_per_memory(settings)
        self._access = mmap.PROT_READ | mmap.PROT_WRITE if settings.dense else _PROT_NONE
        self._memories: dict[int, LinearMemory] = {}
        self._serial = 0
        self._lock = Mappings.lock
        self._current = threading.local()
        self._system = _system_calls()
        self._spares = _Spares(self._system)
        self._get = bindings.GetMemory(self._on_get)
        self._grow = bindings.GrowMemory(self._on_grow)
        self._free = bindings.Finalizer(self._on_free)
        self._new = bindings.NewMemory(self._on_new)
        self._creator = bindings.MemoryCreator(None, self._new, bindings.Finalizer())

    @property
    def live(self) -> int:
        """Memories in use now."""
        return len(self._memories)

    def close(self) -> None:
        """Unmap everything that no memory uses."""
        self._spares.close()

    def has_room(self) -> bool:
        """Return whether another memory is possible, counting those of all engines in this process."""
        return len(self._memories) < self.capacity and Mappings.used + self._weight <= Mappings.allowed

    def install(self, config: wasmtime.Config) -> None:
        """Make engines of this configuration use the pool; the pool must outlive them."""
        bindings.set_memory_creator(config, self._creator)

    def attribute(self, account: MemoryAccount | None) -> None:
        """Set the account of the memories that this thread creates from now on."""
        self._current.account = account

    def _on_new(self, _env: Any, _type: Any, minimum: int, _maximum: int, reserved: int, guard: int, out: Any) -> int:
        account: MemoryAccount | None = getattr(self._current, "account", None)
        if account is None:
            return bindings.new_error("a memory without an owner")
        with self._lock:
            if not self.has_room():
                account.full = True
                return bindings.new_error(f"{len(self._memories)} linear memories are in use: no room for another")
            self._serial += 1
            key = self._serial
            if not account.allows(minimum):
                return bindings.new_error(f"memory of {minimum} bytes is past the limit of {account.limit}")
            memory = self._map(account, minimum, max(reserved, minimum), guard)
            if memory is None:
                account.full = True
                return bindings.new_error("the system refused to map another memory")
            account.add(minimum)
            account.memories += (memory,)
            self._memories[key] = memory
            Mappings.used += self._weight
        result = out.contents
        result.env, result.get_memory, result.grow_memory, result.finalizer = key, self._get, self._grow, self._free
        return 0

    def _map(self, account: MemoryAccount, size: int, reserved: int, guard: int) -> LinearMemory | None:
        mapped = _whole_pages(reserved + guard) or mmap.PAGESIZE
        if (spare := self._spares.take(mapped, size)) is not None:
            return LinearMemory(account, spare, mapped, reserved, size)
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE
        base = self._system.mmap(None, mapped, self._access, flags, -1, 0)
        if base in (_FAILED, None):
            return None
        if size and not self._open(base, size):
            self._system.munmap(base, mapped)
            return None
        return LinearMemory(account, base, mapped, reserved, size)

    def _open(self, base: int, size: int) -> bool:
        if self._access != _PROT_NONE:
            return True
        return bool(self._system.mprotect(base, _whole_pages(size), mmap.PROT_READ | mmap.PROT_WRITE) == 0)

    def _on_get(self, key: int, size: Any, capacity: Any) -> int:
        memory = self._memories[key]
        size[0] = memory.size
        capacity[0] = memory.reserved
        return memory.base

    def _on_grow(self, key: int, size: int) -> int:
        memory = self._memories[key]
        account, more = memory.account, size - memory.size
        if not account.allows(more):
            return bindings.new_error(f"memory of {size} bytes is past the limit of {account.limit}")
        if size > memory.reserved or not self._open(memory.base, size):
            account.refused += 1
            return bindings.new_error("the memory has no room to grow")
        account.add(more)
        memory.size = size
        memory.grown = True
        return 0

    def _on_free(self, key: int) -> None:
        with self._lock:
            memory = self._memories.pop(key, None)
            Mappings.used -= self._weight if memory is not None else 0
        if memory is not None:
            memory.account.current -= memory.size
            memory.account.memories = ()
            if not self._spares.keep(memory):
                self._system.munmap(memory.base, memory.mapped)


class _SystemCalls:
    """``mmap``, ``mprotect``, ``madvise`` and ``munmap`` of the C library, with plain addresses."""

    def __init__(self, quick: ctypes.CDLL, slow: ctypes.CDLL) -> None:
        size, pointer, integer = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int
        self.mmap = quick["mmap"]
        self.mmap.restype = pointer
        self.mmap.argtypes = [pointer, size, integer, integer, integer, ctypes.c_int64]
        self.mprotect = quick["mprotect"]
        self.mprotect.argtypes = [pointer, size, integer]
        self.madvise = quick["madvise"]
        self.madvise.argtypes = [pointer, size, integer]
        self.munmap = slow["munmap"]
        self.munmap.argtypes = [pointer, size]


def _system_calls() -> _SystemCalls:
    return _SystemCalls(ctypes.PyDLL(None), ctypes.CDLL(None))


def _whole_pages(size: int) -> int:
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
