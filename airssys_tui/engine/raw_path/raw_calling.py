"""Calls on flat lifts: for exports with lists of numbers, which are slow as the engine's own values.

Such a call enters the guest several times, all under one charge of fuel and one deadline: to allocate room for each
list and string, to run the function, and to free its result. Its meters, its traps and the death of the instance after
one are those of any other call.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from airssys_tui.core.types.interface import ExportedFunction, Function, Param, Primitive
from airssys_tui.engine import bindings
from airssys_tui.engine.calling import AFTER, BEFORE, CONSTANTS, LOCALS, claimed, guarded, indented, lines_of
from airssys_tui.engine.generated_code import GeneratedCode
from airssys_tui.engine.raw_lift.canonical_abi import (
    CROSSING,
    MOST_FLAT,
    MOST_NODES,
    POINTER_CORE,
    crosses,
    flat,
    flat_params,
    is_number_list,
    nodes,
    types_of,
)
from airssys_tui.engine.raw_lift.flat_lifts import INSTANCE, names_for
from airssys_tui.engine.raw_path.raw_choice import lists_in
from airssys_tui.engine.raw_path.raw_reading import RawReading
from airssys_tui.engine.raw_path.raw_writing import VIEWS, RawArguments
from airssys_tui.engine.signature import NOT_COMPILABLE, diagnose

if TYPE_CHECKING:
    from airssys_tui.engine.activity import Activity
    from airssys_tui.engine.memory import LinearMemory

MOST_MOVED: Final = 8
"""Strings and lists among the parameters at most: each costs a call of the allocator."""

FEW_MOVED: Final = 4
"""With at most so many, calls go raw whatever their lists; with more, or with values of several cases, if these are
long."""


class FlatFunctions(msgspec.Struct, frozen=True):
    """The native functions behind one export; each must live as long as the call is used.

    Attributes:
        call: Its core function.
        allocate: The allocator; None if no argument needs one.
        free: Frees its result after it was read; None if nothing has to be freed.
        depends: Whether it depends on the arguments which way a call is faster.
    """

    call: Any
    allocate: Any = None
    free: Any = None
    depends: bool = False


class FlatTypes(msgspec.Struct, frozen=True):
    """The component types of these functions; None for one that is not needed.

    Attributes:
        call: That of the function itself.
        allocate: That of the allocator.
        free: That of what frees the result.
        depends: Whether it depends on the arguments which way a call is faster.
    """

    call: Function
    allocate: Function | None
    free: Function | None
    depends: bool


@lru_cache(maxsize=8192)
def flat_types(function: Function) -> FlatTypes | None:
    """Return the types of the flat functions that a raw call of a function needs; None if it is not called raw.

    The names in them mean nothing. ``free`` is what it has to be if there is one.
    """
    types = types_of(function)
    within = [node for type_ in types for node in nodes(type_)]
    if len(within) > MOST_NODES or not all(map(crosses, types)) or not any(map(is_number_list, within)):
        return None
    try:
        arguments, _, _ = _written(function)
    except NOT_COMPILABLE:
        return None
    if len(arguments.cores) > MOST_FLAT or arguments.moved > MOST_MOVED:
        return None
    result = _result_core(function)
    return FlatTypes(
        call=_function(tuple(arguments.cores), result),
        allocate=_function(("i32",) * 4, "i32") if arguments.moved else None,
        free=_function((result,) if result else (), None),
        depends=bool(lists_in(function)) and (arguments.chooses or arguments.moved > FEW_MOVED),
    )


def find_flat_functions(
    export: ExportedFunction, known: Mapping[str, Function], native: Callable[[ExportedFunction], Any]
) -> FlatFunctions | None:
    """Find the native functions for raw calls of an export; None if it is called with values.

    Args:
        export: The export.
        known: The types of the functions that were added to its component, by name.
        native: Returns the native function of an export.
    """
    types, names = flat_types(export.function), names_for(export.path)
    if types is None or not known:
        return None
    call, allocate, free = (known.get(name) for name in (names.call, names.allocate, names.free))
    if not _is(call, types.call) or (free is not None and not _is(free, types.free)):
        return None
    if types.allocate is not None and not _is(allocate, types.allocate):
        return None

    def found(function: Function | None) -> Any:
        return None if function is None else native(ExportedFunction(f"{INSTANCE}#{function.name}", function))

    return FlatFunctions(found(call), found(allocate), found(free), types.depends)


def _is(function: Function | None, wanted: Function | None) -> bool:
    return function is not None and wanted is not None and function.same_type(wanted)


def _result_core(function: Function) -> str | None:
    """Return the core type of the native result: a number, or the pointer to what does not fit into one."""
    if function.result is None:
        return None
    cores = flat(function.result)
    return cores[0] if len(cores) == 1 else POINTER_CORE


def _function(params: tuple[str, ...], result: str | None) -> Function:
    return Function("", flat_params(params), None if result is None else Primitive(CROSSING[result]))


def _written(function: Function) -> tuple[RawArguments, list[str], GeneratedCode]:
    """Generate the statements of a call: those of its arguments, and those that read its result into ``value``."""
    source = GeneratedCode()
    arguments = RawArguments(source)
    for index, param in enumerate(function.params):
        arguments.parameter(param.type, f"a{index}")
    reading: list[str] = []
    if function.result is not None:
        expression = RawReading(source).result(function.result, reading)
        reading.append(f"value = {expression}")
    return arguments, reading, source


def bind_raw(
    function: Function, native: FlatFunctions, activity: Activity, memory: LinearMemory, *, metered: bool = True
) -> Any:
    """Prepare an export for raw calls: ``call(arguments, fuel, deadline) -> CallResult``.

    Args:
        function: Its type, for which :func:`flat_types` returned types that the native functions have.
        native: The native functions.
        activity: The activity of the instance that exports it.
        memory: The only memory of the instance.
        metered: Whether calls have fuel, deadline, meters and claims; without, ``call(arguments) -> value``.
    """
    made: Any = _factory(function, metered=metered, frees=native.free is not None)(
        activity, memory, *_storage(function, native, activity)
    )
    return made


def _storage(function: Function, native: FlatFunctions, activity: Activity) -> tuple[Any, ...]:
    """Return the native arguments of the three calls, and the storage that they share."""
    types = flat_types(function)
    assert types is not None, "it is called raw"  # noqa: S101 -- narrows the type
    call, result = _values(types.call.params), _values((Param("", types.call.result or Primitive("u32")),))
    room, found = _values((Param("", Primitive("u32")),) * 4), _values((Param("", Primitive("u32")),))
    context, returns = activity.standard_fuel[0], int(types.call.result is not None)
    calling = _native(native.call, context, call, len(types.call.params), result if returns else None)
    allocating = None if native.allocate is None else _native(native.allocate, context, room, 4, found)
    # What the call gave is what its result is freed by.
    freeing = None if native.free is None else _native(native.free, context, result, returns, None)
    return calling, allocating, freeing, call, result, room, found


def _values(params: tuple[Param, ...]) -> Any:
    """Create storage of native values with their kinds set."""
    storage = ctypes.create_string_buffer(bindings.VALUE_SIZE * max(1, len(params)))
    for index, param in enumerate(params):
        storage[bindings.VALUE_SIZE * index] = bytes((bindings.KINDS[getattr(param.type, "name", "")],))
    return storage


def _native(function: Any, context: Any, storage: Any, count: int, result: Any) -> tuple[Any, ...]:
    size = ctypes.c_size_t.from_param
    given = None if result is None else ctypes.byref(result)
    return ctypes.byref(function), context, ctypes.byref(storage), size(count), given, size(int(result is not None))


_VIEWS: Final = (
    'pB = memoryview(call_storage).cast("B")',
    *(f'p{code} = pB.cast("{code}")' for code in VIEWS.values()),
    *(f'r{code} = memoryview(result_storage).cast("B").cast("{code}")' for code in VIEWS.values()),
    'room = memoryview(room_storage).cast("B").cast("I")[2::8]',
    'found = memoryview(found_storage).cast("B").cast("I")',
    "heap = memory.base",
)
"""Views over the storage: arguments, result, and the allocator's arguments and result."""


@lru_cache(maxsize=8192)
def _factory(function: Function, *, metered: bool, frees: bool) -> Callable[..., Any]:
    arguments, reading, source = _written(function)
    source.bind(CONSTANTS)
    source.bind({"diagnose": partial(diagnose, function)})
    names = [f"a{index}" for index in range(len(function.params))]
    checks = [f"{', '.join(names)}, = arguments" if names else "if arguments: refuse()", *arguments.checks]
    inside = [*arguments.moves, "error = invoke(*calling)", "if error: break", *reading]
    inside += ["error = invoke(*freeing)"] if frees else []
    guest = ["value = None", "while True:", *indented([*inside, "break"])]
    guest = guarded(guest, "UNREADABLE as cause", "error = unreadable(cause)")
    body = _metered(checks, guest) if metered else _bare(checks, guest)
    parameters = "act, memory, calling, allocating, freeing, call_storage, result_storage, room_storage, found_storage"
    source.function("bind", parameters, [*lines_of(LOCALS), *_VIEWS, *body, "return call"])
    return source.compile("bind")


def _metered(checks: list[str], guest: list[str]) -> list[str]:
    return claimed(
        [
            "if act.closing or act.death is not None: raise act.not_alive()",
            "mine = THREAD.mine",
            *guarded(checks, "Exception as cause", "raise diagnose(arguments, cause) from None"),
            *lines_of(BEFORE),
            *guest,
            *lines_of(AFTER),
            "return CallResult(value, used, wall, cpu, host)",
        ]
    )


def _bare(checks: list[str], guest: list[str]) -> list[str]:
    return ["def call(arguments):", *indented([*checks, *guest, "if error: raise act.trapped(error)", "return value"])]
