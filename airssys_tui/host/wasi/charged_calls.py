"""Functions that charge for one piece of work, and leave further charges to whoever does more."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from airssys_tui.engine.host import FUEL_PER_WORK, HostContext


def charged(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that charges for one piece of work before it is done.

    What costs the host no more than the call itself need not charge: ``tests/host/wasi/test_fuel.py`` lists it.

    Args:
        work: ``work(context, *arguments)``.
    """

    @wraps(work)
    def run(context: HostContext, *arguments: Any) -> Any:
        context.charge(FUEL_PER_WORK)
        return work(context, *arguments)

    return run
