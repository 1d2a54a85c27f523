"""Replaying saved checks, one after another, in an instance that nobody else uses."""

from __future__ import annotations

import math
import time

import msgspec

from airssys_tui.api.views.calling import Check, CheckOutcome
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.text import one_line
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.instantiation import Making
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.calling.calls import call_json
from airssys_tui.runtime.calling.handles import Handles
from airssys_tui.store.catalog.records import CheckRecord


class Replay:
    """One replay, on a worker.

    Args:
        making: Makes instances.
        kind: The component's kind; a command is not initialised.
    """

    def __init__(self, making: Making, kind: str) -> None:
        self._making = making
        self._kind = kind
        self._serving: Serving | None = None
        self._handles = Handles(lambda: 0.0)

    def run(self, checks: tuple[Check, ...], until: float = math.inf) -> tuple[CheckOutcome, ...]:
        """Replay checks in order.

        Args:
            checks: The checks.
            until: Monotonic seconds after which no further check is begun.

        Returns:
            The outcomes of those that were replayed.
        """
        outcomes = []
        try:
            for check in checks:
                if time.monotonic() > until:
                    break
                outcomes.append(self._one(check))
            return tuple(outcomes)
        finally:
            if self._serving is not None:
                self._serving.close()

    def _one(self, check: Check) -> CheckOutcome:
        try:
            report = call_json(self._instance(), check.export, check.arguments, self._handles)
        except AirssysError as error:
            return CheckOutcome(check=check, passed=False, error=one_line(str(error), 300))
        return CheckOutcome(
            check=check,
            passed=same_json(check.result, report.result),
            result=report.result,
            fuel=report.fuel,
            seconds=report.seconds,
        )

    def _instance(self) -> Serving:
        if self._serving is not None and not self._serving.dead:
            return self._serving
        if self._serving is not None:
            self._serving.close()
        self._serving = self._making.run()
        if self._kind != "command":
            contract.initialise(self._serving)
        return self._serving


def same_json(one: str, other: str) -> bool:
    """Return whether two JSON texts mean the same; the order of an object's members does not matter."""
    return bool(one) and bool(other) and msgspec.json.decode(one) == msgspec.json.decode(other)


def check_view(record: CheckRecord) -> Check:
    """Return a recorded check as a front end sees it."""
    return Check(
        name=record.name,
        export=record.export,
        arguments=record.arguments,
        result=record.result,
        revision=record.revision,
        at=record.at,
    )
