"""Appends the flat lifts of its exports to a component.

For each export that is lifted from a core function with a memory, up to three functions are added, all in one exported
instance: the core function, its allocator and the function that frees its result, each under its core signature. The
names tell which export they belong to, so compiled code needs nothing beside it.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.engine.function_pruning import leb128
from airssys_tui.engine.raw_lift.canonical_abi import MOST_FLAT
from airssys_tui.engine.raw_lift.core_signatures import CoreSignature, exported_signatures
from airssys_tui.engine.raw_lift.index_spaces import IndexSpaces, Lift
from airssys_tui.engine.raw_lift.section_reader import Budget, Cursor
from airssys_tui.engine.raw_lift.section_writer import section, text, vector

INSTANCE: Final = "airssys:engine/flat-lifts"
"""Name of the exported instance; no component may use it itself."""

MOST_LIFTS: Final = 128
"""Exports of one component that are lifted flat at most; further ones are called with values."""

MOST_ITEMS: Final = 200_000
"""Entries of sections that are read at most, about a tenth of a second; past it nothing is appended."""

ALLOCATOR: Final = CoreSignature(("i32",) * 4, ("i32",))

_TYPES, _CANONS, _INSTANCES, _EXPORTS = 7, 8, 5, 11
_PREAMBLE: Final = 8
_COMPONENT: Final = b"\0asm\x0d\x00\x01\x00"
_FLAT: Final = {"i32": b"\x79", "i64": b"\x77", "f32": b"\x76", "f64": b"\x75"}
"""The component type under which each core type crosses unchanged: ``u32``, ``u64``, ``f32``, ``f64``."""

_FUNC: Final = b"\x01"
_INSTANCE: Final = b"\x05"


class FlatNames(msgspec.Struct, frozen=True):
    """Names of the functions that are appended for one export: for calling it, allocating and freeing."""

    call: str
    allocate: str
    free: str


def names_for(path: str) -> FlatNames:
    """Return the names of the functions appended for an export."""
    digest = hashlib.sha256(path.encode()).hexdigest()[:24]
    return FlatNames(f"call{digest}", f"allocate{digest}", f"free{digest}")


def with_flat_lifts(wasm: bytes) -> bytes | None:
    """Append the flat lifts of a component's exports.

    Returns:
        The component with more sections, or None if no export can be lifted flat.

    Raises:
        AdmissionError: At gate ``sections``, if the component uses the name of the appended instance.
    """
    if wasm[:_PREAMBLE] != _COMPONENT:
        return None
    try:
        cursor = Cursor(wasm, 0, len(wasm), Budget(MOST_ITEMS))
        spaces = IndexSpaces(cursor)
        if INSTANCE in spaces.names:
            raise AdmissionError(
                f"it uses the name `{INSTANCE}`, which is reserved", gate=Gate.SECTIONS, remedy="choose another name"
            )
        appended = _Appended(spaces, _Signatures(spaces, cursor))
    except (ValueError, IndexError):
        # What this reader does not know is left to the compiler, and to calls with values.
        return None
    return wasm + appended.sections() if appended.exports else None


class _Signatures:
    """Finds the signatures of core functions through the core instances that export them."""

    def __init__(self, spaces: IndexSpaces, cursor: Cursor) -> None:
        self._spaces = spaces
        self._cursor = cursor
        self._modules: dict[int, dict[str, CoreSignature]] = {}

    def of(self, core: int) -> CoreSignature | None:
        """Return the signature of a core function, or None if it cannot be found or crossed flat."""
        export = self._spaces.core_funcs[core]
        instance = None if export is None else self._spaces.core_instances[export.instance]
        if export is None or instance is None:
            return None
        signature = self._module(instance.made_of).get(export.name)
        if signature is None or len(signature.params) > MOST_FLAT or len(signature.results) > 1:
            return None
        return signature

    def _module(self, index: int) -> dict[str, CoreSignature]:
        known = self._modules.get(index)
        if known is None:
            span = self._spaces.core_modules[index]
            known = {} if span is None else exported_signatures(self._cursor.within(span.start, span.end))
            self._modules[index] = known
        return known


class _Appended:
    """The types, functions and exports that are appended, in the order of their indices.

    Attributes:
        exports: Names in the appended instance, with the indices of their functions.
    """

    def __init__(self, spaces: IndexSpaces, signatures: _Signatures) -> None:
        self._spaces = spaces
        self._signatures = signatures
        self._types: dict[CoreSignature, int] = {}
        self._lifted: dict[int, int] = {}
        self._canons: list[bytes] = []
        self.exports: dict[str, int] = {}
        for path, lift in list(spaces.functions().items())[:MOST_LIFTS]:
            self._add(path, lift)

    def _add(self, path: str, lift: Lift) -> None:
        call = self._signatures.of(lift.core)
        if call is None or lift.memory is None or not lift.plain:
            return
        free = None if lift.post_return is None else self._signatures.of(lift.post_return)
        if lift.post_return is not None and free != CoreSignature(call.results, ()):
            return
        allocate = None if lift.realloc is None else self._signatures.of(lift.realloc)
        names = names_for(path)
        self.exports[names.call] = self._lift(lift.core, call)
        if lift.realloc is not None and allocate == ALLOCATOR:
            self.exports[names.allocate] = self._lift(lift.realloc, allocate)
        if lift.post_return is not None and free is not None:
            self.exports[names.free] = self._lift(lift.post_return, free)

    def _lift(self, core: int, signature: CoreSignature) -> int:
        known = self._lifted.get(core)
        if known is None:
            type_ = self._types.setdefault(signature, self._spaces.types + len(self._types))
            known = self._lifted[core] = len(self._spaces.funcs) + len(self._canons)
            self._canons.append(b"\x00\x00" + leb128(core) + leb128(0) + leb128(type_))
        return known

    def sections(self) -> bytes:
        """Return the sections to append."""
        listed = [b"\x00" + text(name) + _FUNC + leb128(index) for name, index in self.exports.items()]
        exported = b"\x00" + text(INSTANCE) + _INSTANCE + leb128(len(self._spaces.instances)) + b"\x00"
        return b"".join(
            (
                section(_TYPES, vector([_function_type(signature) for signature in self._types])),
                section(_CANONS, vector(self._canons)),
                section(_INSTANCES, vector([b"\x01" + vector(listed)])),
                section(_EXPORTS, vector([exported])),
            )
        )


def _function_type(signature: CoreSignature) -> bytes:
    params = [text(f"p{index}") + _FLAT[name] for index, name in enumerate(signature.params)]
    result = b"\x00" + _FLAT[signature.results[0]] if signature.results else b"\x01\x00"
    return b"\x40" + vector(params) + result
