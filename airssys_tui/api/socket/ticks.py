"""Ticks: the short form of a row in which only the meters changed and the history grew by one sample.

The row of every running component changes once a second, and most of a row is its history. A tick carries only the
new values: a twentieth of the bytes, and of the time to read them.
"""

from __future__ import annotations

from typing import Final, get_type_hints

import msgspec

from airssys_tui.api.views.components import ComponentView, History, Meters

_NAMES: Final = Meters.__struct_fields__

# Without field names, which would be most of the bytes.
_Values = msgspec.defstruct(
    "_Values", [(name, hint) for name, hint in get_type_hints(Meters).items()], frozen=True, array_like=True
)


class Tick(msgspec.Struct, frozen=True, array_like=True):
    """The new values of a row.

    Attributes:
        id: The component.
        generation: Generation in which the row changed.
        meters: The values of its meters, in the order of the fields.
        sample: The new sample of fuel, memory and latency; None when the history is unchanged.
        full: Whether the oldest sample was dropped to make room.
    """

    id: str
    generation: int
    meters: _Values  # type: ignore[valid-type]
    sample: tuple[float, float, float] | None = None
    full: bool = False


def tick_of(old: ComponentView, new: ComponentView) -> Tick | None:
    """Return the tick from one row to the next, or None if other fields changed as well."""
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
    """Return a row with a tick applied."""
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
    """Return whether a series equals another one with one value appended and, if full, the oldest one dropped."""
    return len(now) > 0 and now[:-1] == then[full:]
