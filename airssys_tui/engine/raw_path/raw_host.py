"""Host functions that guests import flat: their lists are read from the guest's memory, not from the engine's values.

:mod:`airssys_tui.engine.raw_lift.flat_imports` decides which component imports which function so. Only a component
whose instances have one memory does.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from airssys_tui.core.types.interface import Function
from airssys_tui.engine.calling import guarded, indented
from airssys_tui.engine.generated_code import LAYOUTS, GeneratedCode
from airssys_tui.engine.hosting.callbacks import Inhabitants, generated, lower_answer, native_callback, refused
from airssys_tui.engine.raw_lift.canonical_abi import CROSSING, flat
from airssys_tui.engine.raw_path.raw_reading import InSlots, RawReading
from airssys_tui.engine.raw_path.raw_writing import CONSTANTS

if TYPE_CHECKING:
    from types import FunctionType

    from airssys_tui.engine.host import HostFunction


def raw_callback(path: str, function: HostFunction, inhabitants: Inhabitants) -> Any:
    """Create the native callback of a host function that is imported flat.

    Args:
        path: ``interface#function``, for messages.
        function: The function, for whose type ``flat_import`` returns a type.
        inhabitants: The possible callers.
    """
    refuse = partial(refused, function.type, None)
    return native_callback(path, function, inhabitants, partial(_generate, function.type), refuse)


@lru_cache(maxsize=1024)
def _generate(function: Function) -> FunctionType:
    source = GeneratedCode()
    source.bind(CONSTANTS)
    reads, values = _reading(source, function)
    read = guarded(["while True:", *indented([*reads, "break"])], "UNREADABLE as cause", "error = unreadable(cause)")
    body = [
        "memory, = act.account.memories",
        "heap, live, carried, error = memory.base, memory.size, 0, 0",
        *read,
        "if error: return error",
        f"value = call(act.context, {', '.join(values)})",
        *lower_answer(source, function),
    ]
    return generated(source, body)


def _reading(source: GeneratedCode, function: Function) -> tuple[list[str], list[str]]:
    """Generate the reading of the arguments: statements, and the expressions of the values."""
    reading, types = RawReading(source), [param.type for param in function.params]
    cores = [core for type_ in types for core in flat(type_)]
    slots = [(source.name("w"), core) for core in cores]
    layout = "".join("8x" + LAYOUTS[CROSSING[core]] for core in cores)
    unpack = source.layout(layout, "unpack_from")
    body = [f"{', '.join(name for name, _ in slots)}, = {unpack}(W, arguments)"]
    places = InSlots(slots).fields(tuple(types))
    return body, [reading.value(type_, place, body) for type_, place in zip(types, places, strict=True)]
