"""What becomes of a component, its calls and its topics when it stops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airssys_tui.api.views.impact import Effect, EffectKind
from airssys_tui.core.lifecycle import Desired
from airssys_tui.core.text import one_line
from airssys_tui.runtime.actors.wait_chain import waiting_for
from airssys_tui.runtime.components.component import Component


def call_effects(component: Component) -> Iterator[Effect]:
    """Yield what becomes of its calls: the one that runs, those that are queued, and who waits for an answer of it."""
    name, actor = component.name, component.actor
    call = actor.serving.in_flight if actor.serving is not None else None
    if call is not None:
        text = f"its call {call.export.rpartition('#')[2]} runs: it is cancelled if it does not end in time"
        yield _effect(EffectKind.CALL, name, text)
    if actor.queued:
        what = (
            "1 call or message that is queued for it is"
            if actor.queued == 1
            else (f"{actor.queued} calls and messages that are queued for it are")
        )
        yield _effect(EffectKind.CALL, name, f"{what} dropped")
    for waiter in waiting_for(actor):
        yield Effect(
            kind=EffectKind.CALL, component=waiter, text=one_line(f"{waiter} waits for an answer of it"), depth=1
        )


def topic_effects(component: Component, patterns: Iterable[str]) -> Iterator[Effect]:
    """Yield what a component does not hear while it is stopped.

    Args:
        component: The component.
        patterns: The topics that it is subscribed to.
    """
    for pattern in sorted(patterns):
        text = f"it is subscribed to {pattern}: what is published meanwhile does not reach it"
        yield _effect(EffectKind.TOPIC, component.name, text)


def return_effects(component: Component) -> Iterator[Effect]:
    """Yield whether a component comes back by itself."""
    text = (
        "it stays stopped until it is started"
        if component.intent.desired is Desired.RUNNING
        else "it is stopped, or its run is over"
    )
    yield Effect(kind=EffectKind.RETURN, component=component.name, text=one_line(text), harm=False)


def _effect(kind: EffectKind, name: str, text: str) -> Effect:
    return Effect(kind=kind, component=name, text=one_line(text))
