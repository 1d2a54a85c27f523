"""The one note on the row of a component: the most important fact about it."""

from __future__ import annotations

from airssys_tui.api.views.components import Note, NoteKind
from airssys_tui.core.description import FileFacts, file_note
from airssys_tui.core.lifecycle import RecoveryKind
from airssys_tui.core.refusal import retry_text
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.components.component import Component


def note_of(component: Component, now: float) -> Note:
    """Return the most important fact about a component now; a call that takes long stands before it.

    Args:
        component: The component.
        now: Monotonic seconds.
    """
    note = _fact(component, now)
    running = component.shown.running
    if running is None:
        return note
    if not note.text:
        return Note(NoteKind.INFO, running.text)
    return Note(note.kind, one_line(f"{running.text} · {note.text}", 400))


def _fact(component: Component, now: float) -> Note:
    shown, supervision, progress = component.shown, component.supervision, component.update.progress
    if progress is not None:
        return Note(NoteKind.INFO, progress.told(now))
    if shown.trouble:
        again = f" · {retry_text(supervision.retry_at - now)}" if _is_hindered(component) else ""
        return Note(NoteKind.TROUBLE, GuestText(shown.trouble + again))
    said = file_note(_facts(component, now))
    if said is not None:
        return Note(NoteKind(said.kind.value), said.text)
    if shown.contention:
        return Note(NoteKind.TROUBLE, shown.contention)
    return Note(NoteKind.INFO, shown.remark) if shown.remark else Note()


def is_waiting(component: Component) -> bool:
    """Return whether the note says how long something takes, or is still waited for."""
    return component.update.progress is not None or component.barred.retry is not None or _is_hindered(component)


def _is_hindered(component: Component) -> bool:
    return component.supervision.hindered > 0 and component.supervision.recovery.kind is RecoveryKind.BACKOFF


def _facts(component: Component, now: float) -> FileFacts:
    """Return the facts about the component's files in the folder."""
    disk, refusal = component.files.on_disk, component.refusal
    gate, reason = (refusal.gate, refusal.reason) if refusal is not None else ("", "")
    retry = component.barred.retry
    again = retry_text(retry.at - now) if retry is not None else ""
    if disk is None:
        return FileFacts(gate=gate, reason=reason, again=again)
    held = component.barred.holds_files(disk.digest, disk.manifest_digest)
    serves = component.served.is_of(disk.digest, disk.manifest_digest)
    bad = None if serves else component.proof.quarantine_of(disk.digest, disk.manifest_digest)
    # If the files cannot be read now, the label from the last reading would be wrong.
    unread = component.barred.turned_away is not None and not held
    return FileFacts(
        label="" if unread else disk.label,
        quarantined=bad.number if bad is not None else None,
        fault=bad.reason if bad is not None else "",
        back_on=component.served.origin,
        held=held,
        gate=gate,
        reason=reason,
        again=again,
    )
