"""The one note on the row of a component: the most important of all that is to be said about it."""

from __future__ import annotations

from airssys_tui.api.views.components import Note, NoteKind
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.components.component import Component


def note_of(component: Component) -> Note:
    """Return the one thing to know about a component now."""
    shown, disk = component.shown, component.files.on_disk
    trouble = shown.trouble or _fallen(component)
    if trouble:
        return Note(NoteKind.TROUBLE, trouble)
    if disk is not None and component.barred.holds_digest(disk.digest):
        return Note(NoteKind.HELD, GuestText(f"held: {disk.label} on disk"))
    refusal = component.refusal
    if refusal is not None:
        label = f"{disk.label} " if disk is not None and component.barred.turned_away is None else ""
        return Note(NoteKind.REFUSED, one_line(f"{label}refused at {refusal.gate}: {refusal.reason}", 300))
    return Note(NoteKind.INFO, shown.remark) if shown.remark else Note()


def _fallen(component: Component) -> GuestText:
    """Return why what is on disk does not serve, if it is in quarantine."""
    disk = component.files.on_disk
    if disk is None or component.served.is_of(disk.digest, disk.manifest_digest):
        return GuestText("")
    bad = component.proof.quarantine_of(disk.digest, disk.manifest_digest)
    if bad is None:
        return GuestText("")
    back = f" · back on r{component.served.origin}" if component.served.origin is not None else ""
    return one_line(f"r{bad.number} quarantined: {bad.reason}{back}", 300)
