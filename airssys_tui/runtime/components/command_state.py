"""The state of a command component that has ended: stopped after a success, failed after anything else."""

from __future__ import annotations

from airssys_tui.core.lifecycle import CommandEnd, State
from airssys_tui.core.text import one_line
from airssys_tui.runtime.components.component import Component


def settle_command(component: Component, end: CommandEnd) -> None:
    """Bring a running command to the state after its end, and say how it ended."""
    component.life.end(end)
    if end.failed:
        component.life.enter("ended", State.FAILED)
        component.shown.warn(one_line(end.text, 500))
    else:
        component.life.enter("completed", State.STOPPING)
        component.life.enter("completed", State.STOPPED)
        component.shown.remark_on(one_line(end.text, 500))


def recall_command(component: Component) -> bool:
    """Bring a command that is not started again to the state after its last end; return whether there was one."""
    end = component.life.ended
    if end is None:
        return False
    component.life.enter("remembered", State.STARTING)
    if end.failed:
        component.life.enter("remembered", State.FAILED)
        component.shown.warn(end.remark())
    else:
        component.life.enter("remembered", State.STOPPING)
        component.life.enter("remembered", State.STOPPED)
        component.shown.remark_on(end.remark())
    return True
