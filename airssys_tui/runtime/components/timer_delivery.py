"""Delivery of due timers: through the mailbox, in turn with the other calls. On the control loop."""

from __future__ import annotations

import asyncio
import contextlib

from airssys_tui.core.errors import MailboxFull, NotServing, UnknownComponent
from airssys_tui.core.events import EventAction, Level
from airssys_tui.host.services.timer_table import Alarm, Alarms
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.machinery.machinery import Floor


class Timing:
    """Waits for the next timer of each component.

    Args:
        floor: The machinery.
        router: The components.
    """

    def __init__(self, floor: Floor, router: Router) -> None:
        self._floor = floor
        self._router = router
        self._loop = asyncio.get_running_loop()
        self._handles: dict[str, asyncio.TimerHandle] = {}
        floor.services.wake = self._wake

    def close(self) -> None:
        """Deliver no more timers."""
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()

    def _wake(self, component: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: a guest outlived the runtime
            self._loop.call_soon_threadsafe(self._arm, component)

    def _arm(self, component: str) -> None:
        handle = self._handles.pop(component, None)
        if handle is not None:
            handle.cancel()
        due = self._floor.services.of(component).alarms.next_due()
        if due is not None and due != float("inf"):
            self._handles[component] = self._loop.call_at(due, self._ring, component)

    def _ring(self, component: str) -> None:
        self._handles.pop(component, None)
        alarms = self._floor.services.of(component).alarms
        for alarm in alarms.take_due():
            self._deliver(component, alarms, alarm)
        self._arm(component)

    def _deliver(self, name: str, alarms: Alarms, alarm: Alarm) -> None:
        def work(serving: Serving) -> None:
            if alarms.begin(alarm):
                contract.on_timer(serving, alarm.name)

        try:
            component = self._router.find(name)
            active = component.active
            if active is None or not active.interface.exports_interface(contract.TIMER_HANDLER):
                self._drop(component, alarms, "the active revision exports no timer-handler")
                return
            component.actor.post(work)
        except MailboxFull:
            alarms.skip(alarm)
        except (NotServing, UnknownComponent):
            alarms.clear()

    def _drop(self, component: Component, alarms: Alarms, why: str) -> None:
        count = len(alarms.list())
        alarms.clear()
        component.teller.lifecycle(f"{count} timers ended: {why}", EventAction.TIMERS, Level.WARNING, revision=None)
