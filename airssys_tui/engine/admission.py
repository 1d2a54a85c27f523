"""Checks of a file before compilation: a walk over the section headers of a component.

Compilation is the only validation that the engine offers, and a crafted file can make it very expensive. So counts,
sizes and nesting are bounded first. The walk follows the binary format (Component Model ``design/mvp/Binary.md``; core
specification, chapter 5) down to the local variables of core functions; it reads no instructions.
"""

from __future__ import annotations

import threading
from hashlib import sha256
from typing import Final

import msgspec

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.core.units import MIB, format_size
from airssys_tui.engine.async_features import AsyncFeatures, refusal

_MAGIC: Final = b"\0asm"
_PREAMBLE: Final = 8
_CORE_VERSION: Final = b"\x01\x00\x00\x00"
_COMPONENT_LAYER: Final = b"\x01\x00"
_COMPONENT_VERSION: Final = b"\x0d\x00"
_LEB_LIMIT: Final = 5

_CUSTOM: Final = 0
_CORE_MODULE: Final = 1
_NESTED_COMPONENT: Final = 4
_TYPES: Final = 7
_CANONS: Final = 8
_START: Final = 9
_CODE: Final = 10
_COMPONENT_SECTIONS: Final = (
    *("custom", "core module", "core instance", "core type", "component", "instance", "alias", "type", "canon"),
    *("start", "import", "export", "value"),
)
_CORE_SECTIONS: Final = (
    *("custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code"),
    *("data", "data count", "tag"),
)
_CORE_UNCOUNTED: Final = frozenset({"custom", "start", "data count"})
_COMPONENT_UNCOUNTED: Final = frozenset({"custom", "core module", "component", "start"})

_LOOP: Final = b"\x03"
_PLAIN_TYPES: Final = b"\x7f\x7e\x7d\x7c\x7b\x70\x6f"
_PLAIN_GROUPS: Final = 64
_MOST_LOCALS: Final = 50_000

_WRAP: Final = "this is a core module; wrap it with `wasm-tools component new`"
_PREVIEW_1: Final = b"wasi_snapshot_preview1"
_ADAPT: Final = (
    "this is a program of WASI preview 1; make a component of it: `wasm-tools component new OLD.wasm "
    "--adapt wasi_snapshot_preview1.command.wasm -o NEW.wasm`"
)


class AdmissionBounds(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of what is admitted to compilation.

    Attributes:
        size: Bytes of the file.
        nesting: Components within components.
        core_modules: Core modules, at every depth.
        sections: Sections, at every depth.
        items: Entries of one section.
        functions: Core functions over all modules.
        function_size: Bytes of one core function's body.
    """

    size: int = 64 * MIB
    nesting: int = 8
    core_modules: int = 256
    sections: int = 50_000
    items: int = 1_000_000
    functions: int = 300_000
    function_size: int = 2 * MIB


class Sections(msgspec.Struct, frozen=True, kw_only=True):
    """Results of the walk.

    Attributes:
        size: Bytes of the file.
        sections: Sections at every depth.
        nesting: Deepest component within components; 0 without nesting.
        core_modules: Core modules at every depth.
        functions: Core functions over all modules.
        largest_function: Bytes of the largest body.
        locals: Local variables declared by all bodies; a few bytes can declare up to 50 000.
        loops: Upper bound on the number of loops in all bodies: bytes that could start one.
        counts: Entries per kind of section, such as ``component import`` or ``core function``.
        version: Contents of the ``version`` custom section of the outermost component, or None.
        asynchronous: Names of the features of the asynchronous model (WASI 0.3) that it uses.
    """

    size: int
    sections: int
    nesting: int
    core_modules: int
    functions: int
    largest_function: int
    locals: int
    loops: int
    counts: dict[str, int]
    version: str | None = None
    asynchronous: tuple[str, ...] = ()


_STANDARD: Final = AdmissionBounds()

KEPT: Final = 64
"""Files whose walk is remembered: a deployment asks five times for the same one, at its gates and to compile it."""

LONGEST_KEPT: Final = 256
"""Characters of the version in a file whose walk is remembered; nothing else of a walk grows with the file."""

_kept: Final[dict[tuple[bytes, AdmissionBounds], Sections]] = {}
_keeping: Final = threading.Lock()


def admit(data: bytes, bounds: AdmissionBounds = _STANDARD) -> Sections:
    """Walk over a file and check that it is a component within bounds which this version can run.

    Raises:
        AdmissionError: At gate ``size``, ``magic`` or ``sections``; also if the component is asynchronous.
    """
    found = inspect(data, bounds)
    if found.asynchronous:
        raise refusal(found.asynchronous)
    return found


def inspect(data: bytes, bounds: AdmissionBounds = _STANDARD) -> Sections:
    """Walk over a file and check that it is a component within bounds.

    The same file within the same bounds is walked over once, as long as it is among the last :data:`KEPT`.

    Raises:
        AdmissionError: At gate ``size``, ``magic`` or ``sections``, with the offset of the problem.
    """
    key = sha256(data).digest(), bounds
    found = _kept.get(key)
    if found is None:
        found = _walked(data, bounds)
        if len(found.version or "") > LONGEST_KEPT:
            return found
        with _keeping:
            while len(_kept) >= KEPT:
                del _kept[next(iter(_kept))]
            _kept[key] = found
    return found


def _walked(data: bytes, bounds: AdmissionBounds) -> Sections:
    _check_size(data, bounds)
    if data[4:8] == _CORE_VERSION:
        remedy = _ADAPT if _PREVIEW_1 in data else _WRAP
        raise AdmissionError(
            "it is a core WebAssembly module, not a component", gate=Gate.MAGIC, offset=4, remedy=remedy
        )
    if data[6:8] != _COMPONENT_LAYER or data[4:6] != _COMPONENT_VERSION:
        version, layer = (int.from_bytes(data[at : at + 2], "little") for at in (4, 6))
        text = f"it has binary version {version:#x}, layer {layer}; components are version 0xd, layer 1"
        raise AdmissionError(text, gate=Gate.MAGIC, offset=4, remedy="build it with a current toolchain")
    walk = _Walk(data, bounds)
    walk.component(_PREAMBLE, len(data), 0)
    return walk.summary()


def _check_size(data: bytes, bounds: AdmissionBounds) -> None:
    rebuild = "copy or build it again"
    if not data:
        raise AdmissionError("the file is empty", gate=Gate.SIZE, offset=0, remedy=rebuild)
    if len(data) > bounds.size:
        text = f"the file has {format_size(len(data))}; the limit is {format_size(bounds.size)}"
        raise AdmissionError(text, gate=Gate.SIZE, remedy="strip debug information with `wasm-tools strip`")
    if data[:4] != _MAGIC[: len(data)]:
        raise AdmissionError("it is not a WebAssembly file: it does not start with \\0asm", gate=Gate.MAGIC, offset=0)
    if len(data) < _PREAMBLE:
        raise AdmissionError(
            f"it is truncated after {len(data)} bytes", gate=Gate.MAGIC, offset=len(data), remedy=rebuild
        )


class _Walk:
    def __init__(self, data: bytes, bounds: AdmissionBounds) -> None:
        self._data = data
        self._bounds = bounds
        self._counts: dict[str, int] = {}
        self._sections = self._nesting = self._modules = self._functions = self._largest = 0
        self._locals = self._loops = 0
        self._version: str | None = None
        self._async = AsyncFeatures(data)

    def summary(self) -> Sections:
        return Sections(
            size=len(self._data),
            sections=self._sections,
            nesting=self._nesting,
            core_modules=self._modules,
            functions=self._functions,
            largest_function=self._largest,
            locals=self._locals,
            loops=self._loops,
            counts=self._counts,
            version=self._version,
            asynchronous=self._async.found,
        )

    def component(self, start: int, end: int, depth: int) -> None:
        self._nesting = max(self._nesting, depth)
        if depth > self._bounds.nesting:
            raise _refusal(f"components are nested deeper than {self._bounds.nesting}", start)
        while start < end:
            kind, body, start = self._section(start, end, _COMPONENT_SECTIONS)
            if kind == _CUSTOM:
                self._custom(body, start, depth)
            elif kind == _CORE_MODULE:
                self._embedded(body, start, _CORE_VERSION, "core module")
                self._module(body + _PREAMBLE, start)
            elif kind == _NESTED_COMPONENT:
                self._embedded(body, start, _COMPONENT_VERSION + _COMPONENT_LAYER, "component")
                self.component(body + _PREAMBLE, start, depth + 1)
            elif kind != _START:
                self._count("component " + _COMPONENT_SECTIONS[kind], body, start)
                if kind == _TYPES:
                    self._async.read_types(body, start)
                elif kind == _CANONS:
                    self._async.read_canons(body, start)

    def _module(self, start: int, end: int) -> None:
        self._modules += 1
        if self._modules > self._bounds.core_modules:
            raise _refusal(f"it has more than {self._bounds.core_modules} core modules", start)
        while start < end:
            kind, body, start = self._section(start, end, _CORE_SECTIONS)
            name = _CORE_SECTIONS[kind]
            if name == "custom":
                self._custom(body, start, depth=1)
            elif kind == _CODE:
                self._bodies(body, start)
            elif name not in _CORE_UNCOUNTED:
                self._count("core " + name, body, start)

    def _section(self, start: int, end: int, names: tuple[str, ...]) -> tuple[int, int, int]:
        """Read a section's header: its kind, and the start and end of its contents."""
        self._sections += 1
        if self._sections > self._bounds.sections:
            raise _refusal(f"it has more than {self._bounds.sections} sections", start)
        kind = self._data[start]
        if kind >= len(names):
            raise _refusal(f"unknown section kind {kind}", start)
        size, body = self._number(start + 1, end)
        if body + size > end:
            text = f"the {names[kind]} section claims {size} bytes, {end - body} are left: file truncated or damaged"
            raise _refusal(text, start, remedy="copy or build it again")
        return kind, body, body + size

    def _count(self, name: str, start: int, end: int) -> int:
        count, _ = self._number(start, end)
        if count > self._bounds.items:
            raise _refusal(f"a {name} section claims {count} entries, more than {self._bounds.items}", start)
        if count > end - start:
            raise _refusal(f"a {name} section claims {count} entries in {end - start} bytes", start)
        self._counts[name] = self._counts.get(name, 0) + count
        return count

    def _bodies(self, start: int, end: int) -> None:
        count = self._count("core function body", start, end)
        self._functions += count
        if self._functions > self._bounds.functions:
            raise _refusal(f"it has more than {self._bounds.functions} functions", start)
        _, at = self._number(start, end)
        for _ in range(count):
            size, body = self._number(at, end)
            if size > self._bounds.function_size:
                text = f"a function has {format_size(size)}, more than {format_size(self._bounds.function_size)}"
                raise _refusal(text, at, remedy="split the function; code this large takes very long to compile")
            if body + size > end:
                raise _refusal(f"a function body claims {size} bytes but {end - body} are left", at)
            self._largest = max(self._largest, size)
            self._locals += self._declared(body, body + size)
            at = body + size
        self._loops += self._data.count(_LOOP, start, end)

    def _declared(self, start: int, end: int) -> int:
        """Count the local variables that a body declares; assume the maximum if they are not simple to read."""
        groups, at = self._number(start, end)
        if groups > _PLAIN_GROUPS:
            return _MOST_LOCALS
        declared = 0
        for _ in range(groups):
            count, at = self._number(at, end)
            declared += count
            if at >= end or self._data[at] not in _PLAIN_TYPES:
                return _MOST_LOCALS
            at += 1
        return declared

    def _custom(self, start: int, end: int, depth: int) -> None:
        size, at = self._number(start, end)
        if at + size > end:
            raise _refusal("the name of a custom section reaches past its end", start)
        if depth == 0 and self._data[at : at + size] == b"version":
            self._version = self._data[at + size : end].decode(errors="replace")

    def _embedded(self, start: int, end: int, version: bytes, what: str) -> None:
        if end - start < _PREAMBLE or self._data[start : start + _PREAMBLE] != _MAGIC + version:
            raise _refusal(f"the embedded {what} does not start like one", start)

    def _number(self, start: int, end: int) -> tuple[int, int]:
        """Read an unsigned LEB128 of at most 32 bits; return it and its end."""
        value = 0
        for index in range(_LEB_LIMIT):
            at = start + index
            if at >= end:
                raise _refusal("the file ends inside a number: it is truncated or damaged", start)
            byte = self._data[at]
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                if value > 0xFFFF_FFFF:
                    break
                return value, at + 1
        raise _refusal("a number is longer than 32 bits", start)


def _refusal(text: str, offset: int, remedy: str = "") -> AdmissionError:
    return AdmissionError(f"{text} (at offset {offset})", gate=Gate.SECTIONS, offset=offset, remedy=remedy)
