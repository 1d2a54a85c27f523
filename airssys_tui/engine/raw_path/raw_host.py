"""Host functions that guests import flat: their lists are read from the guest's memory, not from the engine's values.

Those that write their results are called through an adapter (:mod:`airssys_tui.engine.raw_lift.result_adapter`): once
to do their work, and once more for each text or list of the result, with the room that the guest's allocator has for
it.

:mod:`airssys_tui.engine.raw_lift.flat_imports` decides which component imports which function so. Only a component
whose instances have one memory does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from airssys_tui.core.types.interface import Function
from airssys_tui.core.types.values import Ok
from airssys_tui.engine import bindings
from airssys_tui.engine.calling import guarded, indented
from airssys_tui.engine.generated_code import LAYOUTS, GeneratedCode
from airssys_tui.engine.hosting.callbacks import (
    LEAVING,
    Inhabitants,
    generated,
    lower_answer,
    native_callback,
    refused,
)
from airssys_tui.engine.raw_lift.canonical_abi import CROSSING, flat, flat_import
from airssys_tui.engine.raw_lift.result_adapter import (
    FUEL_AFTER,
    FUEL_BEFORE_BRIEF,
    FUEL_BEFORE_CALL,
    FUEL_BEFORE_REST,
    FUEL_BEFORE_ROOM,
    FUEL_FOR_ASKING,
    FUEL_FOR_MARK,
    RESULT,
    ROOM,
    WRITTEN,
    written_import,
)
from airssys_tui.engine.raw_path.raw_choice import HEAVY, weight
from airssys_tui.engine.raw_path.raw_reading import InSlots, RawReading
from airssys_tui.engine.raw_path.raw_storing import RawStoring, go_on
from airssys_tui.engine.raw_path.raw_writing import CONSTANTS

if TYPE_CHECKING:
    from types import FunctionType

    from airssys_tui.engine.host import HostFunction


def raw_callbacks(path: str, function: HostFunction, inhabitants: Inhabitants) -> dict[str, Any]:
    """Create the native callbacks of the other ways to import a host function, by their names.

    Args:
        path: ``interface#function``, for messages.
        function: The function.
        inhabitants: The possible callers.
    """
    made: dict[str, Callable[[Function], FunctionType]] = {}
    read, written = flat_import(function.type), written_import(function.type)
    if read is not None:
        made[read.name] = _generate_read
    if written is not None:
        made[written.call.name] = _generate_written if written.rest is None else _generate_brief
    if written is not None and written.rest is not None:
        made[written.rest.name] = _generate_rest
    refuse = partial(refused, function.type, None)
    return {
        name: native_callback(path, function, inhabitants, partial(generate, function.type), refuse)
        for name, generate in made.items()
    }


@lru_cache(maxsize=1024)
def _generate_read(function: Function) -> FunctionType:
    """Generate the callback of a function whose parameters are read, and whose result is a value."""
    source = GeneratedCode()
    reads, values = _reading(source, function)
    body = [*LEAVING, *reads, f"value = call(act.context, {', '.join(values)})", *lower_answer(source, function)]
    return generated(source, body)


@lru_cache(maxsize=1024)
def _generate_brief(function: Function) -> FunctionType:
    """Generate the callback of a function that keeps a large result back, and gives the mark in its place."""
    written = written_import(function)
    assert function.result is not None, "it has results"  # noqa: S101 -- narrows the type
    assert written is not None, "they are written"  # noqa: S101 -- narrows the type
    assert written.mark is not None, "it is brief"  # noqa: S101 -- narrows the type
    source, params = GeneratedCode(), _params(function)
    reads, values = _reading(source, function)
    mark = source.constant(written.mark.value)
    source.bind({"Ok": Ok})
    keep = [
        f"if value == {mark} or {weight(source, function.result, 'value')} >= {HEAVY}:",
        "    act.kept_back, value = (value,), mark".replace("mark", mark),
    ]
    body = [
        f"act.owed += {params + FUEL_BEFORE_BRIEF}",
        *LEAVING,
        *reads,
        f"value = call(act.context, {', '.join(values)})",
        # What is not of its type is refused below, in words.
        *guarded(keep, "Exception", "pass"),
        *lower_answer(source, function),
        f"act.owe({FUEL_FOR_MARK * len(written.mark.numbers)})",
    ]
    return generated(source, body)


@lru_cache(maxsize=1024)
def _generate_rest(function: Function) -> FunctionType:
    """Generate the callback that writes what a brief one kept back."""
    source = GeneratedCode()
    body = [
        f"last, = {source.layout('8xQ', 'unpack_from')}(W, arguments)",
        f"if last < {RESULT}:",
        *indented(_ROOM),
        "else:",
        "    if act.kept_back is None: return fault('no result was kept back')",
        "    (value,), act.kept_back = act.kept_back, None",
        f"    act.owed += {FUEL_BEFORE_REST}",
        *indented(_storing(source, function, f"last - {RESULT}")),
        *_answer(source, 0),
    ]
    return generated(source, guarded(body, "BadPointer as bad", "return bad.error"))


@lru_cache(maxsize=1024)
def _generate_written(function: Function) -> FunctionType:
    """Generate the callback of a function that always writes its result."""
    source, params = GeneratedCode(), _params(function)
    reads, values = _reading(source, function, "last")
    call = [
        f"act.owed += {params + FUEL_BEFORE_CALL}",
        *LEAVING,
        *reads[1:],
        f"value = call(act.context, {', '.join(values)})",
        *_storing(source, function, "last"),
    ]
    body = [reads[0], f"if last >= {ROOM}:", *indented(_ROOM), "else:", *indented(call), *_answer(source, params)]
    return generated(source, guarded(body, "BadPointer as bad", "return bad.error"))


_ROOM: Final = [
    "if act.writing is None: return fault('no room was asked for')",
    "memory, = act.account.memories",
    f"act.owed += {FUEL_BEFORE_ROOM}",
    f"room = go_on(act.writing, last - {ROOM}, memory)",
    f"if room == {WRITTEN}: act.writing = None",
]
"""Statements that take the room that an adapter got."""


def _storing(source: GeneratedCode, function: Function, where: str) -> list[str]:
    """Generate the writing of ``value`` at an offset in the only memory, as far as that is possible now."""
    assert function.result is not None, "it is written"  # noqa: S101 -- narrows the type
    source.bind({**CONSTANTS, "go_on": go_on})
    store = RawStoring(source).function(function.result)
    return [
        "memory, = act.account.memories",
        f"steps = {store}(value, scope, memory, {where}, refused)",
        "if steps: act.writing = steps; room = steps[-1].request",
        f"else: room = {WRITTEN}",
    ]


def _answer(source: GeneratedCode, params: int) -> list[str]:
    """Generate what tells an adapter how much room is needed."""
    return [
        f"if room == {WRITTEN}: act.owe({FUEL_AFTER})",
        f"else: act.owed += {params + FUEL_FOR_ASKING}",
        f"W[results] = {bindings.KINDS['u64']}",
        f"{source.layout('Q', 'pack_into')}(W, results + {bindings.PAYLOAD}, room)",
    ]


def _params(function: Function) -> int:
    return sum(len(flat(param.type)) for param in function.params)


def _reading(source: GeneratedCode, function: Function, *more: str) -> tuple[list[str], list[str]]:
    """Generate the reading of the arguments: statements, and the expressions of the values.

    The first statement takes the native arguments.

    Args:
        source: Collects constants.
        function: The function.
        more: Names of further arguments, 64-bit numbers.
    """
    source.bind(CONSTANTS)
    reading, types = RawReading(source), [param.type for param in function.params]
    cores = [core for type_ in types for core in flat(type_)]
    slots = [(source.name("w"), core) for core in cores]
    layout = "".join("8x" + LAYOUTS[CROSSING[core]] for core in [*cores, *["i64"] * len(more)])
    named = [*(name for name, _ in slots), *more]
    if not named:
        return [], []
    body: list[str] = []
    places = InSlots(slots).fields(tuple(types))
    values = [reading.value(type_, place, body) for type_, place in zip(types, places, strict=True)]
    take = f"{', '.join(named)}, = {source.layout(layout, 'unpack_from')}(W, arguments)"
    if not body:
        return [take], values
    read = ["while True:", *indented([*body, "break"])]
    statements = [
        "memory, = act.account.memories",
        "heap, live, carried, error = memory.base, memory.size, 0, 0",
        *guarded(read, "UNREADABLE as cause", "error = unreadable(cause)"),
        "if error: return error",
    ]
    return [take, *statements], values
