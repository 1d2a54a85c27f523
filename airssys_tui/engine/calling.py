"""Calls: their results and costs, and the function generated for each type that makes them.

For every function type, one Python function is generated that lowers the arguments, sets fuel and deadline, runs the
guest, reads the meters and lifts the result, as straight-line code: at two microseconds per call, every Python function
call and attribute access is measurable.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache, partial
from time import perf_counter_ns, thread_time_ns
from typing import TYPE_CHECKING, Any, Final

import msgspec

from airssys_tui.core.types.interface import Function, ValType
from airssys_tui.engine import bindings, lifting, lowering
from airssys_tui.engine.activity import SHORT_NS, cpu_since
from airssys_tui.engine.generated_code import VIEWS, GeneratedCode
from airssys_tui.engine.signature import NOT_COMPILABLE, diagnose, holds_handles, not_callable, owns_memory
from airssys_tui.engine.threads import THREAD

if TYPE_CHECKING:
    from airssys_tui.core.errors import ArgumentError
    from airssys_tui.engine.activity import Activity
    from airssys_tui.engine.resources import ResourceTable

Call = Callable[[tuple[Any, ...], int | None, float | None], "CallResult"]


class CallResult(msgspec.Struct, frozen=True, gc=False):
    """The result and the cost of a call.

    Attributes:
        value: The result, in the forms of ``core.types.values``; None without a return value.
        fuel: Fuel units used.
        wall_ns: Nanoseconds from entry to exit, host functions included.
        cpu_ns: Nanoseconds of CPU time in the guest, host functions excluded; exact to ``activity.SHORT_NS``.
        host_ns: Nanoseconds in host functions.
    """

    value: Any
    fuel: int
    wall_ns: int
    cpu_ns: int
    host_ns: int


class CallTotals(msgspec.Struct, frozen=True):
    """Sums over the life of an instance; times in nanoseconds."""

    calls: int
    errors: int
    fuel_total: int
    cpu_ns: int
    wall_ns: int
    host_ns: int


BEFORE: Final = f"""
if fuel is None:
    budget = standard
    set_fuel(*standard_fuel)
else:
    budget = fuel
    set_fuel(context, number(fuel))
if act.extended: act.rewind()
if not ticker.armed: ticker.arm()
act.cancelled = False
account.refused = act.host_ns = 0
stamped, base = mine.stamp
started = clock()
if started - stamped > {SHORT_NS}:
    base = cpu_clock()
    stamped = started = clock()
    mine.stamp = stamped, base
act.deadline_ns = started + (allowed if deadline is None else int(deadline * 1_000_000_000))
"""
"""Fuel, epoch and clocks before the guest runs."""

AFTER: Final = f"""
wall = clock() - started
get_fuel(*left_arguments)
used = budget - left[0]
cpu = wall if wall < {SHORT_NS} else cpu_since(base, started - stamped, wall)
host = act.host_ns
if host:
    act.host_total += host
    if act.owed:
        if left[0]: used = used - act.owed if used > act.owed else 0
        act.owed = 0
    if cpu + host > wall: cpu = wall - host if wall > host else 0
act.calls += 1
act.fuel_total += used
act.cpu_ns += cpu
act.wall_ns += wall
if error: raise act.trapped(error)
"""
"""Meters after the guest has returned."""

LOCALS: Final = """
standard_fuel = act.standard_fuel
context = standard_fuel[0]
left = act.left
left_arguments = act.left_arguments
account = act.account
ticker = act.habitat.ticker
scope = act.resources
standard = act.limits.fuel_per_call
allowed = int(act.limits.deadline * 1_000_000_000)
"""

CONSTANTS: Final[dict[str, Any]] = {
    "THREAD": THREAD,
    "CallResult": CallResult,
    "clock": perf_counter_ns,
    "cpu_clock": thread_time_ns,
    "cpu_since": cpu_since,
    "get_fuel": bindings.get_fuel,
    "invoke": bindings.func_call,
    "number": bindings.number,
    "set_fuel": bindings.set_fuel,
    "value_delete": bindings.value_delete,
}


def bind(function: Function, native: Any, activity: Activity) -> Call:
    """Prepare an export for calls: ``call(arguments, fuel, deadline) -> CallResult``.

    Args:
        function: Its type.
        native: The native function, which must live as long as the call is used.
        activity: The activity of the instance that exports it.

    Raises:
        ArgumentError: If the function has a type that cannot be passed.
    """
    made: Call = _factory(function, metered=True)(activity, *_storage(function, native, activity))
    return made


def bind_bare(function: Function, native: Any, activity: Activity) -> Callable[[tuple[Any, ...]], Any]:
    """Prepare the same call without fuel, deadline, meters and claims: the cost of the value layer alone."""
    made: Callable[[tuple[Any, ...]], Any] = _factory(function, metered=False)(
        activity, *_storage(function, native, activity)
    )
    return made


def _storage(function: Function, native: Any, activity: Activity) -> tuple[Any, Any, Any]:
    """Return the native arguments of a call, the storage of its arguments and that of its result."""
    count, returns = len(function.params), function.result is not None
    storage = ctypes.create_string_buffer(bindings.VALUE_SIZE * max(count, 1))
    result = ctypes.create_string_buffer(bindings.VALUE_SIZE)
    arguments = (
        ctypes.byref(native),
        activity.standard_fuel[0],
        ctypes.byref(storage),
        ctypes.c_size_t.from_param(count),
        ctypes.byref(result) if returns else None,
        ctypes.c_size_t.from_param(int(returns)),
    )
    return arguments, memoryview(storage).cast("B"), result


@lru_cache(maxsize=8192)
def _factory(function: Function, *, metered: bool) -> Callable[..., Any]:
    source = GeneratedCode()
    source.bind(CONSTANTS)
    source.bind({"diagnose": partial(_refused, function)})
    try:
        lower = lowering.write_arguments(source, function, "arguments", "storage")
        lift, value, views = _lift(source, function.result)
        if metered:
            call = _metered(
                lower.each, [*lift, *_settling(function), f"return CallResult({value}, used, wall, cpu, host)"]
            )
        else:
            mine = ["mine = THREAD.mine"] if any("mine" in line for line in lower.each) else []
            call = [
                "def call(arguments):",
                *indented([*mine, *lower.each, "invoke(*native)", *lift, f"return {value}"]),
            ]
        source.function(
            "bind", "act, native, storage, result", [*lines_of(LOCALS), *lower.once, *views, *call, "return call"]
        )
        return source.compile("bind")
    except NOT_COMPILABLE as error:
        raise not_callable(function) from error


def _refused(function: Function, scope: ResourceTable, arguments: tuple[Any, ...], cause: Exception) -> ArgumentError:
    scope.restore()
    return diagnose(function, arguments, cause)


def _metered(lower: list[str], lift: list[str]) -> list[str]:
    return claimed(
        [
            "if act.closing: raise act.not_alive()",
            "mine = THREAD.mine",
            *guarded(lower, "Exception as cause", "raise diagnose(scope, arguments, cause) from None"),
            *lines_of(BEFORE),
            "error = invoke(*native)",
            *lines_of(AFTER),
            *lift,
        ]
    )


def claimed(body: list[str]) -> list[str]:
    """Generate the function of a metered call, which claims the instance for as long as it runs."""
    inside = [
        "if act.busy: raise act.occupied()",
        "act.busy = True",
        "try:",
        *indented(body),
        "finally:",
        "    act.busy = False",
        "    if act.closing: act.close()",
    ]
    return ["def call(arguments, fuel, deadline):", *indented(inside)]


def _lift(source: GeneratedCode, type_: ValType | None) -> tuple[list[str], str, list[str]]:
    """Generate the reading and freeing of a result: statements, the value's name, and the required views."""
    if type_ is None:
        return [], "None", []
    reads, expression = lifting.write_result(source, type_)
    views = [
        f'r{name} = memoryview(result).cast("B").cast("{code}")'
        for code, name in VIEWS.items()
        if any(f"= r{name}[" in line for line in reads)
    ]
    take = [*reads, f"value = {expression}"]
    if not owns_memory(type_):
        return take, "value", views
    views += ['kind = memoryview(result).cast("B")', "delete_arguments = (byref(result),)"]
    source.bind({"byref": ctypes.byref})
    # The engine frees the storage's previous content before it writes: the kind of a number means nothing to free.
    free = ["    value_delete(*delete_arguments)", "    kind[0] = 0"]
    return ["try:", *indented(take), "finally:", *free], "value", views


def _settling(function: Function) -> list[str]:
    return ["scope.settle()"] if holds_handles(function) else []


def guarded(body: list[str], caught: str, handler: str) -> list[str]:
    """Generate a ``try`` statement."""
    return ["try:", *indented(body), f"except {caught}:", f"    {handler}"]


def indented(lines: list[str]) -> list[str]:
    """Indent statements by one level."""
    return [f"    {line}" for line in lines]


def lines_of(text: str) -> list[str]:
    """Split text into its lines."""
    return text.strip().splitlines()
