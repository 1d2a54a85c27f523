"""Which recorded components a start of the runtime starts again."""

from __future__ import annotations

from airssys_tui.core.description import reason_not_started
from airssys_tui.core.lifecycle import Desired, State
from airssys_tui.runtime.components.command_state import recall_command
from airssys_tui.runtime.components.component import Component


def starts_again(component: Component) -> bool:
    """Return whether a component runs again after a start; the row of one that does not says why."""
    if component.active is None or component.state is not State.INSTALLED:
        return False
    wanted = component.intent.desired is Desired.RUNNING and component.files.usable
    if wanted and component.served.kind == "command" and recall_command(component):
        return False
    if wanted and component.served.kind != "command":
        return True
    component.shown.remark_on(
        reason_not_started(component.intent.desired, component.served.kind, there=component.files.usable)
    )
    return False
