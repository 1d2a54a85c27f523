"""The choice between a raw call and one with values, where it depends on the arguments.

Each text and each list of a raw call costs a call of the guest's allocator. So a function that is given many texts is
faster with values, until one of its lists is long.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from airssys_tui.core.types.interface import Function, ListOf, OptionOf, Record, ResultOf, TupleOf, ValType, VariantOf
from airssys_tui.core.types.values import Ok
from airssys_tui.engine.calling import Call, CallResult, guarded
from airssys_tui.engine.generated_code import GeneratedCode
from airssys_tui.engine.raw_lift.canonical_abi import cases_of, is_number_list, nodes

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAVY: Final = 256
"""Items of all lists in the arguments from which a call goes raw."""


def choosing(function: Function, raw: Call, by_values: Call) -> Call:
    """Return a call that goes raw when its lists are long, and else by values."""
    weigh = _weigher(function)

    def call(arguments: tuple[Any, ...], fuel: int | None, deadline: float | None) -> CallResult:
        return (raw if weigh(arguments) >= HEAVY else by_values)(arguments, fuel, deadline)

    return call


def lists_in(function: Function) -> list[ValType]:
    """Return the lists of numbers among a function's parameters."""
    return [node for param in function.params for node in nodes(param.type) if is_number_list(node)]


@lru_cache(maxsize=8192)
def _weigher(function: Function) -> Callable[[tuple[Any, ...]], int]:
    """Return a function of the arguments: the items of their lists; 0 if they do not fit."""
    source = GeneratedCode()
    source.bind({"Ok": Ok})
    names = [f"a{index}" for index in range(len(function.params))]
    types = [param.type for param in function.params]
    body = [f"{', '.join(names)}, = arguments", f"return {_sum(source, types, names)}"]
    source.function("weigh", "arguments", guarded(body, "Exception", "return 0"))
    return source.compile("weigh")


def _sum(source: GeneratedCode, types: Sequence[ValType], values: Sequence[str]) -> str:
    weights = [weight(source, type_, value) for type_, value in zip(types, values, strict=True)]
    return " + ".join(weight for weight in weights if weight) or "0"


def weight(source: GeneratedCode, type_: ValType, value: str) -> str:
    """Return the expression of the items of the lists in a value; empty if it cannot have any."""
    if not any(map(is_number_list, nodes(type_))):
        return ""
    match type_:
        case ListOf():
            return f"len({value})"
        case Record():
            parts = [f"{value}[{source.constant(field.name)}]" for field in type_.fields]
            return _sum(source, [field.type for field in type_.fields], parts)
        case TupleOf():
            return _sum(source, type_.elements, [f"{value}[{index}]" for index in range(len(type_.elements))])
        case OptionOf():
            tests = ["False", f"{value} is not None"]
        case ResultOf():
            tests = [f"{value}.__class__ is Ok", f"{value}.__class__ is not Ok"]
        case VariantOf():
            tests = [f"{value}.case == {source.constant(case.name)}" for case in type_.cases]
        case _:
            return ""
    payload = f"{value}.payload" if isinstance(type_, VariantOf) else f"{value}.value"
    weights = ["" if case is None else weight(source, case, payload) for case in cases_of(type_)]
    return " + ".join(f"(({weight}) if {test} else 0)" for weight, test in zip(weights, tests, strict=True) if weight)
