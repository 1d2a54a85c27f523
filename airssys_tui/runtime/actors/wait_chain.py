"""Who waits for whom, among guests that wait for an answer of another one: a circle would never end.

Each actor runs one call at a time, so it waits for one other at most, and following the waits from one to the next
finds a circle. It needs no lock: each thread first writes its own wait and then follows the others, so of the threads
that close a circle together the last one to write sees all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from airssys_tui.runtime.actors.actor import Actor

_WAITS: Final[dict[Actor, Actor]] = {}


def begin_wait(waiter: Actor, awaited: Actor) -> tuple[str, ...]:
    """Note that the call of an actor waits for another one; from the thread of that call.

    Returns:
        The names of the circle that this would close, in which case nothing is noted; empty without one.
    """
    _WAITS[waiter] = awaited
    trail, at = [waiter], awaited
    while at is not waiter:
        trail.append(at)
        following = _WAITS.get(at)
        if following is None or following in trail[1:]:
            return ()
        at = following
    end_wait(waiter)
    return tuple(actor.component for actor in (*trail, waiter))


def end_wait(waiter: Actor) -> None:
    """Note that the call of an actor waits no longer."""
    _WAITS.pop(waiter, None)


def waiting_for(awaited: Actor) -> tuple[str, ...]:
    """Return the names of those whose calls wait for an actor now."""
    return tuple(sorted(waiter.component for waiter, at in tuple(_WAITS.items()) if at is awaited))
