"""What reverses an operator's action, and the conditions under which that still makes sense.

Values and pure functions: the running runtime records an action with them, and so does a command that writes into the
catalog while none runs. So this module loads neither the engine nor the store's connection.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from airssys_tui.api.commands import Annotate, MarkStable, Pin, RestoreState, Rollback, Start, Stop, Unload
from airssys_tui.api.wire import encode
from airssys_tui.core.lifecycle import Desired
from airssys_tui.core.revision import StatePolicy, kept_note
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.commands.order_text import OfOne, verb
from airssys_tui.store.catalog.records import ActionRecord, Hold, Refusal

NAMED = 3
"""Components of a bulk action that its label names."""


class Inverse(msgspec.Struct, frozen=True):
    """What reverses an action.

    Attributes:
        command: The command.
        holds: Digests held before a rollback; they are held again when it is undone.
        loses: What undoing loses for good; empty if nothing is lost.
        refusals: Files that were refused before a rollback; they stay refused when it is undone.
        turned_away: Why the files on disk could not be tried before a rollback.
    """

    command: OfOne
    holds: tuple[Hold, ...] = ()
    loses: str = ""
    refusals: tuple[Refusal, ...] = ()
    turned_away: Refusal | None = None


class Expected(msgspec.Struct, frozen=True):
    """How an action left things; None means that it does not matter for undoing it.

    Attributes:
        revision: The active revision.
        desired: The desired state.
        marked: The revision whose pin, note or stable flag was changed.
        note: The note on it.
        pinned: Whether it was pinned.
        stable: Whether it was stable.
    """

    revision: int | None = None
    desired: str | None = None
    marked: int | None = None
    note: str | None = None
    pinned: bool | None = None
    stable: bool | None = None


class Subject(msgspec.Struct, frozen=True):
    """The component of an action, as the action left it."""

    name: str
    stateful: bool
    revision: int | None
    desired: Desired


class Before(msgspec.Struct, frozen=True):
    """The values before an action, which undoing it restores."""

    revision: int | None
    desired: Desired
    holds: tuple[Hold, ...] = ()
    note: str = ""
    refusals: tuple[Refusal, ...] = ()
    turned_away: Refusal | None = None


def inverse_of(subject: Subject, command: OfOne, before: Before) -> Inverse | None:
    """Return the inverse of a command that was carried out, or None if it has no inverse."""
    name, inverse = subject.name, None
    match command:
        case Start():
            inverse = Inverse(Stop(name), loses=_memory(subject))
        case Stop():
            inverse = Inverse(Start(name))
        case Unload() if before.desired is Desired.RUNNING:
            inverse = Inverse(Start(name))
        case Rollback() if before.revision is not None:
            inverse = _way_forward(subject, command, before.revision, before)
        case Pin():
            inverse = Inverse(Pin(name, command.revision, pinned=not command.pinned))
        case MarkStable():
            inverse = Inverse(MarkStable(name, command.revision, stable=not command.stable))
        case Annotate() if before.note != kept_note(command.note):
            inverse = Inverse(Annotate(name, command.revision, before.note))
    return inverse


def _way_forward(subject: Subject, command: Rollback, revision: int, before: Before) -> Inverse:
    # A state that was kept is kept again; a state that was replaced is restored.
    keeps = command.state is StatePolicy.KEEP or not subject.stateful
    policy = StatePolicy.KEEP if keeps else StatePolicy.RESTORE
    return Inverse(
        Rollback(subject.name, revision, policy, note="the rollback was undone"),
        before.holds,
        _memory(subject) if keeps else since(subject.name, "rollback"),
        before.refusals,
        before.turned_away,
    )


def since(name: str, what: str) -> str:
    """Say that what a component counted since an exchange of its state stays behind."""
    return f"what {name} counted since the {what} stays behind, in a snapshot"


def expected_of(subject: Subject, command: OfOne) -> Expected:
    """Return the values that a command left behind."""
    match command:
        case Pin():
            return Expected(marked=command.revision, pinned=command.pinned)
        case MarkStable():
            return Expected(marked=command.revision, stable=command.stable)
        case Annotate():
            return Expected(marked=command.revision, note=kept_note(command.note))
        case Rollback() | RestoreState():
            return Expected(subject.revision)
    return Expected(subject.revision, subject.desired)


def label_of(subject: Subject, command: OfOne) -> str:
    """Return a short description of an action on one component: ``stop counter``."""
    name = subject.name
    match command:
        case Pin():
            return f"{'pin' if command.pinned else 'unpin'} r{command.revision} of {name}"
        case MarkStable():
            return f"mark r{command.revision} of {name} {'stable' if command.stable else 'not stable'}"
        case Annotate():
            return f"note on r{command.revision} of {name}"
        case Rollback():
            serves = f" to r{subject.revision}" if subject.revision is not None else ""
            return f"roll back {name}{serves}"
        case RestoreState():
            return f"restore the state of {name} from snapshot {command.snapshot}"
    return f"{verb(command)} {name}"


def action_of(
    subject: Subject, command: OfOne, inverse: Inverse, *, who: str, at: float, text: str = "", batch: str = ""
) -> ActionRecord:
    """Return the record of an action.

    Args:
        subject: Its component, as the action left it.
        command: The action.
        inverse: What reverses it.
        who: Who did it.
        at: Unix time.
        text: Its description, if not that of the command.
        batch: The bulk action that it is a part of; empty if it stands alone.
    """
    return ActionRecord(
        id=0,
        at=at,
        who=who,
        component=subject.name,
        text=text or label_of(subject, command),
        command=encode(command).decode(),
        inverse=encode(inverse).decode(),
        expects=encode(expected_of(subject, command)).decode(),
        batch=batch,
    )


def inverse_in(action: ActionRecord) -> Inverse:
    """Read what reverses a recorded action."""
    return msgspec.json.decode(action.inverse, type=Inverse)


def expected_in(action: ActionRecord) -> Expected:
    """Read how a recorded action left things."""
    return msgspec.json.decode(action.expects, type=Expected)


def label_of_all(actions: Sequence[ActionRecord]) -> GuestText:
    """Return the description of an action, or of the actions of one bulk action; empty if there are none."""
    if len(actions) <= 1:
        return one_line(actions[0].text if actions else "")
    names = [action.component for action in reversed(actions)]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    what = verb(msgspec.json.decode(actions[0].command, type=OfOne)).replace("-", " ")
    return one_line(f"{what} {len(names)} components ({', '.join(names[:NAMED])}{more})", 200)


def losses_of_all(actions: Sequence[ActionRecord]) -> GuestText:
    """Return what undoing actions would lose for good."""
    losses = [loses for action in reversed(actions) if (loses := inverse_in(action).loses)]
    more = f"; and of {len(losses) - NAMED} more components" if len(losses) > NAMED else ""
    return one_line("; ".join(losses[:NAMED]) + more, 400)


def _memory(subject: Subject) -> str:
    return "" if subject.stateful else f"what {subject.name} holds in memory: it has no `state` export"
