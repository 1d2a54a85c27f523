"""A row that only ticked on: its meters, and one more sample of its history.

Every running component's row changes once a second, and most of a row is its history. What goes over the socket for
such a row is what is new in it: a twentieth of the bytes, and of the time to read them.
"""

from __future__ import annotations

from typing import Final, get_type_hints

import msgspec

from airssys_tui.api.views.components import ComponentView, History, Meters

_NAMES: Final = Meters.__struct_fields__

# Without the names of the fields, which would be most of the bytes.
_Values = msgspec.defstruct(
    "_Values", [(name, hint) for name, hint in get_type_hints(Meters).items()], frozen=True, array_like=True
)


class Tick(msgspec.Struct, frozen=True, array_like=True):
    """What is new in a row.

    Attributes:
        id: The component.
        generation: In which it changed.
        meters: The values of its meters, in their order.
        sample: One more value of fuel, memory and latency; nothing when the history has not gone on.
        full: Whether the oldest values made room for them.
    """

    id: str
    generation: int
    meters: _Values  # type: ignore[valid-type]
    sample: tuple[float, float, float] | None = None
    full: bool = False


def tick_of(old: ComponentView, new: ComponentView) -> Tick | None:
    """Return what is new in a row, or nothing when more than that is."""
    now, then = new.history, old.history
    same = msgspec.structs.replace(old, generation=new.generation, meters=new.meters, history=now)
    if same != new:
        return None
    values = _Values(*msgspec.structs.astuple(new.meters))
    if now is then or now == then:
        return Tick(new.id, new.generation, values)
    full = len(now.fuel) == len(then.fuel)
    series = ((then.fuel, now.fuel), (then.memory, now.memory), (then.latency_ms, now.latency_ms))
    if not all(_follows(old_values, new_values, full=full) for old_values, new_values in series):
        return None
    return Tick(new.id, new.generation, values, (now.fuel[-1], now.memory[-1], now.latency_ms[-1]), full)


def ticked(old: ComponentView, tick: Tick) -> ComponentView:
    """Return a row with what is new in it."""
    history = old.history
    if tick.sample is not None:
        fuel, memory, latency = tick.sample
        history = History(
            fuel=(*history.fuel[tick.full :], fuel),
            memory=(*history.memory[tick.full :], memory),
            latency_ms=(*history.latency_ms[tick.full :], latency),
        )
    values = msgspec.structs.astuple(tick.meters)
    meters = Meters(**dict(zip(_NAMES, values, strict=True)))
    return msgspec.structs.replace(old, generation=tick.generation, meters=meters, history=history)


def _follows(then: tuple[float, ...], now: tuple[float, ...], *, full: bool) -> bool:
    """Return whether a series is another one with one more value, and without its oldest if it was full."""
    return len(now) > 0 and now[:-1] == then[full:]
