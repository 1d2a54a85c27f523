"""What a component is, as far as its exports say it."""

from __future__ import annotations

import pytest

from airssys_tui.core.description import COMMAND, LIFECYCLE, MESSAGE_HANDLER, kind_of
from airssys_tui.core.types.interface import Function, Interface, InterfaceType


@pytest.mark.parametrize(
    ("export", "kind"),
    [(LIFECYCLE, "actor"), (MESSAGE_HANDLER, "actor"), (COMMAND, "command"), ("fixture:desk/desk", "passive")],
)
def test_the_kind_of_a_component_follows_from_one_export(export: str, kind: str) -> None:
    interface = Interface(exports=(InterfaceType(export), Function("add")))
    assert kind_of(interface, None) == kind
    assert kind_of(interface, "passive") == "passive", "as declared"
