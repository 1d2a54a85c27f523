"""A compiled component: its interface, its serialised form, and the indices of its exports."""

from __future__ import annotations

import contextlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import wasmtime
from wasmtime import component

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.core.revision import Tier
from airssys_tui.core.types.interface import Interface
from airssys_tui.engine import async_features, bindings, reflection
from airssys_tui.engine.raw_lift.flat_imports import with_flat_imports, without_flat
from airssys_tui.engine.raw_lift.flat_lifts import INSTANCE, with_flat_lifts
from airssys_tui.engine.resource_names import imported_resources
from airssys_tui.engine.signature import holds_handles
from airssys_tui.engine.trap_texts import plain

if TYPE_CHECKING:
    from airssys_tui.core.types.interface import ExportedFunction, Function


class Code:
    """A component compiled for one engine; shared by any number of instances and threads.

    Attributes:
        interface: Its imports and exports, without what was appended to it.
        tier: Which compiler made it; it runs in an engine of that tier only.
    """

    def __init__(self, compiled: component.Component, engine: wasmtime.Engine, tier: Tier = Tier.OPTIMISED) -> None:
        self._compiled = compiled
        self._engine = engine
        self.tier = tier
        try:
            self.interface: Interface = without_flat(reflection.read(compiled.type, engine, without=INSTANCE))
        except (TypeError, KeyError) as error:
            raise AdmissionError(f"it uses an unsupported type: {error}", gate=Gate.TYPES) from error
        self._indices: dict[str, component.ExportIndex | None] = {}
        self._bytes: bytes | None = None

    @classmethod
    def compile_here(
        cls, engine: wasmtime.Engine, wasm: bytes, *, raw_lift: bool = False, tier: Tier = Tier.OPTIMISED
    ) -> Code:
        """Compile in this process.

        Args:
            engine: The engine.
            wasm: The component.
            raw_lift: Whether it also gets flat exports and imports; a component that does not compile with them is
                compiled as it is.
            tier: The tier of the engine.

        Raises:
            AdmissionError: At gate ``compile``, with the compiler's message.
        """
        changed = _with_raw_ways(wasm) if raw_lift else wasm
        if changed is not wasm:
            with contextlib.suppress(wasmtime.WasmtimeError, AdmissionError):
                return cls(component.Component(engine, changed), engine, tier)
        try:
            return cls(component.Component(engine, wasm), engine, tier)
        except wasmtime.WasmtimeError as error:
            raise compile_refused(str(error)) from error

    @classmethod
    def load(cls, engine: wasmtime.Engine, serialised: bytes | Path, tier: Tier = Tier.OPTIMISED) -> Code:
        """Load the output of :meth:`serialised` from an engine of the same identity.

        The bytes are trusted: verify their origin first.

        Raises:
            AdmissionError: At gate ``compile``, if the bytes belong to another engine or are damaged.
        """
        try:
            if isinstance(serialised, Path):
                compiled = component.Component.deserialize_file(engine, str(serialised))
            else:
                compiled = component.Component.deserialize(engine, serialised)
        except wasmtime.WasmtimeError as error:
            remedy = "compile the component again"
            raise AdmissionError(
                f"cannot load the compiled code: {plain(str(error))}", gate=Gate.COMPILE, remedy=remedy
            ) from error
        return cls(compiled, engine, tier)

    @property
    def kind(self) -> component.ComponentType:
        """The component's own type."""
        return self._compiled.type

    @cached_property
    def imports_wasi(self) -> bool:
        """Whether it imports any WASI interface."""
        return any(item.name.startswith("wasi:") for item in self.interface.imports)

    @cached_property
    def flat_functions(self) -> dict[str, Function]:
        """The functions that were added for raw calls, by name."""
        return reflection.exported_functions(self._compiled.type, self._engine, INSTANCE)

    def distinct(self, export: ExportedFunction) -> Function:
        """Return the type of an export with names of resources of which no two mean different ones."""
        return self._distinct[export.path] if holds_handles(export.function) else export.function

    @cached_property
    def _distinct(self) -> dict[str, Function]:
        interface = reflection.read(self._compiled.type, self._engine, without=INSTANCE, distinct=True)
        return {export.path: export.function for export in interface.functions()}

    @cached_property
    def imported_resources(self) -> tuple[tuple[str, str, str], ...]:
        """The resources that it imports: the name in its functions, the interface, and the name there."""
        return tuple(imported_resources(self.interface.imports))

    @cached_property
    def resource_homes(self) -> dict[tuple[str, str], tuple[str, str]]:
        """For each imported resource, by interface and name: the interface that defines it, and its name there."""
        return reflection.resource_homes(self._compiled.type, self._engine) if self.imported_resources else {}

    def serialised(self) -> bytes:
        """Return the bytes that :meth:`load` accepts; those of code that came from elsewhere are let go with that."""
        known, self._bytes = self._bytes, None
        return known if known is not None else bytes(self._compiled.serialize())

    def came_as(self, serialised: bytes) -> None:
        """Keep the bytes from which it was loaded for the next :meth:`serialised`, which then takes no time."""
        self._bytes = serialised

    @cached_property
    def address(self) -> int:
        """Address of the native component."""
        return bindings.address(self._compiled)

    def export_address(self, export: ExportedFunction) -> int | None:
        """Return the address of an export's native index, or None if the component has no such export."""
        index = self._indices.get(export.path)
        if index is None:
            index = self._indices[export.path] = self._find(export)
        return None if index is None else bindings.address(index)

    def _find(self, export: ExportedFunction) -> component.ExportIndex | None:
        instance_name, separator, _ = export.path.rpartition("#")
        if not separator:
            return self._compiled.get_export_index(export.function.name)
        instance = self._compiled.get_export_index(instance_name)
        return None if instance is None else self._compiled.get_export_index(export.function.name, instance)


def _with_raw_ways(wasm: bytes) -> bytes:
    imports = with_flat_imports(wasm)
    return with_flat_lifts(imports) or imports


def compile_refused(words: str) -> AdmissionError:
    """Return the error of gate ``compile`` for a compiler message."""
    known = async_features.refusal_of(words)
    return known or AdmissionError(f"it does not compile: {plain(words)}", gate=Gate.COMPILE)
