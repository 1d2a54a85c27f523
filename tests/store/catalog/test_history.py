"""A component's history over any sequence of operations and restarts, against a small model."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import ClassVar

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from airssys_tui.core.identity import digest_of
from airssys_tui.store.catalog.records import Activation, Hold, RevisionRecord
from airssys_tui.store.directory import StateDirectory
from tests.support.catalogs import Clock, candidate

OUTCOMES = st.sampled_from(["superseded", "failed", "quarantined", "purged"])
CONTENTS = st.sampled_from(["one", "two", "three"])


class HistoryMachine(RuleBasedStateMachine):
    base: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(dir=self.base))
        self.clock = Clock()
        self.state = self.open()
        self.state.catalog.upsert_component("counter", "/c")
        self.model: list[RevisionRecord] = []
        self.held: set[str] = set()
        self.open_deployments: set[int] = set()

    def open(self) -> StateDirectory:
        return StateDirectory.open(self.root / "state", folder=self.root, clock=self.clock)

    def change(self, number: int, **fields: object) -> None:
        self.model[number - 1] = msgspec.structs.replace(self.model[number - 1], **fields)

    @rule(content=CONTENTS, deployed=st.booleans())
    def accept(self, content: str, deployed: bool) -> None:
        catalog, deployment = self.state.catalog, None
        if deployed:
            deployment = catalog.begin_deployment("counter", len(self.model) + 1, digest_of(content.encode()), "deploy")
            self.open_deployments.add(deployment)
        added = catalog.add_revision(candidate(content=content), deployment=deployment)
        assert added.number == len(self.model) + 1
        self.model.append(added)

    @precondition(lambda self: any(record.outcome == "candidate" for record in self.model))
    @rule(
        data=st.data(), old=st.sampled_from(["superseded", "quarantined"]), stable=st.booleans(), hold_old=st.booleans()
    )
    def activate(self, data: st.DataObject, old: str, stable: bool, hold_old: bool) -> None:
        number = data.draw(st.sampled_from([r.number for r in self.model if r.outcome == "candidate"]))
        before = next((record for record in self.model if record.outcome == "active"), None)
        holds = (Hold(before.digest, None, "rolled back", 1.0),) if before is not None and hold_old else ()
        now = self.clock()
        self.state.catalog.activate(
            Activation(
                component="counter",
                revision=number,
                at=now,
                old_outcome=old,
                old_reason="old",
                stable=stable,
                holds=holds,
            )
        )
        if before is not None:
            self.change(before.number, outcome=old, outcome_reason="old", outcome_at=now)
        self.change(number, outcome="active", outcome_at=now, activated_at=now, stable=stable)
        self.held |= {hold.digest for hold in holds}
        self.held.discard(self.model[number - 1].digest)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), outcome=OUTCOMES)
    def end(self, data: st.DataObject, outcome: str) -> None:
        number = data.draw(st.integers(1, len(self.model)))
        self.state.catalog.set_outcome("counter", number, outcome, "why", 3.0)
        self.change(number, outcome=outcome, outcome_reason="why", outcome_at=3.0)

    @rule(content=CONTENTS)
    def lift(self, content: str) -> None:
        digest = digest_of(content.encode())
        assert self.state.catalog.lift_hold("counter", digest) == int(digest in self.held)
        self.held.discard(digest)

    @precondition(lambda self: self.open_deployments)
    @rule()
    def finish(self) -> None:
        self.state.catalog.finish(self.open_deployments.pop(), "cancelled")

    @rule()
    def restart(self) -> None:
        self.state.close()
        self.state = self.open()
        closed = {record.id for record in self.state.catalog.abort_unfinished(at=4.0)}
        assert closed == self.open_deployments
        self.open_deployments.clear()
        found = self.state.catalog.revisions("counter")
        for record in [record for record in self.model if record.outcome == "candidate"]:
            reason = found[-record.number].outcome_reason
            assert reason
            self.change(record.number, outcome="failed", outcome_reason=reason, outcome_at=4.0)

    @invariant()
    def nothing_is_lost_and_one_is_active(self) -> None:
        catalog = self.state.catalog
        assert list(catalog.revisions("counter")) == self.model[::-1]
        active = [record for record in self.model if record.outcome == "active"]
        assert [catalog.active_revision("counter")] == (active or [None])
        assert {hold.digest for hold in catalog.holds("counter")} == self.held
        assert {record.id for record in catalog.unfinished()} == self.open_deployments

    def teardown(self) -> None:
        self.state.catalog.integrity()
        self.state.close()


def test_history_against_a_model(tmp_path: Path) -> None:
    class Machine(HistoryMachine):
        base = tmp_path

    run_state_machine_as_test(Machine, settings=settings(max_examples=20, stateful_step_count=25, deadline=None))
