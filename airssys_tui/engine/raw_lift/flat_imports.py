"""Makes a component import host functions that take text or lists flat.

Neither indices nor core code change: the type of the imported instance gets one more function, whose parameters are the
core ones, and the alias through which the component lowers the function names that one instead. So the guest passes the
same pointers, and the host reads them from its memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from airssys_tui.core.types.interface import Function, Interface, InterfaceType
from airssys_tui.engine.function_pruning import leb128
from airssys_tui.engine.raw_lift.canonical_abi import FLAT_PREFIX, flat_import
from airssys_tui.engine.raw_lift.index_spaces import FUNC, INSTANCE, TYPE, IndexSpaces, Instantiation, Lift, Span
from airssys_tui.engine.raw_lift.section_reader import Budget, Cursor
from airssys_tui.engine.raw_lift.type_scope import UNKNOWN, Definition, FunctionType, InstanceType, TypeScope

MOST_ITEMS: Final = 200_000
"""Entries of sections that are read at most; past it nothing is changed."""

_PREAMBLE: Final = 8
_COMPONENT: Final = b"\0asm\x0d\x00\x01\x00"
_MEMORIES: Final = 5
_WIDE_MEMORY: Final = 0x04
_FLAT: Final = {"u32": b"\x79", "u64": b"\x77", "f32": b"\x76", "f64": b"\x75"}
_NATIVE: Final = "wasi:"
"""Interfaces of this prefix are the engine's own."""


class Edit(msgspec.Struct, frozen=True):
    """Bytes that take the place of those from one offset of a file to another."""

    start: int
    end: int
    data: bytes


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
        edits = spaces.edits() if _has_one_memory(spaces, cursor) else []
        return _edited(wasm, edits) if edits else wasm
    except (ValueError, IndexError):
        return wasm


def without_flat(interface: Interface) -> Interface:
    """Return an interface without the flat imports that were added to it."""
    imports = tuple(_pruned(item) if isinstance(item, InterfaceType) else item for item in interface.imports)
    return msgspec.structs.replace(interface, imports=imports)


def _pruned(item: InterfaceType) -> InterfaceType:
    if not any(function.name.startswith(FLAT_PREFIX) for function in item.functions):
        return item
    flat = {made.name: made for function in item.functions if (made := flat_import(function)) is not None}
    kept = tuple(one for one in item.functions if one.name not in flat or not one.same_type(flat[one.name]))
    return msgspec.structs.replace(item, functions=kept)


class _ImportSpaces(IndexSpaces):
    """The index spaces of a component with the types of what it imports."""

    def __init__(self, cursor: Cursor) -> None:
        self._scope = TypeScope()
        self._instance_types: dict[int, InstanceType] = {}
        self._taken: dict[int, _Taken] = {}
        self._lowered: dict[int, list[Lift]] = {}
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

    def on_lower(self, function: int, options: Lift) -> None:
        """Note a use."""
        self._lowered.setdefault(function, []).append(options)

    def edits(self) -> list[Edit]:
        """Return what has to change."""
        found: list[Edit] = []
        added: dict[int, dict[str, bytes]] = {}
        types = {type_.end: type_ for type_ in self._instance_types.values()}
        for index, lowered in self._lowered.items():
            taken = self._taken.get(index)
            if taken is None or index in self._kept or not all(lift.plain and lift.has_memory for lift in lowered):
                continue
            instance = self._instance_types.get(taken.instance)
            declared = None if instance is None else _declared(instance, taken.name)
            if instance is not None and declared is not None:
                added.setdefault(instance.end, {})[taken.name] = declared
                old, new = leb128(len(taken.name)) + taken.name.encode(), _text(FLAT_PREFIX + taken.name)
                found.append(Edit(taken.start, taken.start + len(old), new))
        for end, functions in added.items():
            found += _grown(types[end], functions)
        return sorted(found, key=lambda edit: edit.start)


def _declared(instance: InstanceType, name: str) -> bytes | None:
    """Return the flat type of an instance's function; None if it stays as it is."""
    function: FunctionType | None = instance.functions.get(name)
    if function is None or function.scope is not instance.scope or FLAT_PREFIX + name in instance.functions:
        return None
    if not name.isascii() or "[" in name:
        return None
    flat = flat_import(Function(name, function.type.params, function.type.result))
    if flat is None:
        return None
    params = b"".join(_text(param.name) + _FLAT[getattr(param.type, "name", "")] for param in flat.params)
    return b"\x40" + leb128(len(flat.params)) + params + function.result


def _grown(instance: InstanceType, functions: dict[str, bytes]) -> list[Edit]:
    """Return the edits that add functions to an instance type."""
    declarations, at = b"", len(instance.scope.types)
    for number, (name, type_) in enumerate(functions.items()):
        export = b"\x04\x00" + _text(FLAT_PREFIX + name) + b"\x01" + leb128(at + number)
        declarations += b"\x01" + type_ + export
    count = leb128(instance.declared + 2 * len(functions))
    return [Edit(instance.counted, instance.first, count), Edit(instance.end, instance.end, declarations)]


def _text(name: str) -> bytes:
    encoded = name.encode()
    return leb128(len(encoded)) + encoded


def _edited(wasm: bytes, edits: list[Edit]) -> bytes:
    """Apply edits, which lie within sections of the outermost component."""
    parts = [wasm[:_PREAMBLE]]
    for kind, start, end in Cursor(wasm, _PREAMBLE, len(wasm), Budget(MOST_ITEMS)).sections():
        content, at = b"", start
        for edit in edits:
            if start <= edit.start and edit.end <= end:
                content += wasm[at : edit.start] + edit.data
                at = edit.end
        content += wasm[at:end]
        parts.append(bytes((kind,)) + leb128(len(content)) + content)
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
