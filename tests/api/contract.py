"""What every runtime promises to a front end. A test module per implementation gives the bench that it runs on."""

from __future__ import annotations

from abc import ABC, abstractmethod

import msgspec
import pytest

from airssys_tui.api import wire
from airssys_tui.api.commands import Reload, Restart, Rollback, Start, Stop, Unload
from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views import ComponentDetail, ComponentView, RollbackPreview, Snapshot
from airssys_tui.core.errors import (
    AirssysError,
    ExportNotFound,
    GateRefusal,
    NotServing,
    RollbackRefused,
    TransitionError,
    UnknownComponent,
)
from airssys_tui.core.lifecycle import State
from airssys_tui.core.revision import Cause, Outcome, StatePolicy

PATIENCE = 30.0


class Bench(ABC):
    """A runtime on which ``counter`` was deployed as 1.0.0 (r1) and updated to 1.1.0 (r2), which serves."""

    api: RuntimeApi

    @abstractmethod
    def arrive(self, version: str) -> None:
        """Put a release of ``counter`` on disk, and return when the runtime has dealt with it."""

    def row(self) -> ComponentView:
        """Return the row of ``counter``."""
        return next(view for view in self.api.snapshot().components if view.id == "counter")

    def do(self, command):
        """Carry out a command and wait."""
        return self.api.submit(command).result(PATIENCE)

    def versions(self):
        """Return the timeline."""
        return self.api.versions("counter").result(PATIENCE)


class Contract:
    """The promises."""

    def test_rows_are_in_order_and_say_what_serves(self, bench):
        snapshot = bench.api.snapshot()
        assert [view.id for view in snapshot.components] == sorted(view.id for view in snapshot.components)
        row = bench.row()
        assert (row.state, row.version, row.revision, row.candidate) == (State.RUNNING, "1.1.0", 2, None)
        assert row.digest.startswith("sha256:")
        assert row.stateful
        assert row.meters.memory_limit > 0

    def test_since_leaves_out_what_has_not_changed(self, bench):
        snapshot = bench.api.snapshot()
        later = bench.api.snapshot(snapshot.generation)
        assert later.generation >= snapshot.generation
        assert all(view.generation > snapshot.generation for view in later.components)

    def test_since_brings_what_has_changed(self, bench):
        before = bench.api.snapshot().generation
        bench.do(Stop("counter"))
        later = bench.api.snapshot(before)
        assert later.generation > before
        assert [view.state for view in later.components if view.id == "counter"] == [State.STOPPED]

    def test_events_are_numbered_and_paged(self, bench):
        page = bench.api.events()
        numbers = [event.seq for event in page.events]
        assert numbers == sorted(set(numbers))
        assert bench.api.snapshot().last_event >= numbers[-1]
        assert bench.api.events(after=numbers[-1]).events == ()
        newest = bench.api.events(limit=2).events
        assert [event.seq for event in newest] == numbers[-2:]
        assert all(event.seq > numbers[0] for event in bench.api.events(after=numbers[0]).events)

    @pytest.mark.parametrize(
        "ask",
        [
            lambda api: api.describe("nobody"),
            lambda api: api.versions("nobody"),
            lambda api: api.diff("nobody", 1),
            lambda api: api.preview_rollback("nobody"),
            lambda api: api.call("nobody", "value"),
            lambda api: api.submit(Start("nobody")),
            lambda api: api.submit(Rollback("nobody")),
        ],
    )
    def test_an_unknown_component_is_an_error_of_the_future(self, bench, ask):
        with pytest.raises(UnknownComponent):
            ask(bench.api).result(PATIENCE)

    def test_the_timeline_is_newest_first_with_one_active(self, bench):
        found = bench.versions()
        assert [revision.number for revision in found] == [2, 1]
        assert [revision.outcome for revision in found] == [Outcome.ACTIVE, Outcome.SUPERSEDED]
        assert [revision.cause for revision in found] == [Cause.RELOAD, Cause.DEPLOY]
        assert found[0].digest == bench.row().digest
        assert found[1].stable

    def test_describing_names_exports_and_limits(self, bench):
        detail = bench.api.describe("counter").result(PATIENCE)
        assert any("increment" in line for line in detail.exports)
        assert detail.limits
        assert detail.view.id == "counter"
        assert [revision.number for revision in detail.revisions] == [2, 1]

    def test_a_difference_is_from_the_active_revision(self, bench):
        diff = bench.api.diff("counter", 1).result(PATIENCE)
        assert (diff.now.number, diff.then.number) == (2, 1)
        assert any(line.subject == "exports" and line.change == "removed" for line in diff.lines)

    def test_a_difference_from_nothing_is_an_error(self, bench):
        with pytest.raises(AirssysError):
            bench.api.diff("counter", 99).result(PATIENCE)

    def test_a_preview_changes_nothing(self, bench):
        preview = bench.api.preview_rollback("counter").result(PATIENCE)
        assert preview.becomes == 3
        assert preview.diff.then.number == 1
        assert "1.1.0" in preview.holds
        assert {choice.policy for choice in preview.state} <= set(StatePolicy)
        assert any(choice.possible for choice in preview.state)
        assert len(bench.versions()) == 2
        assert bench.row().revision == 2

    def test_a_rollback_does_what_its_preview_said(self, bench):
        preview = bench.api.preview_rollback("counter").result(PATIENCE)
        done = bench.do(Rollback("counter", to=preview.diff.then.number))
        row = bench.row()
        assert (row.state, row.version, row.revision) == (State.RUNNING, "1.0.0", preview.becomes)
        assert done.revision == preview.becomes
        newest = bench.versions()[0]
        assert (newest.cause, newest.origin, newest.digest) == (Cause.ROLLBACK, 1, preview.diff.then.digest)
        assert set(row.held) == set(preview.holds)
        assert "held" in row.note.text

    def test_a_rollback_to_what_serves_is_refused(self, bench):
        for ask in (lambda: bench.api.preview_rollback("counter", 2), lambda: bench.api.submit(Rollback("counter", 2))):
            with pytest.raises(RollbackRefused):
                ask().result(PATIENCE)
        assert bench.row().revision == 2

    def test_a_second_rollback_has_nowhere_to_go(self, bench):
        bench.do(Rollback("counter"))
        with pytest.raises(RollbackRefused):
            bench.do(Rollback("counter"))

    def test_what_is_held_is_not_deployed_until_a_reload(self, bench):
        bench.do(Rollback("counter"))
        bench.arrive("1.1.0")
        assert bench.row().version == "1.0.0"
        bench.do(Reload("counter"))
        row = bench.row()
        assert (row.version, row.held) == ("1.1.0", ())

    def test_what_is_refused_leaves_the_old_one_serving(self, bench):
        bench.arrive("1.3.0")
        row = bench.row()
        assert (row.state, row.version, row.revision) == (State.RUNNING, "1.1.0", 2)
        assert "reset" in row.note.text
        newest = bench.versions()[0]
        assert (newest.number, newest.outcome) == (3, Outcome.FAILED)
        assert "compatibility" in newest.reason
        assert any(event.action == "refused" for event in bench.api.events().events)

    def test_a_reload_that_breaks_callers_names_the_gate_and_can_be_forced(self, bench):
        bench.arrive("1.3.0")
        with pytest.raises(GateRefusal) as refusal:
            bench.do(Reload("counter"))
        assert refusal.value.gate == "compatibility"
        bench.do(Reload("counter", force=True))
        assert bench.row().version == "1.3.0"

    def test_stop_start_and_restart(self, bench):
        bench.do(Stop("counter"))
        assert bench.row().state is State.STOPPED
        with pytest.raises(TransitionError):
            bench.do(Stop("counter"))
        with pytest.raises(NotServing):
            bench.api.call("counter", "value").result(PATIENCE)
        bench.do(Start("counter"))
        assert bench.row().state is State.RUNNING
        with pytest.raises(TransitionError):
            bench.do(Start("counter"))
        bench.do(Restart("counter"))
        assert bench.row().state is State.RUNNING

    def test_unloading_keeps_the_history(self, bench):
        bench.do(Unload("counter"))
        assert bench.row().state is State.UNINSTALLED
        assert len(bench.versions()) == 2
        bench.do(Start("counter"))
        assert bench.row().state is State.RUNNING

    def test_a_reload_of_what_serves_is_an_error(self, bench):
        with pytest.raises(TransitionError):
            bench.do(Reload("counter"))

    def test_calls_say_who_answered(self, bench):
        report = bench.api.call("counter", "increment", "[3]").result(PATIENCE)
        assert report.revision == 2
        assert report.fuel > 0
        assert "increment" in report.export
        with pytest.raises(ExportNotFound):
            bench.api.call("counter", "no-such-export").result(PATIENCE)

    def test_values_can_travel(self, bench):
        for value, kind in (
            (bench.api.snapshot(), Snapshot),
            (bench.api.describe("counter").result(PATIENCE), ComponentDetail),
            (bench.api.preview_rollback("counter").result(PATIENCE), RollbackPreview),
        ):
            assert wire.encode(wire.decode(wire.encode(value), kind)) == wire.encode(value)

    def test_values_are_frozen(self, bench):
        with pytest.raises(AttributeError):
            bench.row().version = "2.0.0"
        assert msgspec.structs.replace(bench.row(), version="2.0.0").version == "2.0.0"

    def test_closing_twice_is_closing(self, bench):
        bench.api.close()
        bench.api.close()
