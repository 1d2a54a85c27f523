"""The life that is ended again and again: a runtime on a scratch folder, and operations drawn at random.

Each operation is announced with all that was chosen before it begins, and acknowledged with what is seen after it.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from airssys_tui.api.commands import (
    Annotate,
    Grant,
    ImportState,
    MarkStable,
    Pin,
    Reload,
    Restart,
    RestoreState,
    Revoke,
    Rollback,
    SaveState,
    Start,
    Stop,
    Undo,
)
from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.past import StateFile
from airssys_tui.api.views.revisions import RevisionView
from airssys_tui.core.capability.grant import Grant as Answer
from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.core.errors import GateRefusal, TransitionError
from airssys_tui.core.lifecycle import Desired, State
from airssys_tui.core.probation import FEWEST_CALLS
from airssys_tui.core.revision import Outcome, StatePolicy
from airssys_tui.core.traps import GuestTrap
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.runtime.guard.component_guard import ComponentGuard
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings
from airssys_tui.store.audit.audit_log import AuditLog
from tests.crash.model import BREAKING, FAULTY, GOOD, IN_TURN, NOTE, UNHEALTHY, Operation
from tests.support.components import ALL, Crafted

NAME: Final = "c"
SETTINGS: Final = RuntimeSettings(watch=False, sample=0.02, shutdown=3.0, code_cache=60_000, workers=2)
PATIENCE: Final = 30.0
DAYS: Final = 3 * 24 * 3_600.0
_MANIFEST: Final = """[package]
name = "{name}"
version = "{version}"
[component]
wasm = "{name}.wasm"
[deployment]
keep = 2
traps = 0
stable_after = 1
probation = "1h"
strategy = "{strategy}"
[capabilities]
environment = ["HOME"]
"""

ALIVE: Final = (
    *("add", "add", "work", "update", "update", "refuse", "fault", "rollback", "rollback", "restore"),
    *("stop", "restart", "save", "import", "collect", "pin", "note", "mark", "undo", "undo", "moot"),
    *("grant", "use", "revoke", "ask", "deny"),
)
"""What may be done to a component that runs."""

RIGHTS: Final = frozenset({"grant", "use", "revoke", "ask", "deny"})
HOME: Final = Access(Kind.ENVIRONMENT, "", "HOME")

STOPPED: Final = ("start", "start", "pin", "note", "mark", "collect", "undo")
"""What may be done to one that was stopped."""


def artifact(version: str) -> Crafted:
    """Return what a version is made of."""
    if version == BREAKING:
        return Crafted(salt=version, exports=ALL - {"get"})
    if version == UNHEALTHY:
        return Crafted(salt=version, health="unhealthy")
    return Crafted(salt=version, add="(unreachable)" if version.startswith(FAULTY) else "")


def put(folder: Path, version: str) -> None:
    """Put a version in the folder in one step: the directory is a link that is replaced."""
    release = folder.parent / "releases" / version
    if not release.exists():
        making = release.with_name(f"making-{version}")  # a kill may leave half of it, which is not what is tried here
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        (making / f"{NAME}.wasm").write_bytes(artifact(version).wasm())
        strategy = "stop-start" if version == IN_TURN else "blue-green"
        (making / "Component.toml").write_text(_MANIFEST.format(name=NAME, version=version, strategy=strategy))
        making.rename(release)
    folder.mkdir(exist_ok=True)
    aside = folder.parent / "aside"
    aside.unlink(missing_ok=True)
    aside.symlink_to(release, target_is_directory=True)
    aside.replace(folder / NAME)


def in_folder(folder: Path) -> str:
    """Return the version in the folder."""
    return (folder / NAME).readlink().name


def count_in(state: bytes) -> int:
    """Return the count in a saved state."""
    return int.from_bytes(state[:8], "little")


class Seen(msgspec.Struct, frozen=True):
    """What is seen after an operation; ``count`` only of what runs."""

    version: str | None
    revision: int | None
    last: int
    desired: str
    count: int | None


class Life:
    """One process's part of a component's life.

    Args:
        directory: Where the folder and the state directory are.
        seed: What is done depends on nothing else.
    """

    def __init__(self, directory: Path, seed: int) -> None:
        self.folder, self.state_dir = directory / "components", directory / "state"
        self.rng = random.Random(seed)
        self._happened = threading.Event()
        self._runtime: EmbeddedRuntime | None = None
        self._undoable: Operation | None = None
        self._top: int | None = None

    @property
    def runtime(self) -> EmbeddedRuntime:
        assert self._runtime is not None, "it is open"
        return self._runtime

    def open(self) -> None:
        AuditLog.__init__.__kwdefaults__["max_file"] = 1_500  # so that another file is begun now and then
        self._runtime = EmbeddedRuntime.open(self.folder, state_dir=self.state_dir, settings=SETTINGS)
        assert self._runtime.wait_settled(PATIENCE)
        self._runtime.listen(lambda _: self._happened.set())

    def seen(self) -> Seen:
        view, versions = self._row(), self._versions()
        count = None
        if view.state is State.RUNNING:
            count = self.runtime.invoke(NAME, "get").result(PATIENCE)
        return Seen(view.version, view.revision, versions[0].number if versions else 0, view.desired, count)

    def draw(self, verbs: tuple[str, ...] = ()) -> Operation:
        """Choose something that is possible now, of some verbs if one of them is."""
        view = self._row()
        if view.version is not None and view.version.startswith(FAULTY) and view.desired is Desired.RUNNING:
            stable = next(r for r in self._versions() if r.stable and r.outcome is Outcome.SUPERSEDED)
            return Operation("sink", str(stable.version))
        possible = ALIVE if view.desired is Desired.RUNNING else STOPPED
        for wanted in (tuple(verb for verb in possible if verb in verbs), possible):
            for verb in self.rng.sample(wanted, len(wanted)):
                found = self._choose(verb, view)
                if found is not None:
                    return found
        raise AssertionError("nothing is possible")

    def do(self, operation: Operation) -> None:
        """Do what was announced."""
        if operation.undo:
            self.runtime.submit(Undo()).result(PATIENCE)
            self._undoable = self._top = None
            return
        if operation.verb == "moot":
            with contextlib.suppress(TransitionError):
                self.runtime.submit(Undo()).result(PATIENCE)
                raise AssertionError("what was deployed since was undone")
            self._top = None
            return
        undoable = self._inverse(operation)
        self._act(operation)
        if operation.verb in {"stop", "start", "rollback", "restore"}:
            self._top = self._row().revision
        elif operation.verb in {"pin", "note", "mark"}:
            self._top = None
        if operation.verb not in {"add", "work", "save", "import", "collect", "refuse", *RIGHTS}:
            self._undoable = undoable

    # ------------------------------------------------------------------ choosing

    def _choose(self, verb: str, view: ComponentView) -> Operation | None:
        """Return an operation with all that is chosen in it; nothing when it is not possible now."""
        choices: dict[str, Callable[[], Operation | None]] = {
            "update": lambda: Operation(verb, self.rng.choice([each for each in GOOD if each != view.version])),
            "refuse": lambda: Operation(verb, self.rng.choice((BREAKING, UNHEALTHY))),
            "fault": lambda: Operation(verb, f"{FAULTY}{self.rng.randrange(10**6)}") if view.stable else None,
            "rollback": lambda: self._choose_rollback(view),
            "restore": lambda: self._choose_state(verb),
            "import": lambda: self._choose_state(verb),
            "add": lambda: Operation(verb, count=self.rng.randrange(1, 100)),
            "work": lambda: Operation(verb, count=FEWEST_CALLS + 1),
            "pin": lambda: self._choose_mark(verb),
            "mark": lambda: self._choose_mark(verb),
            "note": self._choose_note,
            "use": lambda: Operation(verb) if self._standing() else None,
            "revoke": lambda: Operation(verb) if self._standing() else None,
            "ask": lambda: None if self._standing() else Operation(verb),
            "undo": lambda: self._undoable if self._can_be_undone() else None,
            "moot": lambda: Operation(verb) if self._top not in {None, view.revision} else None,
        }
        return choices.get(verb, lambda: Operation(verb))()

    def _choose_note(self) -> Operation:
        number = self.rng.choice(self._versions()).number
        return Operation("note", revision=number, note=f"{NOTE}{self.rng.randrange(10**6)}")

    def _can_be_undone(self) -> bool:
        # What was collected since can be marked no more.
        undoable, versions = self._undoable, {r.number: r for r in self._versions()}
        if undoable is None or undoable.verb not in {"pin", "mark"}:
            return undoable is not None
        return versions[undoable.revision].outcome is not Outcome.PURGED

    def _choose_rollback(self, view: ComponentView) -> Operation | None:
        self._collect_now()
        # An artifact comes back under many numbers: what serves is the same as any of them.
        served = [r for r in self._versions() if r.outcome is Outcome.SUPERSEDED and r.version != view.version]
        sound = [r for r in served if not str(r.version).startswith(FAULTY)]
        if not sound:
            return None
        target, policy = self.rng.choice(sound), self.rng.choice(list(StatePolicy))
        count = 0
        if policy is StatePolicy.RESTORE:
            states = self.runtime.states(NAME).result(PATIENCE)
            paired = next((s for s in states if s.revision == target.number and s.paired), None)
            if paired is None:
                return None
            count = count_in(self._export(paired.id).data)
        return Operation("rollback", str(target.version), target.number, policy, count)

    def _choose_state(self, verb: str) -> Operation | None:
        self._collect_now()
        states = self.runtime.states(NAME).result(PATIENCE)
        if not states:
            return None
        chosen = self.rng.choice(states)
        return Operation(verb, revision=chosen.id, count=count_in(self._export(chosen.id).data))

    def _choose_mark(self, verb: str) -> Operation | None:
        # The collector may be at work: only what it never takes can be marked for certain.
        kept = [r for r in self._versions() if r.outcome is Outcome.ACTIVE or r.pinned]
        chosen = self.rng.choice(kept) if kept else None
        active = self._row().revision
        if verb == "mark" and self.rng.random() < 0.7:
            chosen = next((r for r in kept if r.number == active), chosen)
        if chosen is None:
            return None
        return Operation(verb, revision=chosen.number, on=not (chosen.pinned if verb == "pin" else chosen.stable))

    def _inverse(self, operation: Operation) -> Operation | None:
        """Return what undoing an operation will be."""
        view, change = self._row(), msgspec.structs.replace
        match operation.verb:
            case "stop" | "start":
                return Operation("start" if operation.verb == "stop" else "stop", undo=True)
            case "pin" | "mark":
                return change(operation, on=not operation.on, undo=True)
            case "note":
                before = next(r for r in self._versions() if r.number == operation.revision)
                return change(operation, note=str(before.note), undo=True)
            case "rollback" if operation.state == StatePolicy.KEEP:
                return Operation("undo-rollback", str(view.version), note=" ".join(view.held), undo=True)
        return None

    # ------------------------------------------------------------------ doing

    def _act(self, operation: Operation) -> None:
        verb, number = operation.verb, operation.revision
        acts: dict[str, Callable[[], object]] = {
            "add": lambda: self._add(operation.count, 1),
            "work": lambda: self._add(1, operation.count),
            "update": lambda: self._deploy(operation.version),
            "refuse": lambda: self._deploy(operation.version),
            "fault": lambda: self._deploy(operation.version),
            "sink": lambda: None,
            "rollback": lambda: self._submit(Rollback(NAME, number, StatePolicy(operation.state))),
            "restore": lambda: self._submit(RestoreState(NAME, number)),
            "import": lambda: self._submit(ImportState(NAME, self._export(number))),
            "pin": lambda: self._submit(Pin(NAME, number, pinned=operation.on)),
            "note": lambda: self._submit(Annotate(NAME, number, operation.note)),
            "mark": lambda: self._submit(MarkStable(NAME, number, stable=operation.on)),
            "collect": self._collect,
            "close": self.runtime.close,
            "stop": lambda: self._submit(Stop(NAME)),
            "start": lambda: self._submit(Start(NAME)),
            "restart": lambda: self._submit(Restart(NAME)),
            "save": lambda: self._submit(SaveState(NAME)),
            "grant": lambda: self._submit(Grant(NAME, str(HOME.permission()), Scope.ONCE)),
            "use": self._use,
            "revoke": self._revoke,
            "ask": lambda: self._ask(HOME),
            "deny": lambda: self._ask(Access(Kind.ENVIRONMENT, "", "PATH")),
        }
        acts[verb]()
        if verb in {"fault", "sink"}:
            self._sink()

    def _add(self, amount: int, times: int) -> None:
        for _ in range(times):
            self.runtime.invoke(NAME, "add", amount).result(PATIENCE)

    def _standing(self) -> tuple[Answer, ...]:
        return self.runtime.probe.system.guards.of(NAME).standing.grants

    def _guard(self) -> ComponentGuard:
        serving = self.runtime.probe.system.router.find(NAME).actor.serving
        assert serving is not None, "it runs"
        return serving.tenant.guard

    def _use(self) -> None:
        assert self._guard().require(HOME) is None
        self._write_counts()

    def _revoke(self) -> None:
        self._submit(Revoke(NAME, grant=self._standing()[0].id))

    def _ask(self, access: Access) -> None:
        """Attempt what is denied, and have that written."""
        assert self._guard().require(access) is not None
        self._write_counts()

    def _write_counts(self) -> None:
        guards = self.runtime.probe.system.guards
        guards.flush()
        self.runtime.probe.floor.on_disk(guards.writer.finish).result(PATIENCE)

    def _deploy(self, version: str) -> None:
        put(self.folder, version)
        with contextlib.suppress(GateRefusal):
            self._submit(Reload(NAME))

    def _sink(self) -> None:
        """Use a version that traps, and wait until the one before it serves again."""
        faulty = self._row().revision
        with contextlib.suppress(GuestTrap):
            self.runtime.invoke(NAME, "add", 1).result(PATIENCE)
        self._wait(lambda row: row.revision != faulty and row.state is State.RUNNING)

    def _wait(self, wanted: Callable[[ComponentView], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while not wanted(self._row()):
            assert time.monotonic() < until, f"it did not come true: {self._row()}"
            self._happened.wait(0.02)
            self._happened.clear()

    def _collect_now(self) -> None:
        """Take what no rule keeps any more, so that the collector cannot take what is chosen next before it is used."""
        self.runtime.collect().result(PATIENCE)

    def _collect(self) -> None:
        """Collect as if days had passed, so that hardly any rule keeps anything."""
        floor = self.runtime.probe.floor
        floor.clock = lambda: time.time() + DAYS
        try:
            self.runtime.collect().result(PATIENCE)
        finally:
            floor.clock = time.time

    def _submit(self, command: Any) -> None:
        self.runtime.submit(command).result(PATIENCE)

    def _export(self, snapshot: int) -> StateFile:
        return self.runtime.export_state(NAME, snapshot).result(PATIENCE)

    def _versions(self) -> tuple[RevisionView, ...]:
        return self.runtime.versions(NAME).result(PATIENCE)

    def _row(self) -> ComponentView:
        return self.runtime.describe(NAME).result(PATIENCE).view
