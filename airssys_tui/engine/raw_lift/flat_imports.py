"""Makes a component import host functions that take text or lists flat.

The type of the imported instance gets one more function, whose parameters are the core ones, and the alias through
which the component lowers the function names that one instead. So the guest passes the same pointers, and the host
reads them from its memory. A function whose result has lists of numbers also gets an adapter, see
:mod:`airssys_tui.engine.raw_lift.result_adapter`; else neither indices nor core code change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from airssys_tui.core.types.interface import Function, Interface, InterfaceType
from airssys_tui.engine.function_pruning import leb128
from airssys_tui.engine.raw_lift.adapted_lowers import AdaptedLower, AdaptedLowers, CanonSection, Mention
from airssys_tui.engine.raw_lift.canonical_abi import FLAT_PREFIX, flat, flat_import
from airssys_tui.engine.raw_lift.index_spaces import (
    CORE_FUNC,
    CORE_INSTANCE,
    CORE_MODULE,
    FUNC,
    INSTANCE,
    TYPE,
    IndexSpaces,
    Instantiation,
    Lift,
    Span,
)
from airssys_tui.engine.raw_lift.result_adapter import BRIEF_PREFIX, REST_PREFIX, WRITTEN_PREFIX, written_import
from airssys_tui.engine.raw_lift.section_reader import Budget, Cursor
from airssys_tui.engine.raw_lift.section_writer import Edit, section, text, vector
from airssys_tui.engine.raw_lift.type_scope import UNKNOWN, Definition, FunctionType, InstanceType, TypeScope

MOST_ITEMS: Final = 200_000
"""Entries of sections that are read at most; past it nothing is changed."""

_PREAMBLE: Final = 8
_COMPONENT: Final = b"\0asm\x0d\x00\x01\x00"
_MEMORIES: Final = 5
_WIDE_MEMORY: Final = 0x04
_FLAT: Final = {"u32": b"\x79", "u64": b"\x77", "f32": b"\x76", "f64": b"\x75"}
_PREFIXES: Final = FLAT_PREFIX, WRITTEN_PREFIX, BRIEF_PREFIX, REST_PREFIX
_NATIVE: Final = "wasi:"
"""Interfaces of this prefix are the engine's own."""


class _Taken(msgspec.Struct, frozen=True):
    """A function that was taken out of an instance by an alias, whose name starts at an offset."""

    instance: int
    name: str
    start: int


def with_flat_imports(wasm: bytes) -> bytes:
    """Return a component that imports what it can flat; the same bytes if that is nothing."""
    if wasm[:_PREAMBLE] != _COMPONENT:
        return wasm
    try:
        cursor = Cursor(wasm, 0, len(wasm), Budget(MOST_ITEMS))
        spaces = _ImportSpaces(cursor)
        return spaces.changed(wasm) if _has_one_memory(spaces, cursor) else wasm
    except (ValueError, IndexError):
        return wasm


def without_flat(interface: Interface) -> Interface:
    """Return an interface without the flat imports that were added to it."""
    imports = tuple(_pruned(item) if isinstance(item, InterfaceType) else item for item in interface.imports)
    return msgspec.structs.replace(interface, imports=imports)


def other_ways(function: Function) -> tuple[Function, ...]:
    """Return the types under which a host function may be imported besides its own."""
    read, written = flat_import(function), written_import(function)
    return *(() if read is None else (read,)), *(() if written is None else written.functions)


def _pruned(item: InterfaceType) -> InterfaceType:
    if not any(function.name.startswith(_PREFIXES) for function in item.functions):
        return item
    flat = {way.name: way for function in item.functions for way in other_ways(function)}
    kept = tuple(one for one in item.functions if one.name not in flat or not one.same_type(flat[one.name]))
    return msgspec.structs.replace(item, functions=kept)


class _Lowered(msgspec.Struct, frozen=True):
    """A lowered function: the core function, the options, and where the item stands."""

    core: int
    options: Lift
    item: Span


class _ImportSpaces(IndexSpaces):
    """The index spaces of a component with the types of what it imports."""

    def __init__(self, cursor: Cursor) -> None:
        self._scope = TypeScope()
        self._instance_types: dict[int, InstanceType] = {}
        self._taken: dict[int, _Taken] = {}
        self._lowered: dict[int, list[_Lowered]] = {}
        self._canons: list[CanonSection] = []
        self._mentions: list[Mention] = []
        self._kept: set[int] = set()
        super().__init__(cursor)

    def on_types(self, section: Cursor) -> None:
        """Read the types."""
        for _ in range(section.count()):
            self._scope.read_type(section)

    def on_alias(self, kind: int, instance: int | None, name: str, start: int) -> None:
        """Note a function, and give a type its index."""
        if kind == FUNC and instance is not None:
            self._taken[len(self.funcs)] = _Taken(instance, name, start)
        elif kind == TYPE:
            known = None if instance is None else self._instance_types.get(instance)
            self._scope.types.append(UNKNOWN if known is None else known.exported.get(name, UNKNOWN))

    def on_import(self, kind: int, type_: int | None, name: str) -> None:
        """Note the type of an instance, and give a type its index."""
        found: Definition = UNKNOWN if type_ is None or kind not in {TYPE, INSTANCE} else self._scope.types[type_]
        if kind == TYPE:
            self._scope.types.append(found)
        elif kind == INSTANCE and isinstance(found, InstanceType) and not name.startswith(_NATIVE):
            self._instance_types[len(self.instances)] = found

    def on_export(self, kind: int, index: int) -> None:
        """Keep an exported function as it is, and give a type its index."""
        if kind == TYPE:
            self._scope.types.append(self._scope.types[index])
        elif kind == FUNC:
            self._kept.add(index)

    def on_given(self, functions: Iterable[int]) -> None:
        """Keep functions as they are that an instance is given."""
        self._kept.update(functions)

    def on_lower(self, function: int, options: Lift, span: Span) -> None:
        """Note a use."""
        self._lowered.setdefault(function, []).append(_Lowered(len(self.core_funcs), options, span))

    def on_canons(self, span: Span) -> None:
        """Note the section."""
        counts = len(self.core_funcs), len(self.core_modules), len(self.core_instances)
        core = dict(zip((CORE_FUNC, CORE_MODULE, CORE_INSTANCE), counts, strict=True))
        self._canons.append(CanonSection(span, len(self.funcs), core))

    def on_mention(self, kind: int, index: int, span: Span) -> None:
        """Note the place."""
        self._mentions.append(Mention(kind, index, span))

    def changed(self, wasm: bytes) -> bytes:
        """Return the component with flat imports; the same bytes if it has none."""
        found: list[Edit] = []
        added: dict[int, dict[str, bytes]] = {}
        adapted: list[AdaptedLower] = []
        types = {type_.end: type_ for type_ in self._instance_types.values()}
        for index, lowered in self._lowered.items():
            taken, function = self._taken.get(index), self._function(index, lowered)
            if taken is None or function is None:
                continue
            adapters = self._adapters(index, lowered, taken, function.type)
            flat_one = flat_import(function.type)
            ways = adapters[0].way.functions if adapters else () if flat_one is None else (flat_one,)
            if ways:
                adapted += adapters
                instance = self._instance_types[taken.instance]
                declared = {way.name: _declared(way, function) for way in ways}
                added.setdefault(instance.end, {}).update(declared)
                old, new = leb128(len(taken.name)) + taken.name.encode(), text(ways[0].name)
                found.append(Edit(taken.start, taken.start + len(old), new))
        for end, functions in added.items():
            found += _grown(types[end], functions)
        adapting = AdaptedLowers(self._canons, adapted)
        destructors = [Mention(CORE_FUNC, index, Span(at, end)) for index, at, end in self._scope.destructors]
        found += adapting.edits(wasm, [*self._mentions, *destructors])
        return _edited(wasm, found, adapting.inserted) if found else wasm

    def _function(self, index: int, lowered: list[_Lowered]) -> FunctionType | None:
        """Return the type of a function that can be imported in another way; None if it cannot."""
        taken = self._taken.get(index)
        instance = None if taken is None else self._instance_types.get(taken.instance)
        if taken is None or instance is None or index in self._kept:
            return None
        name = taken.name
        function: FunctionType | None = instance.functions.get(name)
        if function is None or function.scope is not instance.scope or not name.isascii() or "[" in name:
            return None
        if name.startswith(_PREFIXES):
            return None
        if not {prefix + name for prefix in _PREFIXES}.isdisjoint(instance.functions):
            return None
        if not all(one.options.plain and one.options.memory is not None for one in lowered):
            return None
        return msgspec.structs.replace(function, type=msgspec.structs.replace(function.type, name=name))

    def _adapters(self, index: int, lowered: list[_Lowered], taken: _Taken, function: Function) -> list[AdaptedLower]:
        """Return the adapters of a function that writes its result; empty if it cannot."""
        written = written_import(function)
        if written is None:
            return []
        cores = tuple(core for param in function.params for core in flat(param.type))
        found = []
        for one in lowered:
            (canons,) = [known for known in self._canons if known.span.start <= one.item.start < known.span.end]
            realloc, memory = one.options.realloc, one.options.memory
            if realloc is None or memory is None or realloc >= canons.core[CORE_FUNC] or index >= canons.funcs:
                return []
            found.append(AdaptedLower(one.core, one.item, index, cores, realloc, memory, taken.instance, written))
        return found


def _declared(way: Function, function: FunctionType) -> bytes:
    """Return the type of another way to import a function in binary form."""
    params = [text(param.name) + _FLAT[getattr(param.type, "name", "")] for param in way.params]
    # Nothing but the size of a room is a result of its own.
    result = function.result if way.result == function.type.result else b"\x00" + _FLAT["u64"]
    return b"\x40" + vector(params) + result


def _grown(instance: InstanceType, functions: dict[str, bytes]) -> list[Edit]:
    """Return the edits that add functions to an instance type."""
    declarations, at = b"", len(instance.scope.types)
    for number, (name, type_) in enumerate(functions.items()):
        export = b"\x04\x00" + text(name) + b"\x01" + leb128(at + number)
        declarations += b"\x01" + type_ + export
    count = leb128(instance.declared + 2 * len(functions))
    return [Edit(instance.counted, instance.first, count), Edit(instance.end, instance.end, declarations)]


def _edited(wasm: bytes, edits: list[Edit], inserted: Mapping[int, bytes]) -> bytes:
    """Apply edits, which lie within sections of the outermost component, and put sections before others."""
    waiting = sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True)
    parts = [wasm[:_PREAMBLE]]
    for kind, start, end in Cursor(wasm, _PREAMBLE, len(wasm), Budget(MOST_ITEMS)).sections():
        content, at = [], start
        while waiting and waiting[-1].end <= end:
            edit = waiting.pop()
            content += [wasm[at : edit.start], edit.data]
            at = edit.end
        content.append(wasm[at:end])
        parts += [inserted.get(start, b""), section(kind, b"".join(content))]
    return b"".join(parts)


def _has_one_memory(spaces: IndexSpaces, cursor: Cursor) -> bool:
    """Return whether every instance of a component has exactly one memory, so that its pointers mean that one."""
    owners = 0
    for index, span in enumerate(spaces.core_modules):
        memories = None if span is None else _memories(cursor, span)
        if memories is None:
            return False
        made = sum(isinstance(one, Instantiation) and one.made_of == index for one in spaces.core_instances)
        owners += memories * made
    return owners == 1 and not any(_has_code(cursor, span) for span in spaces.components)


def _memories(cursor: Cursor, span: Span) -> int | None:
    """Count the memories that a core module defines; None if one of them has 64-bit pointers."""
    found = 0
    for kind, start, end in cursor.within(span.start + _PREAMBLE, span.end).sections():
        if kind == _MEMORIES:
            section = cursor.within(start, end)
            found += section.count()
            if found and section.peek() & _WIDE_MEMORY:
                return None
    return found


def _has_code(cursor: Cursor, span: Span | None) -> bool:
    """Return whether a nested component may have a memory of its own."""
    if span is None:
        return True
    inner = IndexSpaces(cursor.within(span.start, span.end))
    return bool(inner.core_modules or inner.components)
