"""A function type made callable: its lowering and lifting, compiled once and shared by every instance."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.interface import Function, Param, Primitive, ValType, render
from airssys_tui.core.values import check
from airssys_tui.engine import lifting, lowering

_NOT_COMPILABLE = (NotImplementedError, RecursionError, SyntaxError, MemoryError, KeyError)


class Signature:
    """How an export is called.

    Attributes:
        function: The WIT function.
        lower: ``(arguments, storage, scope) -> kept``.
        lift: ``(address, scope) -> value``; None when nothing is returned.
        frees: Whether the native result owns memory.
    """

    __slots__ = ("frees", "function", "lift", "lower")

    def __init__(self, function: Function) -> None:
        self.function = function
        try:
            self.lower = lowering.compile_arguments(function)
            self.lift = None if function.result is None else lifting.compile_value(function.result)
        except _NOT_COMPILABLE as error:
            raise not_callable(function) from error
        self.frees = _owns_memory(function.result)

    def diagnose(self, arguments: tuple[Any, ...], cause: Exception) -> ArgumentError:
        """Find out why lowering refused the arguments."""
        return diagnose(self.function, arguments, cause)


class HostSignature:
    """How a host function is called by guests.

    Attributes:
        function: The WIT function.
        lift: ``(address, scope) -> arguments``.
        lower: ``(value, address, scope)``, writing the result; None when nothing is returned.
    """

    __slots__ = ("function", "lift", "lower")

    def __init__(self, function: Function) -> None:
        self.function = function
        try:
            self.lift = lifting.compile_arguments(function)
            self.lower: Callable[[Any, int, Any], None] | None = (
                None if function.result is None else lowering.compile_result(function.result)
            )
        except _NOT_COMPILABLE as error:
            raise not_callable(function) from error

    def diagnose(self, value: Any, cause: Exception) -> ArgumentError:
        """Find out why lowering refused a result."""
        result = self.function.result
        params = () if result is None else (Param("result", result),)
        return diagnose(Function(self.function.name, params), (value,), cause)


@lru_cache(maxsize=4096)
def signature(function: Function) -> Signature:
    """Give the compiled signature of a function.

    Raises:
        ArgumentError: If a type of it cannot be passed.
    """
    return Signature(function)


def not_callable(function: Function) -> ArgumentError:
    """Say that a function has types that cannot cross the boundary."""
    return ArgumentError(function.name, "types that can be passed", render(function))


def diagnose(function: Function, arguments: tuple[Any, ...], cause: Exception) -> ArgumentError:
    """Find the argument that does not fit and say where and why."""
    if len(arguments) != len(function.params):
        return ArgumentError(
            function.name, f"{len(function.params)} arguments ({render(function)})", str(len(arguments))
        )
    try:
        for param, argument in zip(function.params, arguments, strict=True):
            check(param.type, argument, param.name)
    except ArgumentError as error:
        return error
    except RecursionError:
        return ArgumentError(function.name, "values nested less deeply", "one nested too deeply")
    if isinstance(cause, ArgumentError):
        return cause
    return ArgumentError(function.name, render(function), f"{type(cause).__name__}: {cause}")


def _owns_memory(type_: ValType | None) -> bool:
    return not (type_ is None or (isinstance(type_, Primitive) and type_.name != "string"))
