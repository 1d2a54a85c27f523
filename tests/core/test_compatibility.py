"""Changes between interfaces, and which of them break callers."""

from __future__ import annotations

import pytest

from airssys_tui.core.compatibility import changes
from airssys_tui.core.interface import Function, Interface, InterfaceType, Param, Primitive

U8, U16 = Primitive("u8"), Primitive("u16")
RESET = Function("reset")
GET = Function("get", (), U8)


def exports(*items):
    return Interface(exports=items)


def test_nothing_changed():
    interface = exports(RESET, InterfaceType("a:b/c@1.0.0", (GET,), ("file",)))
    assert changes(interface, interface) == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "breaking"),
    [
        (exports(RESET), exports(), "export `reset` removed", True),
        (exports(), exports(RESET), "export `reset` added", False),
        (
            exports(GET),
            exports(Function("get", (), U16)),
            "export `get` changed: get: func() -> u8 became get: func() -> u16",
            True,
        ),
        (
            exports(RESET),
            exports(Function("reset", (Param("hard", U8),))),
            "export `reset` changed: reset: func() became reset: func(hard: u8)",
            True,
        ),
        (exports(InterfaceType("a:b/c", (GET,))), exports(), "export `a:b/c#get` removed", True),
        (
            exports(InterfaceType("a:b/c", (), ("file",))),
            exports(InterfaceType("a:b/c")),
            "export `a:b/c#resource file` removed",
            True,
        ),
        (Interface(), Interface(imports=(InterfaceType("a:b/c", (GET,)),)), "import `a:b/c#get` added", False),
    ],
)
def test_each_change_is_described_and_judged(old, new, line, breaking):
    (change,) = changes(old, new)
    assert change.describe() == line
    assert change.breaking is breaking


def test_a_removed_import_is_nobodys_concern():
    assert changes(Interface(imports=(GET,)), Interface()) == ()


def test_breaking_changes_come_first():
    found = changes(exports(RESET, GET), exports(Function("added"), Function("get", (), U16)))
    assert [change.kind for change in found] == ["changed", "removed", "added"]
    assert [change.breaking for change in found] == [True, True, False]
