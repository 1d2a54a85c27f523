"""Hostile text, runtimes that hand it out, and what of it reaches a terminal."""

from __future__ import annotations

import unicodedata

import msgspec
from hypothesis import strategies as st

from airssys_tui.api.played import scenes
from airssys_tui.api.played.meters import Load
from airssys_tui.api.played.revisions import Release
from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.api.played.states import Kept
from airssys_tui.api.views.components import ComponentDetail, Note, NoteKind
from airssys_tui.api.views.runtime import WatchView
from airssys_tui.core.events import Event, EventKind, Level
from airssys_tui.core.text import GuestText
from tests.support.screens import painted

NASTY = st.text(
    alphabet=st.one_of(
        st.sampled_from("\x1b\x07\x00\x08\r\n\t\x7f\x9b\x85\u202e\u200b\u2028\ud800\ufeff[]/\\漢e\u0301🎉"),
        st.characters(),
    ),
    max_size=40,
).map(lambda text: text + "[/foo][bold]\x1b[2J")


def lying(text: str) -> GuestText:
    """Text that claims to be sanitised and is not: the screens must not rely on it for what is not GuestText."""
    return GuestText(scenes.sanitise(text))


def played(text: str) -> PlayedRuntime:
    safe = lying(text)
    release = Release(version=text, exports=(f"{text}: func()",), state_bytes=3)
    component = scenes.played(text, Load(), now=scenes.NOON, release=release)
    component.change(note=Note(NoteKind.REFUSED, safe), held=(safe,), source=safe, kind=text, digest=text)
    component.timeline = [
        msgspec.structs.replace(each, digest=text, who=safe, note=text, outcome_reason=safe, gates=((text, 1.0),))
        for each in component.timeline
    ]
    component.releases[text] = release
    texts = (safe, safe)
    component.detail = ComponentDetail(
        view=component.view,
        exports=(text, text),
        imports=(text, text),
        capabilities=(text, text),
        limits=texts,
        config=(text, text),
        described=texts,
        description=text,
    )
    runtime = PlayedRuntime(scenes.still, folder=text).add([component])
    runtime.watch = WatchView("polling", safe)
    runtime.problems = (safe, safe, safe)
    event = Event(
        seq=0,
        at=scenes.NOON,
        kind=EventKind.DECISION,
        level=Level.ERROR,
        component=text,
        revision=1,
        text=text,
        action=text,
    )
    runtime.happened.add(event)
    runtime.happened.add(msgspec.structs.replace(event, kind=EventKind.LOG))
    runtime.past = [msgspec.structs.replace(event, seq=0, at=scenes.NOON - 90_000)]
    runtime.disk_full = text
    kept = runtime.states_kept.save(component.view, text, scenes.NOON)
    runtime.states_kept.put(Kept(msgspec.structs.replace(kept.view, schema=safe), kept.data))
    return runtime


def offenders(app) -> set[str]:
    """Characters in what is painted that are no business of a terminal's."""
    found = set()
    for strip in painted(app):
        for segment in strip:
            found |= {
                char
                for char in segment.text
                if unicodedata.category(char) in {"Cc", "Cs"} or char in "\u202e\u200b\u2028\ufeff"
            }
    return found
