"""The index spaces of a component: which core function each exported function lifts, and with which options.

The reading follows the binary format (Component Model ``design/mvp/Binary.md``). It looks through the one nesting that
toolchains make: an interface is exported as an instance of a small component that hands its imports on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from airssys_tui.engine.raw_lift.section_reader import Cursor
from airssys_tui.engine.raw_lift.type_scope import read_name

PREAMBLE: Final = 8

CORE, FUNC, VALUE, TYPE, COMPONENT, INSTANCE = range(6)
"""Kinds of what an index is of."""

CORE_FUNC, CORE_MODULE, CORE_INSTANCE = 0x00, 0x11, 0x12
"""Kinds of what an index of the core is of."""

COMPONENT_FUNC: Final = -1
"""Stands for functions of the component where kinds of the core are told of."""

_OF_INSTANCE, _OF_CORE_INSTANCE, _OF_OUTER = range(3)
_LIFT, _LOWER = 0x00, 0x01
_RESOURCE_BUILTINS: Final = frozenset({0x02, 0x03, 0x04})
_UTF8, _MEMORY, _REALLOC, _POST_RETURN = 0x00, 0x03, 0x04, 0x05
_PLAIN_OPTIONS: Final = frozenset({_UTF8, _MEMORY, _REALLOC, _POST_RETURN})
_CALLBACK: Final = 0x07
_CORE_OPTIONS: Final = frozenset({_REALLOC, _POST_RETURN, _CALLBACK})
"""Options that name a core function."""

_INDEXED_OPTIONS: Final = frozenset({_MEMORY, 0x08})

_CORE_MODULE_SECTION, _COMPONENT_SECTION, _TYPE_SECTION, _CANON_SECTION = 1, 4, 7, 8
_ITEMS: Final = {2: "_core_instance", 5: "_instance", 6: "_alias", 8: "_canon", 10: "_import", 11: "_export"}
"""The method that reads one item of each kind of section."""

_IGNORED: Final = frozenset({0, 3})
"""Custom sections and core types."""


class Lift(msgspec.Struct, frozen=True):
    """A component function made from a core function.

    Attributes:
        core: Index of the core function.
        memory: Index of its memory, or None.
        realloc: Index of the allocator's core function, or None.
        post_return: Index of the core function that frees a result, or None.
        plain: Whether it has no other options, such as another encoding of strings.
    """

    core: int
    memory: int | None = None
    realloc: int | None = None
    post_return: int | None = None
    plain: bool = True


class CoreExport(msgspec.Struct, frozen=True):
    """A core function that is an export of a core instance."""

    instance: int
    name: str


class Instantiation(msgspec.Struct, frozen=True):
    """An instance, of a nested component or of a core module.

    Attributes:
        made_of: Index of the component or the core module.
        given: Indices of the functions that it is given, by the names under which it imports them.
    """

    made_of: int
    given: Mapping[str, int]


class Listing(msgspec.Struct, frozen=True):
    """An instance that lists functions of this component: their indices by name."""

    functions: Mapping[str, int]


class Span(msgspec.Struct, frozen=True):
    """A nested module or component: its offsets in the file."""

    start: int
    end: int


class IndexSpaces:
    """The index spaces of one component; entries that cannot matter are None.

    A derived class may learn more from what is read, by the methods whose names start with ``on_``.

    Args:
        cursor: The component, its preamble included.

    Attributes:
        imported: Names of imported functions by their index.
        exports: Kind and index of each export, by name.
        names: Names of everything that it imports or exports.

    Raises:
        ValueError: If it has forms that are not read here.
    """

    def __init__(self, cursor: Cursor) -> None:
        self.core_funcs: list[CoreExport | None] = []
        self.core_modules: list[Span | None] = []
        self.core_instances: list[Instantiation | None] = []
        self.funcs: list[Lift | None] = []
        self.components: list[Span | None] = []
        self.instances: list[Instantiation | Listing | None] = []
        self.types = 0
        self.imported: dict[int, str] = {}
        self.exports: dict[str, tuple[int, int]] = {}
        self.names: set[str] = set()
        self._cursor = cursor
        cursor.skip(PREAMBLE)
        for kind, start, end in cursor.sections():
            self._section(kind, cursor.within(start, end))

    def functions(self) -> dict[str, Lift]:
        """Return the lifts behind the exported functions, by path: ``function`` or ``instance#function``."""
        found: dict[str, Lift | None] = {}
        for name, (kind, index) in self.exports.items():
            if kind == FUNC:
                found[name] = self.funcs[index]
            elif kind == INSTANCE:
                members = self._members(self.instances[index])
                found.update({f"{name}#{member}": self.funcs[at] for member, at in members.items()})
        return {path: lift for path, lift in found.items() if lift is not None}

    def _members(self, instance: Instantiation | Listing | None) -> Mapping[str, int]:
        if isinstance(instance, Listing):
            return instance.functions
        span = None if instance is None else self.components[instance.made_of]
        if instance is None or span is None:
            return {}
        inner = IndexSpaces(self._cursor.within(span.start, span.end))
        handed_on = {
            name: inner.imported[index]
            for name, (kind, index) in inner.exports.items()
            if kind == FUNC and index in inner.imported
        }
        return {name: instance.given[given] for name, given in handed_on.items() if given in instance.given}

    def _section(self, kind: int, section: Cursor) -> None:
        if kind == _CORE_MODULE_SECTION:
            self.core_modules.append(Span(section.at, section.end))
        elif kind == _COMPONENT_SECTION:
            self.components.append(Span(section.at, section.end))
        elif kind == _TYPE_SECTION:
            self.on_types(section)
        elif kind in _ITEMS:
            if kind == _CANON_SECTION:
                self.on_canons(Span(section.at, section.end))
            one = getattr(self, _ITEMS[kind])
            for _ in range(section.count()):
                one(section)
        elif kind not in _IGNORED:
            raise ValueError("a section of an unknown kind")

    def on_types(self, section: Cursor) -> None:
        """Learn of types; the contents of their section are next."""
        self.types += section.count()

    def on_alias(self, kind: int, instance: int | None, name: str, start: int) -> None:
        """Learn of an alias: its kind, its instance (None for what is around), its name and where that starts."""

    def on_import(self, kind: int, type_: int | None, name: str) -> None:
        """Learn of an import: its kind, the index of its type (None for a resource), and its name."""

    def on_export(self, kind: int, index: int) -> None:
        """Learn of an export: its kind and its index."""

    def on_given(self, functions: Iterable[int]) -> None:
        """Learn of functions that are given to an instance."""

    def on_lower(self, function: int, options: Lift, span: Span) -> None:
        """Learn that a function is lowered by an item at an offset."""

    def on_canons(self, span: Span) -> None:
        """Learn that a section of canonical functions is next."""

    def on_mention(self, kind: int, index: int, span: Span) -> None:
        """Learn that something of the core, or a function, is named by its index, which is written at an offset."""

    def _mentioned(self, section: Cursor, kind: int) -> int:
        """Read an index of the core, or of a function."""
        start, index = section.at, section.number()
        self.on_mention(kind, index, Span(start, section.at))
        return index

    def _core_instance(self, section: Cursor) -> None:
        made_of = self._mentioned(section, CORE_MODULE) if section.byte() == 0 else None
        for _ in range(section.count()):
            section.name()
            self._mentioned(section, section.byte())
        self.core_instances.append(None if made_of is None else Instantiation(made_of, {}))

    def _instance(self, section: Cursor) -> None:
        made_of = section.number() if section.byte() == 0 else None
        functions = {}
        for _ in range(section.count()):
            name = section.name() if made_of is not None else read_name(section)
            kind, _, index = self._sorted_index(section)
            if kind == FUNC:
                functions[name] = index
        self.on_given(functions.values())
        self.instances.append(Listing(functions) if made_of is None else Instantiation(made_of, functions))

    def _alias(self, section: Cursor) -> None:
        kind, core = _sort(section)
        target = section.byte()
        if target == _OF_OUTER:
            section.number()
            section.number()
            self.on_alias(kind, None, "", section.at)
            self._add(kind, core)
            return
        instance = self._mentioned(section, CORE_INSTANCE) if target == _OF_CORE_INSTANCE else section.number()
        start, name = section.at, section.name()
        if target == _OF_CORE_INSTANCE and core == CORE_FUNC:
            self.core_funcs.append(CoreExport(instance, name))
        else:
            self.on_alias(kind, instance, name, start)
            self._add(kind, core)

    def _canon(self, section: Cursor) -> None:
        start, kind = section.at, section.byte()
        if kind == _LIFT:
            section.byte()
            self.funcs.append(self._lift(section, self._mentioned(section, CORE_FUNC)))
            section.number()
        elif kind == _LOWER:
            section.byte()
            options = self._lift(section, self._mentioned(section, COMPONENT_FUNC))
            self.on_lower(options.core, options, Span(start, section.at))
            self.core_funcs.append(None)
        elif kind in _RESOURCE_BUILTINS:
            section.number()
            self.core_funcs.append(None)
        else:
            raise ValueError("a canonical function of an unknown kind")

    def _lift(self, section: Cursor, core: int) -> Lift:
        """Read the options of a canonical function."""
        found: dict[int, int] = {}
        plain = True
        for _ in range(section.count()):
            option = section.byte()
            plain = plain and option in _PLAIN_OPTIONS
            if option in _CORE_OPTIONS:
                found[option] = self._mentioned(section, CORE_FUNC)
            elif option in _INDEXED_OPTIONS:
                found[option] = section.number()
        return Lift(
            core=core,
            memory=found.get(_MEMORY),
            realloc=found.get(_REALLOC),
            post_return=found.get(_POST_RETURN),
            plain=plain,
        )

    def _sorted_index(self, section: Cursor) -> tuple[int, int, int]:
        kind, core = _sort(section)
        if kind in {CORE, FUNC}:
            return kind, core, self._mentioned(section, core if kind == CORE else COMPONENT_FUNC)
        return kind, core, section.number()

    def _import(self, section: Cursor) -> None:
        name = read_name(section)
        self.names.add(name)
        kind, core, type_ = _described(section)
        self.on_import(kind, type_, name)
        if kind == FUNC:
            self.imported[len(self.funcs)] = name
        self._add(kind, core)

    def _export(self, section: Cursor) -> None:
        name = read_name(section)
        self.names.add(name)
        kind, core, index = self._sorted_index(section)
        if section.byte():
            _described(section)
        self.exports[name] = kind, index
        self.on_export(kind, index)
        if kind == FUNC:
            self.funcs.append(self.funcs[index])
            if index in self.imported:
                self.imported[len(self.funcs) - 1] = self.imported[index]
        elif kind == INSTANCE:
            self.instances.append(self.instances[index])
        else:
            self._add(kind, core)

    def _add(self, kind: int, core: int) -> None:
        """Give something that cannot matter its place in its index space."""
        if kind == FUNC:
            self.funcs.append(None)
        elif kind == TYPE:
            self.types += 1
        elif kind == COMPONENT:
            self.components.append(None)
        elif kind == INSTANCE:
            self.instances.append(None)
        elif kind == VALUE:
            raise ValueError("a value")
        elif core == CORE_FUNC:
            self.core_funcs.append(None)
        elif core == CORE_MODULE:
            self.core_modules.append(None)
        elif core == CORE_INSTANCE:
            self.core_instances.append(None)


def _sort(section: Cursor) -> tuple[int, int]:
    """Read what an index is of: its kind, and its core kind if it is of the core."""
    kind = section.byte()
    return kind, section.byte() if kind == CORE else 0


def _described(section: Cursor) -> tuple[int, int, int | None]:
    """Read the description of an import or an export: its kind, its core kind and the index of its type."""
    kind, core = _sort(section)
    if kind == VALUE:
        raise ValueError("a value")
    return kind, core, section.number() if kind != TYPE or section.byte() == 0 else None
