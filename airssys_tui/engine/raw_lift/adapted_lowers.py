"""Puts adapters between a component's core code and host functions that write their results.

Where a function was lowered, its adapter takes the place of what came out: an index of a core function then means the
adapter's function. All that is added stands before the section of canonical functions that it is about, so the indices
of core functions, modules and instances after it change, and so does each place that names one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from airssys_tui.engine.function_pruning import leb128
from airssys_tui.engine.raw_lift.index_spaces import COMPONENT_FUNC, CORE_FUNC, CORE_INSTANCE, CORE_MODULE, Span
from airssys_tui.engine.raw_lift.result_adapter import Mark, WrittenImport, adapter_module
from airssys_tui.engine.raw_lift.section_reader import Budget, Cursor
from airssys_tui.engine.raw_lift.section_writer import Edit, section, text, vector

_MODULES, _CORE_INSTANCES, _ALIASES, _CANONS = 1, 2, 6, 8
_MEMORY = 0x02


class CanonSection(msgspec.Struct, frozen=True):
    """A section of canonical functions.

    Attributes:
        span: Where its contents stand.
        funcs: Number of functions that are defined before it.
        core: The same of each kind of the core.
    """

    span: Span
    funcs: int
    core: dict[int, int]


class Mention(msgspec.Struct, frozen=True):
    """A place where something of the core, or a function, is named by its index."""

    kind: int
    index: int
    span: Span


_Shape: TypeAlias = tuple[tuple[str, ...], Mark | None]


class AdaptedLower(msgspec.Struct, frozen=True):
    """A lowered function that gets an adapter.

    Attributes:
        core: Index of the core function.
        item: Where the item that lowers it stands.
        function: Index of the function.
        params: Core types of its flat parameters.
        realloc: Index of the allocator.
        memory: Index of the memory.
        instance: Index of the imported instance.
        way: How it is imported.
    """

    core: int
    item: Span
    function: int
    params: tuple[str, ...]
    realloc: int
    memory: int
    instance: int
    way: WrittenImport

    @property
    def shape(self) -> _Shape:
        """What its module depends on."""
        return self.params, self.way.mark


class _Part(msgspec.Struct, frozen=True):
    """A section with lowered functions that get adapters."""

    section: CanonSection
    lowers: list[AdaptedLower]
    modules: list[_Shape]
    """Shapes of the modules that are added before it."""

    @property
    def rests(self) -> int:
        """Number of functions that are added before it."""
        return sum(lower.way.rest is not None for lower in self.lowers)

    @property
    def lowered(self) -> int:
        """Number of functions that are lowered before it."""
        return len(self.lowers) + self.rests


class AdaptedLowers:
    """What changes in a component.

    Args:
        sections: Its sections of canonical functions.
        lowers: The lowered functions that get adapters, each of which can be made before its section.

    Attributes:
        inserted: Sections to put before others, by the offset of the contents of those.
    """

    def __init__(self, sections: Iterable[CanonSection], lowers: Iterable[AdaptedLower]) -> None:
        self._parts: list[_Part] = []
        self.inserted: dict[int, bytes] = {}
        self._aliases: dict[int, int] = {}
        known: dict[_Shape, int] = {}
        wanted = list(lowers)
        for one in sections:
            within = [lower for lower in wanted if one.span.start <= lower.item.start < one.span.end]
            if within:
                fresh = [shape for shape in dict.fromkeys(lower.shape for lower in within) if shape not in known]
                at = one.core[CORE_MODULE] + len(known)
                known.update({shape: at + number for number, shape in enumerate(fresh)})
                self._parts.append(_Part(one, within, fresh))
                self.inserted[one.span.start] = self._sections(self._parts[-1], known)

    def edits(self, wasm: bytes, mentions: Iterable[Mention]) -> list[Edit]:
        """Return the edits of all places that name what moves, and of the items that are replaced."""
        removed = [lower.item for part in self._parts for lower in part.lowers]
        found = [Edit(item.start, item.end, b"") for item in removed]
        for part in self._parts:
            span = part.section.span
            cursor = Cursor(wasm, span.start, span.end, Budget(0))
            left = cursor.number() - len(part.lowers)
            found.append(Edit(span.start, cursor.at, leb128(left)))
        starts = {item.start: item.end for item in removed}
        gone = sorted(starts)
        for mention in mentions:
            index = self.index(mention.kind, mention.index)
            if index != mention.index and not _is_within(mention.span.start, gone, starts):
                found.append(Edit(mention.span.start, mention.span.end, leb128(index)))
        return found

    def index(self, kind: int, old: int) -> int:
        """Return the index that something of the core, or a function, has afterwards."""
        if kind == CORE_FUNC:
            return self._aliases[old] if old in self._aliases else old + self._functions_before(old)
        if kind == COMPONENT_FUNC:
            return old + sum(part.rests for part in self._parts if part.section.funcs <= old)
        if kind not in {CORE_MODULE, CORE_INSTANCE}:
            return old
        added = 0
        for part in self._parts:
            if part.section.core[kind] <= old:
                added += len(part.modules) if kind == CORE_MODULE else 2 * len(part.lowers)
        return old + added

    def _functions_before(self, old: int) -> int:
        """Return how many more core functions stand before one that stays."""
        return sum(
            part.lowered + len(part.lowers) - sum(lower.core < old for lower in part.lowers)
            for part in self._parts
            if part.section.core[CORE_FUNC] <= old
        )

    def _sections(self, part: _Part, known: dict[_Shape, int]) -> bytes:
        """Return the sections before a part: what is lowered flat, the modules, their instances, their functions."""
        earlier = self._parts[:-1]
        lowered = part.section.core[CORE_FUNC] + sum(one.lowered for one in earlier)
        instance = part.section.core[CORE_INSTANCE] + sum(2 * len(one.lowers) for one in earlier)
        rest = part.section.funcs + sum(one.rests for one in earlier)
        rests: list[bytes] = []
        canons: list[bytes] = []
        instances: list[bytes] = []
        aliases: list[bytes] = []
        for number, lower in enumerate(part.lowers):
            function, realloc = self.index(COMPONENT_FUNC, lower.function), self.index(CORE_FUNC, lower.realloc)
            given = [_core("call", CORE_FUNC, lowered + len(canons)), _core("realloc", CORE_FUNC, realloc)]
            if lower.way.rest is None:
                canons.append(_lower(function))
            else:
                canons.append(_lower(function, b"\x03" + leb128(lower.memory), b"\x04" + leb128(realloc)))
                given += [_core("rest", CORE_FUNC, lowered + len(canons)), _core("memory", _MEMORY, lower.memory)]
                canons.append(_lower(rest + len(rests)))
                rests.append(b"\x01\x00" + leb128(lower.instance) + text(lower.way.rest.name))
            instances.append(b"\x01" + vector(given))
            named = _core("", CORE_INSTANCE, instance + 2 * number)
            instances.append(b"\x00" + leb128(known[lower.shape]) + vector([named]))
            aliases.append(b"\x00\x00\x01" + leb128(instance + 2 * number + 1) + text("run"))
            self._aliases[lower.core] = lowered + part.lowered + number
        return b"".join(
            (
                section(_ALIASES, vector(rests)),
                section(_CANONS, vector(canons)),
                *(section(_MODULES, adapter_module(*shape)) for shape in part.modules),
                section(_CORE_INSTANCES, vector(instances)),
                section(_ALIASES, vector(aliases)),
            )
        )


def _core(name: str, kind: int, index: int) -> bytes:
    """Return something of the core with a name."""
    return text(name) + bytes((kind,)) + leb128(index)


def _lower(function: int, *options: bytes) -> bytes:
    return b"\x01\x00" + leb128(function) + vector(options)


def _is_within(at: int, starts: list[int], ends: dict[int, int]) -> bool:
    """Return whether an offset lies within a removed item."""
    return any(start <= at < ends[start] for start in starts)
