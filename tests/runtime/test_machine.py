"""A component lived through at random, beside a model of what must be true of it.

The runtime is real, and so are the components, the catalog and the boundary. A crash is the state directory as it is
between two writes, opened by a new runtime: what a kill would have left.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from airssys_tui.api.commands import Reload, Restart, Rollback, Start, Stop
from airssys_tui.core.errors import GateRefusal, NotServing, RollbackRefused, TransitionError
from airssys_tui.core.identity import digest_of
from airssys_tui.core.lifecycle import Desired, State
from airssys_tui.core.revision import Outcome, StatePolicy
from tests.components import ALL, Crafted
from tests.world import World

GOOD = tuple(Crafted(salt=f"good {number}") for number in range(4))
BAD = {
    "size": b"",
    "magic": b"noise",
    "sections": Crafted().wasm()[:-1],
    "compile": Crafted().wasm() + b"\x0b\x02\x00\x01",
    "types": Crafted(imports=("acme:weather/forecast@2.1.0",)),
    "compatibility": Crafted(exports=ALL - {"get"}),
    "instantiate": Crafted(start="(unreachable)"),
    "init": Crafted(init="error"),
    "state load": Crafted(load="error"),
    "health probe": Crafted(health="unhealthy"),
}
SLOW = Crafted(init="spin")
PATIENT = '[resources]\ndeadline = "60s"\nfuel_per_call = "unlimited"\n'
ANY = (*GOOD, *BAD.values())
POLICIES = st.sampled_from(list(StatePolicy))
MANIFEST = (
    '[supervision]\nmax_restarts = 2\nwindow = "1h"\nbackoff = {initial = "1ms", jitter = 0.0}\n'
    # Going back by itself has tests of its own: here a trap is answered by a restart, always.
    '[deployment]\nprobation = "0s"\n'
)


def bytes_of(component: Crafted | bytes) -> bytes:
    return component.wasm() if isinstance(component, Crafted) else component


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


class Life(RuleBasedStateMachine):
    """One component's life."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="airssys-machine-"))
        self.world = World(self.root)
        self.model = Model()

    def teardown(self) -> None:
        self.world.close()
        shutil.rmtree(self.root)

    @initialize(first=st.sampled_from(GOOD))
    def begin(self, first: Crafted) -> None:
        self.world.put("c", first, MANIFEST)
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
        if gate == "state load" and not self.model.runs and self.model.saved is None:
            return None
        return gate

    # ------------------------------------------------------------------ what happens to it

    @rule(component=st.sampled_from(ANY))
    def a_file_is_replaced(self, component: Crafted | bytes) -> None:
        model = self.model
        digest = digest_of(bytes_of(component))
        self.world.put("c", component, MANIFEST)
        self.world.notice("c")
        model.on_disk = digest
        if digest == model.active or digest in model.holds or digest in model.refused:
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
        if model.on_disk == model.active:
            with pytest.raises(TransitionError):
                self.world.do(Reload("c"))
            return
        gate = self.refusing_gate(model.on_disk)
        if gate is None:
            self.world.do(Reload("c"))
            model.wanted = Desired.RUNNING
            self.accepted(model.on_disk)
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
        served = sorted(model.digests, reverse=True)
        to = served[back] if back < len(served) else model.last + 1
        target = model.digests.get(to)
        nothing_kept = policy is StatePolicy.RESTORE and to not in model.left
        if target is None or target == model.active or nothing_kept:
            with pytest.raises(RollbackRefused):
                self.world.do(Rollback("c", to=to, state=policy))
            return
        restored = {StatePolicy.FRESH: 0, StatePolicy.RESTORE: model.left.get(to)}.get(policy)
        held = {digest for digest in (model.active, model.on_disk) if digest} - {target}
        self.world.do(Rollback("c", to=to, state=policy))
        self.accepted(target)
        model.holds = held
        if restored is not None:
            model.count = restored
            model.saved = model.left[model.last] = restored

    @precondition(lambda self: not self.model.runs)
    @rule()
    def it_is_called_in_vain(self) -> None:
        with pytest.raises(NotServing):
            self.world.runtime.invoke("c", "add", 1)

    @rule()
    def it_is_stopped(self) -> None:
        model = self.model
        if model.wanted is Desired.STOPPED and self.world.row("c").state in {State.STOPPED, State.INSTALLED}:
            with pytest.raises(TransitionError):
                self.world.do(Stop("c"))
            return
        self.world.do(Stop("c"))
        if model.runs:
            self.saves()
        model.wanted, model.runs = Desired.STOPPED, False

    @rule()
    def it_is_started(self) -> None:
        model = self.model
        if model.runs:
            with pytest.raises(TransitionError):
                self.world.do(Start("c"))
            return
        self.world.do(Start("c"))
        model.wanted, model.runs, model.restarts = Desired.RUNNING, True, 0
        self.loads()

    @precondition(lambda self: self.model.runs)
    @rule()
    def it_is_restarted(self) -> None:
        self.world.do(Restart("c"))
        self.saves()

    @precondition(lambda self: self.model.runs)
    @rule()
    def it_traps(self) -> None:
        model = self.model
        before = self.world.row("c").restarts
        assert self.world.runtime.invoke("c", "trap").exception(30) is not None
        if model.restarts >= 2:
            self.world.wait_row("c", lambda row: row.recovery.kind == "exhausted")
            model.runs = False
            return
        self.world.wait_row("c", lambda row: row.restarts == before + 1 and row.state is State.RUNNING)
        model.restarts += 1
        self.loads()

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
        assert model.active not in NAMES or NAMES[model.active] == "state load"
        assert Outcome.CANDIDATE not in {revision.outcome for revision in history}

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
        held = {hold.digest for hold in self.world.runtime._system.router.find("c").holds}
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
TestLife.settings = settings(max_examples=15, stateful_step_count=20, **COMMON)


@pytest.mark.slow
@pytest.mark.timeout(400)
class TestLongLife(Life.TestCase):
    """The same, for longer."""

    settings = settings(max_examples=30, stateful_step_count=25, **COMMON)
