"""The story of a simulated component: sentences about its last change."""

from __future__ import annotations

from collections.abc import Iterable

from airssys_tui.api.played.component import PlayedComponent
from airssys_tui.api.played.revisions import PlayedRevision
from airssys_tui.api.views.impact import Effect, EffectKind, Impact
from airssys_tui.api.views.past import Story
from airssys_tui.core.lifecycle import RecoveryKind, State
from airssys_tui.core.revision import Cause, Outcome
from airssys_tui.core.text import one_line
from airssys_tui.core.units import format_duration


def told(component: PlayedComponent, now: float) -> Story:
    """Return the story."""
    newest = component.timeline[-1] if component.timeline else None
    active = component.active
    sentences: list[str] = []
    if active is not None:
        sentences.append(_came(active, now))
    if newest is not None and newest is not active:
        sentences.append(_tried(newest, now, active))
    if component.view.held:
        held = ", ".join(component.view.held)
        sentences.append(f"{held} is held: it is deployed again only when its file changes or you reload.")
    sentences.append(_is_now(component))
    return Story(component.id, tuple(one_line(sentence, 500) for sentence in sentences))


def impact(component: PlayedComponent, components: Iterable[PlayedComponent]) -> Impact:
    """Return what stopping a component would do, as far as its row and those of its consumers tell."""
    name = component.id
    stays = one_line("it stays stopped until it is started")
    effects = [Effect(kind=EffectKind.RETURN, component=name, text=stays, harm=False)]
    for each in components:
        for link in each.view.links:
            if link.provider == name and link.consumer == each.id:
                text = one_line(f"{each.id} is linked to {name} for {link.interface}")
                effects.append(Effect(kind=EffectKind.LINK, component=each.id, text=text, depth=1))
    return Impact(component=name, effects=tuple(effects))


def _label(revision: PlayedRevision) -> str:
    return f"r{revision.number} ({revision.version or 'no version'})"


def _came(revision: PlayedRevision, now: float) -> str:
    when = format_duration(max(1.0, now - revision.created_at))
    if revision.cause is Cause.ROLLBACK:
        text = f"{revision.who} rolled back to r{revision.origin} {when} ago, as {_label(revision)}"
    elif revision.cause is Cause.RESTORE:
        text = f"{revision.who} restored an earlier state {when} ago, as {_label(revision)}"
    else:
        text = f"{_label(revision)} was deployed {when} ago by {revision.who}"
    why = f": {revision.note}." if revision.note else "."
    return text + why


def _tried(revision: PlayedRevision, now: float, active: PlayedRevision | None) -> str:
    when = format_duration(max(1.0, now - revision.created_at))
    serving = f"r{active.number} keeps serving" if active is not None else "nothing serves"
    what = revision.outcome_reason or str(revision.outcome)
    kind = "was tried" if revision.outcome is Outcome.FAILED else f"is {revision.outcome}"
    return f"{_label(revision)} {kind} {when} ago and {what}; {serving}."


def _is_now(component: PlayedComponent) -> str:
    view = component.view
    proved = "it has proved itself" if view.stable else "it has not proved itself yet"
    if view.state is State.RUNNING:
        return f"It runs, and {proved}."
    if view.recovery.kind is RecoveryKind.EXHAUSTED:
        return f"It is {view.state}: {view.restarts} restarts are used up, and it waits for you."
    return f"It is {view.state}; desired: {view.desired}."
