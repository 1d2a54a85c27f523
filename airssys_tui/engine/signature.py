"""Static checks of function types: whether they can be called, and why arguments do not fit."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import msgspec

from airssys_tui.core.errors import ArgumentError, HostFault
from airssys_tui.core.types.interface import Function, Primitive, ValType, render
from airssys_tui.core.types.values import check

NOT_COMPILABLE: Final = (NotImplementedError, RecursionError, SyntaxError, MemoryError, KeyError)
"""Exceptions that generating or compiling the code for a type raises when the type cannot cross the boundary."""


@lru_cache(maxsize=1024)
def require_passable(function: Function) -> None:
    """Check that the types of a function can cross the boundary; one that nests too deeply is found by its first call.

    Raises:
        ArgumentError: If one cannot.
    """
    told = msgspec.json.encode(function)
    if any(kind in told for kind in _NOT_PASSED):
        raise not_callable(function)


_NOT_PASSED: Final = (b'"kind":"future"', b'"kind":"stream"', b'"kind":"primitive","name":"error-context"')
_OWN: Final = b'"kind":"own"'
_HANDLE: Final = re.compile(rb'"kind":"(?:own|borrow)","resource":"([^"]+)"')


def not_callable(function: Function) -> ArgumentError:
    """Return the error for a function with types that cannot cross the boundary."""
    return ArgumentError(function.name, "types that can be passed", render(function))


def diagnose(function: Function, arguments: tuple[Any, ...], cause: Exception) -> ArgumentError:
    """Find the argument that does not fit, and describe where and why.

    Raises:
        HostFault: If all arguments fit, and the host refused for another reason, such as the limit of handles.
    """
    if isinstance(cause, HostFault):
        raise cause
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


def owns_memory(type_: ValType | None) -> bool:
    """Return whether a native value of a type refers to memory that must be freed."""
    return not (type_ is None or (isinstance(type_, Primitive) and type_.name != "string"))


def holds_handles(function: Function) -> bool:
    """Return whether a function's arguments or result contain resource handles."""
    told = msgspec.json.encode(function)
    return _OWN in told or b'"kind":"borrow"' in told


@lru_cache(maxsize=1024)
def handles_in(function: Function) -> frozenset[str]:
    """Return the names of the resources in a function's types."""
    return frozenset(name.decode() for name in _HANDLE.findall(msgspec.json.encode(function)))


def owns_arguments(function: Function) -> bool:
    """Return whether a function is given resources as its own."""
    return _OWN in msgspec.json.encode(function.params)
