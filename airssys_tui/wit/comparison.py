"""Comparison of two targets: two components, or two packages."""

from __future__ import annotations

from airssys_tui.core.errors import UsageError
from airssys_tui.core.types.compatibility import changes
from airssys_tui.core.types.interface import Interface
from airssys_tui.core.types.package import Difference, WitPackage, differences
from airssys_tui.wit.target import types_of


def compare(old: str, new: str) -> tuple[Difference, ...]:
    """Compare two targets; see :func:`airssys_tui.wit.target.types_of` for valid targets and errors.

    Raises:
        UsageError: If one is a component and the other a package.
    """
    before, after = types_of(old), types_of(new)
    if isinstance(before, WitPackage) and isinstance(after, WitPackage):
        return differences(before, after)
    if isinstance(before, Interface) and isinstance(after, Interface):
        return tuple(Difference("", change) for change in changes(before, after))
    raise UsageError(
        f"{old} is {_sort(before)}, {new} is {_sort(after)}",
        remedy="compare two components, or two packages",
    )


def _sort(types: WitPackage | Interface) -> str:
    return "a component" if isinstance(types, Interface) else "a WIT package"
