"""Changes between interfaces, and which of them break callers."""

from __future__ import annotations

from typing import get_args

import pytest

from airssys_tui.core.types.compatibility import RULES, Kind, changes
from airssys_tui.core.types.interface import Function, Interface, InterfaceType, Param, Primitive

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
            "export `get` changed: the result was u8 and is now u16",
            True,
        ),
        (
            exports(RESET),
            exports(Function("reset", (Param("hard", U8),))),
            "export `reset` changed: it takes 1 parameter instead of no parameters",
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


def test_a_removed_import_breaks_nobody():
    (change,) = changes(Interface(imports=(GET,)), Interface())
    assert (change.kind, change.side, change.breaking, change.breaks_hosts) == ("removed", "import", False, False)


def test_every_kind_has_a_rule_on_every_side():
    inside = {(side, kind) for side in ("export", "import", "interface") for kind in get_args(Kind)}
    assert set(RULES) == inside | {("package", "added"), ("package", "removed")}


def test_breaking_changes_come_first():
    found = changes(exports(RESET, GET), exports(Function("added"), Function("get", (), U16)))
    assert [change.kind for change in found] == ["changed", "removed", "added"]
    assert [change.breaking for change in found] == [True, True, False]
