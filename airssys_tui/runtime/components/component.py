"""One component as the control loop knows it. Read and written on the control loop only.

A component has a name, an actor that callers post to, a lock that serialises changes, and parts. The attributes of a
part are assigned only in the module of the part; everybody reads them, and changes them by calling the part's methods.
A test in ``tests/architecture`` holds this table against the code: the parts, and the rooms of ``runtime`` that change
each.

===============  =================  ===========================================================
part             module of parts/   changed by
===============  =================  ===========================================================
``life``         life               components, deploying, supervising, commands, system
``served``       served             components
``intent``       intent             components, deploying, commands
``files``        source_files       components, deploying, supervising
``update``       update             components, deploying, commands, system
``barred``       barred             components, deploying, commands, system
``supervision``  supervised         components, deploying, supervising, commands
``proof``        probation_state    calling, components, deploying, supervising, commands
``shown``        shown              every room that acts on a component
===============  =================  ===========================================================

``observing/observer`` builds the row from all parts; ``note`` chooses the one note on the row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from airssys_tui.core.description import is_stateful
from airssys_tui.core.identity import ComponentId
from airssys_tui.core.lifecycle import State
from airssys_tui.runtime.actors.actor import Actor
from airssys_tui.runtime.actors.serving import Blueprint
from airssys_tui.runtime.components.parts.barred import Barred
from airssys_tui.runtime.components.parts.intent import Intent
from airssys_tui.runtime.components.parts.life import Life
from airssys_tui.runtime.components.parts.probation_state import Proof
from airssys_tui.runtime.components.parts.served import Served
from airssys_tui.runtime.components.parts.shown import Shown
from airssys_tui.runtime.components.parts.source_files import SourceFiles
from airssys_tui.runtime.components.parts.supervised import Supervised
from airssys_tui.runtime.components.parts.update import Update
from airssys_tui.runtime.components.teller import Teller
from airssys_tui.runtime.machinery.journal import Journal
from airssys_tui.store.catalog.records import Refusal

SAME_FILES: Final = "ignored: same digest and manifest"
"""Said of files that are what serves."""


class Component:
    """The control state of one component.

    Args:
        identity: Its namespace and name.
        actor: What callers hold.
        journal: Where its events go.
        changed: Called with the component when something that is shown has changed.
        replaced: Called with the component when another revision is the active one.

    Attributes:
        lock: Held while the serving revision or instance is changed.
        teller: Emits its events.
    """

    __slots__ = (
        "_rested",
        "_rests_until",
        "actor",
        "barred",
        "files",
        "id",
        "intent",
        "life",
        "lock",
        "name",
        "proof",
        "served",
        "shown",
        "supervision",
        "teller",
        "update",
    )

    def __init__(
        self,
        identity: ComponentId,
        actor: Actor,
        journal: Journal,
        changed: Callable[[Component], None],
        replaced: Callable[[Component], None],
    ) -> None:
        self.id = identity
        self.name = str(identity)
        self.actor = actor
        self.lock = asyncio.Lock()
        self.shown = Shown(partial(changed, self))
        touch = self.shown.touch
        self.life = Life(self.name, actor, touch)
        self.served = Served(partial(replaced, self))
        self.intent = Intent(touch)
        self.files = SourceFiles(touch)
        self.update = Update(touch)
        self.barred = Barred(touch)
        self.supervision = Supervised(touch)
        self.proof = Proof(touch)
        self.teller = Teller(journal, self.name, self.served, self.update)
        self._rests_until = 0.0
        self._rested = (0, 0)

    def rests(self, now: float) -> bool:
        """Return whether nothing has happened since :meth:`rest`, and nothing is due.

        Args:
            now: Monotonic seconds.
        """
        if not self.shown.undisturbed or now >= self._rests_until:
            return False
        return self._rested == self.counted and not self.actor.busy and not self.lock.locked()

    @property
    def counted(self) -> tuple[int, int]:
        """Calls and fuel that are counted so far."""
        counters = self.actor.counters
        return counters.calls, counters.fuel

    def rest(self, until: float, seen: tuple[int, int]) -> None:
        """Note that nothing is due until some time, unless something happens.

        Args:
            until: Monotonic seconds.
            seen: Calls and fuel that were counted before it was found that nothing is due.
        """
        self._rests_until = until
        self._rested = seen
        self.shown.rest()

    @property
    def state(self) -> State:
        """Where it is in its lifecycle."""
        return self.life.state

    @property
    def active(self) -> Blueprint | None:
        """The artifact of the active revision; None before the first activation."""
        return self.served.artifact

    @property
    def version(self) -> str | None:
        """Version of the active revision."""
        return self.active.manifest.version if self.active else None

    @property
    def stateful(self) -> bool:
        """Whether the active revision can hand over its state."""
        return self.active is not None and is_stateful(self.active.interface)

    @property
    def refusal(self) -> Refusal | None:
        """Why the files on disk are not deployed, if they were refused."""
        return self.barred.refusal_of(self.files.on_disk)

    def held_back(self, digest: str, manifest_digest: str) -> str | None:
        """Return why earlier events keep files from being deployed automatically, or None if they do not."""
        bad = self.proof.quarantine_of(digest, manifest_digest)
        if bad is not None:
            return f"ignored: quarantined as r{bad.number} ({bad.reason})"
        if self.barred.holds_files(digest, manifest_digest):
            return f"ignored: held after rollback ({self.files.on_disk.label if self.files.on_disk else ''})"
        refusal = self.refusal
        return f"ignored: already refused at {refusal.gate}" if refusal is not None else None

    def left_alone(self, digest: str, manifest_digest: str) -> str | None:
        """Return why files are not deployed automatically, or None if they are."""
        if self.intent.unloaded:
            return "ignored: unloaded by the operator"
        if self.served.is_of(digest, manifest_digest) and not self.proof.condemned:
            return SAME_FILES
        return self.held_back(digest, manifest_digest)

    @property
    def is_behind(self) -> bool:
        """Whether files wait to be deployed, and nothing is on its way to that: a command cancelled the update."""
        found = self.files.on_disk
        if found is None or self.active is None or self.update.task is not None:
            return False
        return self.left_alone(found.digest, found.manifest_digest) is None

    @property
    def prints(self) -> bool:
        """Whether an instance of it may print, so that it has to be listened to."""
        serving = self.actor.serving
        return self.life.command is not None or (serving is not None and serving.prints)

    def listen(self) -> None:
        """Pass on what its instance printed while a call still runs, and lines that have waited for their end."""
        command = self.life.command
        for serving in (self.actor.serving, command.serving if command is not None else None):
            if serving is not None:
                serving.drain()

    def take_over(
        self, artifact: Blueprint, kind: str, *, origin: int | None, stable: bool, fallback: bool = False
    ) -> None:
        """Make an activated revision the active one: reset what was recorded about the previous one.

        Args:
            artifact: Its artifact.
            kind: How it runs.
            origin: For a rollback, the revision whose artifact this is.
            stable: Whether it is stable from the start.
            fallback: Whether the operator did not ask for it: then refused files on disk stay refused.
        """
        self.served.take_over(artifact, kind, origin)
        self.proof.begin_anew(stable=stable, keeps_chain=fallback)
        self.supervision.begin_anew()
        self.life.end(None)
        self.files.come_back()
        if not fallback:
            self.barred.forget()
        self.shown.clear()
