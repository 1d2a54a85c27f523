"""A component lived through at random, beside a model of what must be true of it.

The runtime is real, and so are the components, the catalog and the boundary. A crash is the state directory as it is
between two writes, opened by a new runtime: what a kill would have left.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from airssys_tui.api.commands import (
    Annotate,
    Command,
    ImportState,
    LiftQuarantine,
    MarkStable,
    Pin,
    Reload,
    Restart,
    RestoreState,
    Rollback,
    SaveState,
    Start,
    Stop,
    Undo,
    Unload,
)
from airssys_tui.api.views.revisions import RevisionView
from airssys_tui.core.errors import GateRefusal, NotServing, RollbackRefused, TransitionError
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import digest_of
from airssys_tui.core.lifecycle import Desired, State
from airssys_tui.core.limits import Limits
from airssys_tui.core.revision import Outcome, StatePolicy
from airssys_tui.core.units import MIB
from tests.support.components import ALL, Crafted
from tests.support.world import World

GOOD = tuple(Crafted(salt=f"good {number}") for number in range(4))
BAD = {
    Gate.SIZE: b"",
    Gate.MAGIC: b"noise",
    Gate.SECTIONS: Crafted().wasm()[:-1],
    Gate.COMPILE: Crafted().wasm() + b"\x0b\x02\x00\x01",
    Gate.TYPES: Crafted(imports=("airssys:core-host/clok@1.0.0",)),
    Gate.COMPATIBILITY: Crafted(exports=ALL - {"get"}),
    Gate.INSTANTIATE: Crafted(start="(unreachable)"),
    Gate.INIT: Crafted(init="error"),
    Gate.STATE_LOAD: Crafted(load="error"),
    Gate.HEALTH_PROBE: Crafted(health="unhealthy"),
}
SLOW = Crafted(init="spin")
PATIENT = '[resources]\ndeadline = "60s"\nfuel_per_call = "unlimited"\n'
ANY = (*GOOD, *BAD.values())
STOP, START = Stop("c"), Start("c")
POLICIES = st.sampled_from(list(StatePolicy))
MANIFEST = (
    '[supervision]\nmax_restarts = 2\nwindow = "1h"\nbackoff = {initial = "1ms", jitter = 0.0}\n'
    # Nothing is stable but what an operator marks; what is not, is gone back from when its restarts are used up.
    '[deployment]\nprobation = "0s"\nkeep = 1000\nstable_after = 1000000\n'
)
STRICT = '[deployment]\nprobation = "1h"\ntraps = 0\nkeep = 1000\nstable_after = 1000000\n'
"""The manifest of what is gone back from by itself."""

SMALL = MANIFEST + '[resources]\nmemory = "1MiB"\n'
"""The manifest of one of the good ones: limits are those of the revision, whichever way it came to serve."""


def bytes_of(component: Crafted | bytes) -> bytes:
    return component.wasm() if isinstance(component, Crafted) else component


def manifest_of(component: Crafted | bytes) -> str:
    return SMALL if component is GOOD[3] else MANIFEST


NAMES = {digest_of(bytes_of(component)): gate for gate, component in BAD.items()}


@dataclass
class Model:
    """What must be true of the component.

    Attributes:
        count: What it has counted to, as acknowledged.
        saved: What the newest saved state says, if any was saved.
        active: Digest of what serves, or would if it were started.
        revision: Its number.
        last: The greatest number given so far.
        on_disk: Digest of the file.
        holds: Digests held.
        refused: Digests refused at a gate and not tried again by themselves.
        digests: The artifact of each revision that served.
        left: The last saved state of each revision, as its number left it.
        restarts: Restarts spent of the budget.
        runs: Whether it serves.
        wanted: What the operator wants.
        pins: Pinned revisions.
        notes: Notes on revisions.
        quarantined: Artifacts in quarantine.
        lifted: Revisions whose quarantine was lifted; they trap, and are not gone back to here.
        undoable: What was done last that can be undone: a word, and what it takes to know what undoing does.
    """

    count: int = 0
    saved: int | None = None
    active: str | None = None
    revision: int | None = None
    last: int = 0
    on_disk: str = ""
    holds: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    digests: dict[int, str] = field(default_factory=dict)
    left: dict[int, int] = field(default_factory=dict)
    restarts: int = 0
    runs: bool = False
    wanted: Desired = Desired.RUNNING
    pins: set[int] = field(default_factory=set)
    notes: dict[int, str] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    lifted: set[int] = field(default_factory=set)
    undoable: Undoable | None = None


class Undoable(NamedTuple):
    """An action that can be undone: what it was, of which revision, and what was before it."""

    verb: str
    revision: int | None
    before: Any = None


class Life(RuleBasedStateMachine):
    """One component's life."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="airssys-machine-"))
        self.world = World(self.root)
        self.model = Model()
        self.seen: tuple[RevisionView, ...] = ()

    def teardown(self) -> None:
        self.world.close()
        shutil.rmtree(self.root)

    @initialize(first=st.sampled_from(GOOD))
    def begin(self, first: Crafted) -> None:
        self.world.put("c", first, manifest_of(first))
        self.world.open()
        self.model.on_disk = digest_of(first.wasm())
        self.accepted(self.model.on_disk)

    # ------------------------------------------------------------------ what the model does

    def accepted(self, digest: str) -> None:
        """A candidate took over, with the present state."""
        model = self.model
        self.handed_over()
        model.last += 1
        model.active, model.revision = digest, model.last
        model.digests[model.last] = digest
        model.holds.clear()
        model.refused.clear()
        model.runs, model.restarts = model.wanted is Desired.RUNNING, 0

    def handed_over(self) -> None:
        """What serves saves its state for the next one; what does not, has saved it before or never."""
        model = self.model
        if model.runs and model.revision is not None:
            self.saves()
        elif model.saved is not None:
            model.count = model.saved
        else:
            model.count = 0

    def saves(self) -> None:
        model = self.model
        assert model.revision is not None
        model.saved = model.left[model.revision] = model.count

    def loads(self) -> None:
        """A fresh instance begins with the newest saved state."""
        self.model.count = self.model.saved or 0

    def refusing_gate(self, digest: str) -> str | None:
        gate = NAMES.get(digest)
        # Without a saved state there is nothing to load: the gate has nothing to refuse.
        if gate == Gate.STATE_LOAD and not self.model.runs and self.model.saved is None:
            return None
        return gate

    # ------------------------------------------------------------------ what happens to it

    @rule(component=st.sampled_from(ANY))
    def a_file_is_replaced(self, component: Crafted | bytes) -> None:
        model = self.model
        digest = digest_of(bytes_of(component))
        self.world.put("c", component, manifest_of(component))
        self.world.notice("c")
        model.on_disk = digest
        if digest == model.active or digest in model.holds | model.refused | set(model.quarantined):
            assert self.world.events("c", "ignored")
            return
        if (gate := self.refusing_gate(digest)) is None:
            self.accepted(digest)
        else:
            model.last += 1
            model.refused.add(digest)
            assert self.world.outcomes("c")[model.last] is Outcome.FAILED
            assert f"refused at {gate}: " in self.world.told("c", "refused")

    @rule()
    def it_is_reloaded(self) -> None:
        model = self.model
        if model.on_disk == model.active and model.runs:
            with pytest.raises(TransitionError):
                self.world.do(Reload("c"))
            return
        if model.on_disk == model.active:
            self.world.do(Reload("c"))  # nothing serves: it is started
            model.wanted, model.runs, model.restarts = Desired.RUNNING, True, 0
            self.loads()
            return
        gate = self.refusing_gate(model.on_disk)
        if gate is None:
            self.world.do(Reload("c"))
            model.wanted = Desired.RUNNING
            self.accepted(model.on_disk)
            self.is_out_of_quarantine(model.on_disk)
            return
        with pytest.raises(GateRefusal) as refused:
            self.world.do(Reload("c"))
        assert refused.value.gate == gate
        model.last += 1
        model.refused.add(model.on_disk)

    @rule(back=st.integers(0, 6), policy=POLICIES)
    def it_is_rolled_back(self, back: int, policy: StatePolicy) -> None:
        """Go back so many revisions that served; past the first one there is nothing."""
        model = self.model
        served = sorted(set(model.digests) - model.lifted, reverse=True)
        to = served[back] if back < len(served) else model.last + 1
        target = model.digests.get(to)
        nothing_kept = policy is StatePolicy.RESTORE and to not in model.left
        if target is None or target == model.active or nothing_kept:
            with pytest.raises(RollbackRefused):
                self.world.do(Rollback("c", to=to, state=policy))
            return
        restored = {StatePolicy.FRESH: 0, StatePolicy.RESTORE: model.left.get(to)}.get(policy)
        held = {digest for digest in (model.active, model.on_disk) if digest} - {target}
        before = (model.revision, model.active, set(model.holds), set(model.refused), policy) if model.runs else None
        self.world.do(Rollback("c", to=to, state=policy))
        self.accepted(target)
        self.is_out_of_quarantine(target)
        model.holds = held
        if restored is not None:
            model.count = restored
            model.saved = model.left[model.last] = restored
        model.undoable = Undoable("rollback", model.revision, before)

    @precondition(lambda self: not self.model.runs)
    @rule()
    def it_is_called_in_vain(self) -> None:
        with pytest.raises(NotServing):
            self.world.runtime.invoke("c", "add", 1)

    @rule()
    def it_is_stopped(self, command: Command = STOP) -> None:
        model = self.model
        if model.wanted is Desired.STOPPED and self.world.row("c").state in {State.STOPPED, State.INSTALLED}:
            with pytest.raises(TransitionError):
                self.world.do(Stop("c"))
            return
        self.world.do(command)
        if model.runs:
            self.saves()
        model.wanted, model.runs = Desired.STOPPED, False
        model.undoable = Undoable("stop", model.revision)

    @rule()
    def it_is_started(self, command: Command = START) -> None:
        model = self.model
        if model.runs:
            with pytest.raises(TransitionError):
                self.world.do(Start("c"))
            return
        self.world.do(command)
        model.wanted, model.runs, model.restarts = Desired.RUNNING, True, 0
        self.loads()
        model.undoable = Undoable("start", model.revision)

    # ------------------------------------------------------------------ what is written into its history

    @rule(back=st.integers(0, 5))
    def it_is_pinned_or_let_go(self, back: int) -> None:
        number, pins = max(1, self.model.last - back), self.model.pins
        self.world.do(Pin("c", number, pinned=number not in pins))
        self.model.undoable = Undoable("pin", number, set(pins))
        pins ^= {number}

    @rule(back=st.integers(0, 5), text=st.sampled_from(["", "by hand", "again"]))
    def a_note_is_written(self, back: int, text: str) -> None:
        number, notes = max(1, self.model.last - back), self.model.notes
        before = self.revision(number).note
        self.world.do(Annotate("c", number, text))
        if before != text:
            self.model.undoable = Undoable("note", number, before)
        notes[number] = text

    @rule(back=st.integers(0, 3))
    def it_is_marked(self, back: int) -> None:
        served = sorted(self.model.digests, reverse=True)
        number = served[min(back, len(served) - 1)]
        stable = self.revision(number).stable
        with contextlib.suppress(TransitionError):  # its probation may have ended meanwhile
            self.world.do(MarkStable("c", number, stable=not stable))
        assert self.revision(number).stable is not stable
        self.model.undoable = None  # what is stable is judged by others, too

    @rule()
    def what_nobody_needs_is_collected(self) -> None:
        collected = self.world.runtime.collect().result(30)
        assert collected.revisions == 0

    # ------------------------------------------------------------------ what happens to its state

    @precondition(lambda self: self.model.runs)
    @rule()
    def its_state_is_saved(self) -> None:
        self.world.do(SaveState("c"))
        self.saves()

    @precondition(lambda self: self.model.runs and self.model.left)
    @rule(choice=st.integers(0, 8), imported=st.booleans())
    def an_older_state_is_restored(self, choice: int, imported: bool) -> None:
        model = self.model
        states = self.world.runtime.states("c").result(30)
        file = self.world.runtime.export_state("c", states[choice % len(states)].id).result(30)
        if imported:
            self.world.do(ImportState("c", file))
            assert self.world.runtime.states("c").result(30)[0].digest == file.digest
        chosen = self.world.runtime.states("c").result(30)[0] if imported else states[choice % len(states)]
        self.world.do(RestoreState("c", chosen.id))
        holds, refused = set(model.holds), set(model.refused)
        assert model.active is not None
        self.accepted(model.active)
        model.holds, model.refused = holds, refused
        model.count = model.saved = model.left[model.last] = int.from_bytes(file.data, "little")
        model.undoable = None  # tests/runtime/commands has the undo of a restore

    # ------------------------------------------------------------------ what is undone

    @precondition(lambda self: self.model.undoable is not None)
    @rule()
    def what_was_done_last_is_undone(self) -> None:
        model, undoable = self.model, self.model.undoable
        assert undoable is not None
        wanted = {"stop": Desired.STOPPED, "start": Desired.RUNNING}.get(undoable.verb, model.wanted)
        moved = undoable.verb in {"stop", "start", "rollback"} and undoable.revision != model.revision
        if moved or wanted is not model.wanted:
            with pytest.raises(TransitionError, match="can no longer be undone"):
                self.world.do(Undo())
        elif undoable.verb == "stop":
            self.it_is_started(Undo())
        elif undoable.verb == "start":
            self.it_is_stopped(Undo())
        elif undoable.verb == "rollback" and undoable.before is not None:
            self.goes_forward_again(*undoable.before)
        elif undoable.verb == "pin":
            self.world.do(Undo())
            model.pins = undoable.before
        elif undoable.verb == "note":
            assert undoable.revision is not None
            self.world.do(Undo())
            model.notes[undoable.revision] = undoable.before
        model.undoable = None

    @precondition(lambda self: self.model.runs)
    @rule(back=st.integers(1, 3), policy=POLICIES)
    def a_rollback_is_thought_better_of(self, back: int, policy: StatePolicy) -> None:
        self.model.undoable = None
        self.it_is_rolled_back(back, policy)
        if self.model.undoable is not None:
            self.what_was_done_last_is_undone()

    def goes_forward_again(
        self, revision: int, digest: str, holds: set[str], refused: set[str], policy: StatePolicy
    ) -> None:
        """A rollback is undone: what served before serves, with the state it had where that was exchanged.

        What was held and what was refused before it, is so again.
        """
        model = self.model
        self.world.do(Undo())
        self.accepted(digest)
        self.is_out_of_quarantine(digest)
        model.holds, model.refused = holds - {digest}, refused - {digest}
        if policy is not StatePolicy.KEEP:
            model.count = model.saved = model.left[model.last] = model.left[revision]

    @precondition(lambda self: self.model.runs)
    @rule()
    def it_is_unloaded_and_brought_back(self) -> None:
        model = self.model
        self.world.do(Unload("c"))
        self.saves()
        model.wanted, model.runs = Desired.STOPPED, False
        self.it_is_started(Undo())
        model.undoable = None

    # ------------------------------------------------------------------ what goes wrong after it took over

    @precondition(lambda self: self.model.runs)
    @rule(lift=st.booleans())
    def a_faulty_version_is_gone_back_from(self, lift: bool) -> None:
        """It passes every gate and traps when it is used: the one before serves again, and nothing was lost."""
        model, faulty = self.model, Crafted(salt=f"faulty {self.model.last}", add="(unreachable)")
        if not self.world.row("c").stable:
            with contextlib.suppress(TransitionError):  # its probation may have ended meanwhile
                self.world.do(MarkStable("c", model.revision or 0))
        sound = str(model.active)
        self.world.put("c", faulty, STRICT)
        self.world.notice("c")
        self.accepted(digest_of(faulty.wasm()))
        bad, count = model.last, model.count
        assert self.world.runtime.invoke("c", "add", 1).exception(30) is not None
        self.world.wait_row("c", lambda row: row.revision == bad + 1 and row.state is State.RUNNING)
        model.runs = False  # it died, and saved nothing more
        self.accepted(sound)
        model.runs, model.count, model.undoable = True, count, None
        del model.digests[bad]
        model.quarantined[digest_of(faulty.wasm())] = bad
        self.world.notice("c")
        assert "quarantined" in self.world.told("c", "ignored")
        if lift:
            self.world.do(LiftQuarantine("c", bad))
            del model.quarantined[digest_of(faulty.wasm())]
            model.digests[bad] = digest_of(faulty.wasm())
            model.lifted.add(bad)
        self.a_file_is_replaced(GOOD[0])

    def revision(self, number: int) -> RevisionView:
        return next(each for each in self.world.history("c") if each.number == number)

    @precondition(lambda self: self.model.runs)
    @rule()
    def it_is_restarted(self) -> None:
        self.world.do(Restart("c"))
        self.saves()

    @precondition(lambda self: self.model.runs)
    @rule()
    def it_traps(self) -> None:
        model = self.model
        before, target = self.world.row("c").restarts, self.falls_back_to()
        assert self.world.runtime.invoke("c", "trap").exception(30) is not None
        if model.restarts >= 2 and target is not None:
            self.falls_back(target)
            return
        if model.restarts >= 2:
            self.world.wait_row("c", lambda row: row.recovery.kind == "exhausted")
            model.runs = False
            return
        self.world.wait_row("c", lambda row: row.restarts == before + 1 and row.state is State.RUNNING)
        model.restarts += 1
        self.loads()

    def falls_back_to(self) -> RevisionView | None:
        """Return the last stable revision that is not at fault, if what serves is not stable."""
        history = self.world.history("c")
        active = next(each for each in history if each.outcome is Outcome.ACTIVE)
        lineage = active.number if active.origin is None else active.origin
        sound = [
            each
            for each in history
            if each.outcome is Outcome.SUPERSEDED
            and each.stable
            and each.number < lineage
            and each.digest not in {active.digest, *self.model.quarantined}
        ]
        return sound[0] if sound and not active.stable else None

    def falls_back(self, target: RevisionView) -> None:
        """Its restarts are used up and it is not stable: the last stable one serves, from the last saved state."""
        model = self.model
        bad, digest, holds, refused = model.revision, model.active, set(model.holds), set(model.refused)
        assert bad is not None
        assert digest is not None
        self.world.wait_row("c", lambda row: row.revision == model.last + 1 and row.state is State.RUNNING)
        model.runs = False  # it died, and saved nothing more
        self.accepted(target.digest)
        model.holds, model.refused = holds - {target.digest}, refused - {target.digest}
        if model.saved is not None:
            model.left[model.last] = model.saved
        model.undoable = None
        model.quarantined[digest] = bad
        del model.digests[bad]

    def is_out_of_quarantine(self, digest: str) -> None:
        """The operator has deployed what was in quarantine."""
        number = self.model.quarantined.pop(digest, None)
        if number is not None:
            self.model.digests[number] = digest

    @rule()
    def the_runtime_is_restarted(self) -> None:
        if self.model.runs:
            self.saves()
        self.world.reopen()
        self.comes_back()

    @rule()
    def the_process_is_killed(self) -> None:
        self.world.crash()
        self.comes_back()

    def comes_back(self) -> None:
        model = self.model
        model.restarts = 0
        model.runs = model.wanted is Desired.RUNNING
        if model.runs:
            self.loads()

    @precondition(lambda self: digest_of(SLOW.wasm()) not in self.model.holds)
    @rule(component=st.sampled_from(GOOD))
    def a_slow_change_is_overtaken(self, component: Crafted) -> None:
        """A candidate that would take a minute to start is made void by whatever comes after it."""
        self.world.put("c", SLOW, MANIFEST + PATIENT)
        self.world.notice_later("c")
        self.world.wait_row("c", lambda row: row.candidate == self.model.last + 1)
        self.model.last += 1
        self.a_file_is_replaced(component)

    @precondition(lambda self: digest_of(SLOW.wasm()) not in self.model.holds)
    @rule(policy=POLICIES)
    def a_slow_change_is_undone(self, policy: StatePolicy) -> None:
        self.world.put("c", SLOW, MANIFEST + PATIENT)
        self.world.notice_later("c")
        self.world.wait_row("c", lambda row: row.candidate == self.model.last + 1)
        self.model.last += 1
        self.model.on_disk = digest_of(SLOW.wasm())
        self.it_is_rolled_back(1, policy)
        self.a_file_is_replaced(GOOD[0])

    # ------------------------------------------------------------------ what is always true

    @invariant()
    def the_catalog_agrees(self) -> None:
        model = self.model
        if model.revision is None:
            return
        history = self.world.history("c")
        assert [revision.number for revision in history] == list(range(model.last, 0, -1)), "numbers only grow"
        active = [revision for revision in history if revision.outcome is Outcome.ACTIVE]
        assert [(revision.number, revision.digest) for revision in active] == [(model.revision, model.active)]
        assert {r.number for r in history if r.outcome in {Outcome.ACTIVE, Outcome.SUPERSEDED}} == set(model.digests)
        assert model.active not in NAMES or NAMES[model.active] is Gate.STATE_LOAD
        assert Outcome.CANDIDATE not in {revision.outcome for revision in history}
        bad = {(r.number, r.digest) for r in history if r.outcome is Outcome.QUARANTINED}
        assert bad == {(number, digest) for digest, number in model.quarantined.items()}
        assert {revision.number for revision in history if revision.pinned} == model.pins
        for number, text in model.notes.items():
            assert next(revision for revision in history if revision.number == number).note == text

    @invariant()
    def history_is_only_added_to(self) -> None:
        if self.model.revision is None:
            return
        history = self.world.history("c")
        now = {revision.number: revision for revision in history}
        for old in self.seen:
            new = now[old.number]
            assert (new.digest, new.version, new.cause, new.who, new.at, new.origin, new.size) == (
                *(old.digest, old.version, old.cause, old.who, old.at, old.origin, old.size),
            )
            assert old.activated_at in {None, new.activated_at}
        self.seen = history

    @invariant()
    def limits_are_those_of_the_revision(self) -> None:
        if self.model.revision is None:
            return
        small = self.model.active == digest_of(GOOD[3].wasm())
        assert self.world.row("c").meters.memory_limit == (MIB if small else Limits().memory)

    @invariant()
    def the_row_agrees(self) -> None:
        model = self.model
        if model.revision is None:
            return
        self.world.publish()
        row = self.world.row("c")
        assert (row.revision, row.digest, row.desired) == (model.revision, model.active, model.wanted)
        assert (row.state is State.RUNNING) is model.runs
        assert row.candidate is None
        held = {hold.digest for hold in self.world.runtime.probe.component("c").barred.holds}
        assert held == model.holds
        assert model.active not in held

    @invariant()
    def the_count_goes_on_exactly(self) -> None:
        """After each step: what it counted, and one more, so that no two saved states are alike."""
        if self.model.runs:
            self.model.count += 1
            assert self.world.call("c", "add", 1) == self.model.count


COMMON: dict[str, Any] = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}

TestLife = Life.TestCase
TestLife.settings = settings(max_examples=20, stateful_step_count=22, **COMMON)


@pytest.mark.slow
@pytest.mark.timeout(400)
class TestLongLife(Life.TestCase):
    """The same, for longer."""

    settings = settings(max_examples=30, stateful_step_count=25, **COMMON)
