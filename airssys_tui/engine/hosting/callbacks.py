"""The native callbacks through which guests call host functions, with code generated when they are first called.

Generating the code for a type takes about a millisecond, and most functions that are linked are never called. So each
native callback starts as a function that has its own code generated and exchanges it: from the second call on, nothing
is left of that.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from time import perf_counter_ns
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from airssys_tui.core.types.interface import Function, Param, ValType
from airssys_tui.engine import bindings, lifting, lowering
from airssys_tui.engine.call_ends import HostFailure
from airssys_tui.engine.calling import guarded
from airssys_tui.engine.generated_code import GeneratedCode
from airssys_tui.engine.host import HostFunction
from airssys_tui.engine.hosting.owned_values import owned_values
from airssys_tui.engine.signature import NOT_COMPILABLE, diagnose, holds_handles, not_callable, owns_arguments

if TYPE_CHECKING:
    from airssys_tui.engine.activity import Activity
    from airssys_tui.engine.resources import ResourceTable

Inhabitants = Mapping[int, "weakref.ref[Activity]"]
"""The possible callers, by the address of their store's context."""


def callback(path: str, function: HostFunction, inhabitants: Inhabitants, keyed: Callable[[], Function]) -> Any:
    """Create the native callback of a host function, which lets no exception escape.

    Args:
        path: ``interface#function``, for messages.
        function: The function, for whose type ``require_passable`` found nothing.
        inhabitants: The possible callers.
        keyed: Returns its type with the keys of resources; called when the function is first called.
    """

    def generate() -> FunctionType:
        return _generate(keyed())

    def refuse(scope: ResourceTable, value: Any, cause: Exception | None) -> None:
        refused(function.type, keyed().result, scope, value, cause)

    return native_callback(path, function, inhabitants, generate, refuse)


def native_callback(
    path: str,
    function: HostFunction,
    inhabitants: Inhabitants,
    generate: Callable[[], FunctionType],
    refuse: Callable[[ResourceTable, Any, Exception | None], None],
) -> Any:
    """Create a native callback that runs generated code.

    Args:
        path: ``interface#function``, for messages.
        function: The host function.
        inhabitants: The possible callers.
        generate: Returns what :func:`generated` made for its type; may be called more than once.
        refuse: :func:`refused` for its type.
    """
    fail = partial(failed, path)
    names = {"call": function.call, "inhabitants": inhabitants, "failed": fail, "refused": refuse}

    def first(*native: Any) -> int:
        started = perf_counter_ns()
        activity = inhabitants[native[1]]()
        assert activity is not None, "whoever calls is open"  # noqa: S101 -- narrows the type
        try:
            made = generate()
            names.update(made.__globals__)
            run.__code__ = made.__code__
        except BaseException as error:  # noqa: BLE001 -- the guest boundary: nothing may pass through native frames
            return fail(activity, error)
        finally:
            activity.host_ns += perf_counter_ns() - started
        done: int = run(*native)
        return done

    names["first"] = first
    run = FunctionType(_first_call.__code__, names)
    return bindings.HostCallback(run)


def _first_call(_env: Any, context: Any, _type: Any, arguments: Any, _count: Any, results: Any) -> Any:
    return first(_env, context, _type, arguments, _count, results)  # type: ignore[name-defined]  # noqa: F821


@lru_cache(maxsize=1024)
def _generate(function: Function) -> FunctionType:
    source = GeneratedCode()
    try:
        reads, values = lifting.write_arguments(source, function, "arguments")
        lower = lower_answer(source, function)
        settle = ["scope.settle_moved()"] if holds_handles(function) else []
        keep = ["scope.taken.clear()"] if owns_arguments(function) else []
        call = f"value = call(act.context, {values})"
        return generated(source, [*LEAVING, *reads, call, *keep, *lower, *settle])
    except NOT_COMPILABLE as error:
        raise not_callable(function) from error


LEAVING: Final = ["if act.writing is not None: return leaving()"]
"""Statement before a host function: an allocator that makes room for the result of another one must not call any."""


def leaving() -> int:
    """Return the native error for a guest that calls the host where it must not, in the engine's words."""
    return bindings.new_error("cannot leave component instance")


def generated(source: GeneratedCode, body: list[str]) -> FunctionType:
    """Compile the function of a callback; its globals ``call``, ``inhabitants``, ``failed`` and ``refused`` are added.

    Args:
        source: Collects constants.
        body: Statements between the native arguments at ``arguments`` and the native result at ``results``; they may
            return a native error.
    """
    source.bind({"clock": perf_counter_ns, "leaving": leaving})
    source.function(
        "run",
        "_env, context, _type, arguments, _count, results",
        [
            "started = clock()",
            "act = inhabitants[context]()",
            "scope = act.resources",
            *guarded(body, "BaseException as error", "return failed(act, error)"),
            "finally:",
            "    act.host_ns += clock() - started",
            "return 0",
        ],
    )
    made = source.compile("run")
    assert isinstance(made, FunctionType), "it was compiled"  # noqa: S101 -- narrows the type
    return made


def lower_answer(source: GeneratedCode, function: Function) -> list[str]:
    """Generate the statements that lower ``value`` as the result of a host function."""
    if function.result is None:
        return ["if value is not None: refused(scope, value, None)"]
    written = lowering.write_result(source, function.result, "value", "results")
    return guarded(written, "Exception as cause", "refused(scope, value, cause)")


def refused(
    function: Function, keyed: ValType | None, scope: ResourceTable, value: Any, cause: Exception | None
) -> None:
    """Drop what a host function handed over with a value that cannot be passed, and raise the error for it.

    Args:
        function: Its type.
        keyed: The type of its result with the keys of resources.
        scope: The resources of its caller.
        value: What is not of its result type, or cannot be passed.
        cause: What was found first.
    """
    scope.drop_unsent(owned_values(keyed, value))
    params = () if function.result is None else (Param("result", function.result),)
    raise diagnose(Function(function.name, params), (value,), cause or TypeError()) from cause


def failed(path: str, activity: Activity, error: BaseException) -> int:
    """Record what a host function raised, drop what it owned, and return the native error that traps its caller."""
    activity.resources.drop_taken()
    return activity.host_failed(HostFailure(error, path))


def destructor(path: str, inhabitants: Inhabitants) -> Any:
    """Create the native callback through which guests drop values of a host-defined resource type.

    Args:
        path: ``interface#resource``, for messages.
        inhabitants: The possible callers.
    """

    def run(_env: bool, context: int, number: int) -> int:
        started = perf_counter_ns()
        activity = inhabitants[context]()
        assert activity is not None, "whoever drops is open"  # noqa: S101 -- narrows the type
        try:
            activity.resources.let_go(number)
        except BaseException as error:  # noqa: BLE001 -- the guest boundary: nothing may pass through native frames
            return failed(path, activity, error)
        finally:
            activity.host_ns += perf_counter_ns() - started
        return 0

    return bindings.Destructor(run)
