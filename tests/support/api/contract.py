"""What every runtime promises to a front end. A test module per implementation gives the bench that it runs on."""

from __future__ import annotations

from abc import ABC, abstractmethod

import msgspec
import pytest

from airssys_tui.api import wire
from airssys_tui.api.commands import (
    AddTrust,
    Annotate,
    AnswerQuestion,
    Approve,
    Deny,
    Grant,
    ImportState,
    LiftQuarantine,
    MarkStable,
    Pin,
    Reload,
    RemoveTrust,
    Restart,
    RestoreState,
    Revoke,
    Rollback,
    SaveState,
    Start,
    Stop,
    Undo,
    Unload,
)
from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.components import ComponentDetail, ComponentView
from airssys_tui.api.views.granting import AuditQuery, Standing
from airssys_tui.api.views.impact import EffectKind
from airssys_tui.api.views.messaging import MessageBody
from airssys_tui.api.views.past import HistoryQuery
from airssys_tui.api.views.revisions import RollbackPreview
from airssys_tui.api.views.runtime import Snapshot
from airssys_tui.core.capability.audit_entry import AuditKind
from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.capability.permission import parse_permission
from airssys_tui.core.capability.policy import Mode
from airssys_tui.core.errors import (
    AirssysError,
    ArgumentError,
    ExportNotFound,
    GateRefusal,
    NotServing,
    RollbackRefused,
    TransitionError,
    UnknownComponent,
    UsageError,
)
from airssys_tui.core.events import EventAction, EventKind, Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import digest_of
from airssys_tui.core.lifecycle import State
from airssys_tui.core.message import MessageRefusal, Undelivered
from airssys_tui.core.revision import Cause, Outcome, StatePolicy
from airssys_tui.core.types.interface import Primitive

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

    def revision(self, number):
        """Return one revision of the timeline."""
        return next(each for each in self.versions() if each.number == number)

    def states(self):
        """Return the states that are kept."""
        return self.api.states("counter").result(PATIENCE)


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
            lambda api: api.states("nobody"),
            lambda api: api.export_state("nobody", 1),
            lambda api: api.explain("nobody"),
            lambda api: api.impact("nobody"),
            lambda api: api.call("nobody", "value"),
            lambda api: api.recordings("nobody"),
            lambda api: api.replay("nobody"),
            lambda api: api.submit(Start("nobody")),
            lambda api: api.submit(Rollback("nobody")),
            lambda api: api.submit(Pin("nobody", 1)),
            lambda api: api.submit(SaveState("nobody")),
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
        assert found[1].stable or found[1].untried

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
        assert Gate.COMPATIBILITY in newest.reason
        assert any(event.action == EventAction.REFUSED for event in bench.api.events().events)

    def test_a_reload_that_breaks_callers_names_the_gate_and_can_be_forced(self, bench):
        bench.arrive("1.3.0")
        with pytest.raises(GateRefusal) as refusal:
            bench.do(Reload("counter"))
        assert refusal.value.gate == Gate.COMPATIBILITY
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
        assert bench.api.call("counter", "increment", "[3]", force=True).result(PATIENCE).revision == 2

    def test_a_difference_can_be_of_any_two(self, bench):
        there = bench.api.diff("counter", 2, 1).result(PATIENCE)
        assert (there.now.number, there.then.number) == (1, 2)
        assert any(line.subject == "exports" and line.change == "added" for line in there.lines)

    def test_a_note_is_written_and_taken_away(self, bench):
        bench.do(Annotate("counter", 1, "before the summer"))
        assert bench.revision(1).note == "before the summer"
        bench.do(Annotate("counter", 1, ""))
        assert not bench.revision(1).note

    def test_a_pin_is_set_and_let_go(self, bench):
        bench.do(Pin("counter", 1))
        assert bench.revision(1).pinned
        bench.do(Pin("counter", 1, pinned=False))
        assert not bench.revision(1).pinned

    def test_an_operator_says_what_is_stable(self, bench):
        bench.do(MarkStable("counter", 2))
        assert bench.revision(2).stable
        assert bench.row().stable
        bench.do(MarkStable("counter", 1, stable=not bench.revision(1).stable))
        bench.do(MarkStable("counter", 1, stable=not bench.revision(1).stable))
        if bench.revision(1).stable:
            bench.do(MarkStable("counter", 1, stable=False))
        assert not bench.revision(1).stable
        bench.do(Rollback("counter"))
        assert bench.versions()[0].origin == 1, "without a stable one it is the one before"

    def test_what_never_served_is_not_stable(self, bench):
        bench.arrive("1.3.0")
        with pytest.raises(AirssysError):
            bench.do(MarkStable("counter", 3))
        assert not bench.revision(3).stable

    @pytest.mark.parametrize(
        "command",
        [
            Pin("counter", 99),
            Annotate("counter", 99, "nothing"),
            MarkStable("counter", 99),
            LiftQuarantine("counter", 99),
            LiftQuarantine("counter", 1),
            RestoreState("counter", 999_999),
        ],
        ids=["pin", "note", "mark-stable", "lift", "lift-of-a-good-one", "restore"],
    )
    def test_what_is_not_there_cannot_be_marked(self, bench, command):
        with pytest.raises(AirssysError):
            bench.do(command)

    def test_a_state_is_saved_and_listed(self, bench):
        before = {view.id for view in bench.states()}
        bench.do(SaveState("counter"))
        newest = bench.states()[0]
        assert newest.id not in before
        assert (newest.component, newest.revision, newest.cause) == ("counter", 2, "operator")
        assert newest.size > 0
        assert newest.paired

    def test_a_state_of_what_does_not_run_is_not_saved(self, bench):
        bench.do(Stop("counter"))
        with pytest.raises(AirssysError):
            bench.do(SaveState("counter"))

    def test_a_state_comes_out_and_in_again(self, bench):
        bench.do(SaveState("counter"))
        newest = bench.states()[0]
        file = bench.api.export_state("counter", newest.id).result(PATIENCE)
        assert (file.component, file.digest, len(file.data)) == ("counter", newest.digest, newest.size)
        assert digest_of(file.data) == file.digest
        bench.do(ImportState("counter", file))
        brought = bench.states()[0]
        assert (brought.cause, brought.digest) == ("import", file.digest)
        assert brought.id != newest.id
        assert bench.row().revision == 2
        with pytest.raises(AirssysError):
            bench.do(ImportState("counter", msgspec.structs.replace(file, data=file.data + b"?")))

    def test_an_earlier_state_comes_back_as_a_new_revision(self, bench):
        bench.do(SaveState("counter"))
        kept = bench.states()[0]
        done = bench.do(RestoreState("counter", kept.id))
        newest = bench.versions()[0]
        assert (newest.number, newest.cause, newest.outcome) == (3, Cause.RESTORE, Outcome.ACTIVE)
        assert newest.digest == bench.revision(2).digest
        assert done.revision == bench.row().revision == 3

    def test_what_was_done_last_can_be_undone(self, bench):
        bench.do(Pin("counter", 1))
        assert "pin" in bench.api.snapshot().undo
        bench.do(Undo())
        assert not bench.revision(1).pinned
        bench.do(Stop("counter"))
        assert "counter" in bench.api.snapshot().undo
        bench.do(Undo())
        assert bench.row().state is State.RUNNING

    def test_the_commands_of_one_batch_are_undone_as_one(self, bench):
        for number in (1, 2):
            bench.api.submit(Pin("counter", number), batch="both").result(PATIENCE)
        assert "2 components" in bench.api.snapshot().undo
        bench.do(Undo())
        assert not any(bench.revision(number).pinned for number in (1, 2))
        assert bench.api.snapshot().undo == ""

    def test_a_rollback_can_be_undone(self, bench):
        bench.do(Rollback("counter"))
        assert bench.row().version == "1.0.0"
        bench.do(Undo())
        row = bench.row()
        assert (row.version, row.state, row.revision) == ("1.1.0", State.RUNNING, 4)

    def test_a_restored_state_can_be_exchanged_for_the_one_before(self, bench):
        bench.do(SaveState("counter"))
        saved = bench.states()[0].id
        bench.do(RestoreState("counter", saved))
        replaced = next(view for view in bench.states() if view.revision == 2)
        assert f"from snapshot {saved}" in bench.api.snapshot().undo
        assert "snapshot" in bench.api.snapshot().undo_loses
        bench.do(Undo())
        assert bench.versions()[0].cause is Cause.RESTORE
        assert (replaced.cause, replaced.digest, bench.row().revision) == ("update", bench.states()[0].digest, 4)

    def test_nothing_to_undo_is_an_error(self, bench):
        assert bench.api.snapshot().undo == ""
        with pytest.raises(AirssysError):
            bench.do(Undo())

    def test_the_last_change_is_told_in_sentences(self, bench):
        bench.arrive("1.3.0")
        story = bench.api.explain("counter").result(PATIENCE)
        assert story.component == "counter"
        assert any("reset" in sentence for sentence in story.sentences)
        assert any("r2" in sentence for sentence in story.sentences)

    def test_what_a_stop_would_do_is_told_before(self, bench):
        impact = bench.api.impact("counter").result(PATIENCE)
        assert (impact.component, impact.omitted) == ("counter", 0)
        (stays,) = [effect for effect in impact.effects if effect.kind is EffectKind.RETURN]
        assert (stays.component, stays.harm, stays.depth) == ("counter", False, 0)
        assert stays.text == "it stays stopped until it is started"

    def test_history_is_asked_for_by_what_it_is_about(self, bench):
        bench.arrive("1.3.0")
        whole = bench.api.history(HistoryQuery()).result(PATIENCE).events
        assert [event.at for event in whole] == sorted(event.at for event in whole)
        decisions = bench.api.history(HistoryQuery(component="counter", kinds=(EventKind.DECISION,))).result(PATIENCE)
        assert {event.kind for event in decisions.events} == {EventKind.DECISION}
        errors = bench.api.history(HistoryQuery(level=Level.ERROR)).result(PATIENCE).events
        assert any(event.action == EventAction.REFUSED for event in errors)
        assert {event.level for event in errors} == {Level.ERROR}
        assert len(bench.api.history(HistoryQuery(limit=1)).result(PATIENCE).events) == 1
        assert bench.api.history(HistoryQuery(until=whole[0].at)).result(PATIENCE).events == ()
        assert bench.api.history(HistoryQuery(component="nobody")).result(PATIENCE).events == ()

    def test_who_has_no_handler_takes_no_message(self, bench):
        said = MessageBody(text="hello")
        for ask in (bench.api.send_message, bench.api.ask_component):
            with pytest.raises(MessageRefusal) as refusal:
                ask("counter", said).result(PATIENCE)
            assert (refusal.value.case, refusal.value.component) == (Undelivered.FAILED, "counter")
            with pytest.raises(UnknownComponent):
                ask("nobody", said).result(PATIENCE)
        assert bench.api.publish("news.today", said).result(PATIENCE).taken == 0
        with pytest.raises(UsageError):
            bench.api.publish("News", said).result(PATIENCE)

    def test_nothing_is_heard_and_no_letter_is_dead(self, bench):
        page = bench.api.publications("news.*").result(PATIENCE)
        assert bench.api.publications("news.*", page.last).result(PATIENCE).publications == ()
        assert bench.api.dead_letters().result(PATIENCE).letters == ()
        assert bench.api.dead_letters("counter").result(PATIENCE).letters == ()
        for ask in (bench.api.replay_dead_letters, bench.api.discard_dead_letters):
            (outcome,) = ask(("none",)).result(PATIENCE)
            assert (outcome.id, bool(outcome.error)) == ("none", True)
        for ask in (lambda: bench.api.dead_letter("none"), lambda: bench.api.publications("a.#.b")):
            with pytest.raises(UsageError):
                ask().result(PATIENCE)

    def test_the_disk_is_accounted_for(self, bench):
        use = bench.api.disk().result(PATIENCE)
        assert use.catalog > 0
        assert use.blobs > 0
        assert use.free > 0

    def test_collecting_takes_nothing_that_is_needed(self, bench):
        bench.do(SaveState("counter"))
        planned = bench.api.collect(dry=True).result(PATIENCE)
        assert planned.dry
        assert (planned.revisions, planned.states) == (0, 0)
        done = bench.api.collect().result(PATIENCE)
        assert not done.dry
        assert [each.outcome for each in bench.versions()] == [Outcome.ACTIVE, Outcome.SUPERSEDED]
        bench.do(Rollback("counter"))
        assert bench.row().version == "1.0.0"

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

    def test_what_components_tell_of_themselves_is_bounded_and_in_order(self, bench):
        traces = bench.api.traces("counter").result(PATIENCE)
        assert len(traces) <= 64
        assert [trace.at for trace in traces] == sorted((trace.at for trace in traces), reverse=True)
        detail = bench.api.meters("counter").result(PATIENCE)
        assert len(detail.custom) <= 200
        series = [(one.name, one.labels) for one in detail.custom]
        assert series == sorted(series)
        with pytest.raises(UnknownComponent):
            bench.api.traces("nobody").result(PATIENCE)

    def test_requests_are_asked_for_within_bounds(self, bench):
        view = bench.api.http().result(PATIENCE)
        assert all(not route.taken_by or route.taken_by != route.component for route in view.routes)
        assert bench.api.http("counter", 0).result(PATIENCE).requests == ()
        for wrong in (-1, 1_001):
            with pytest.raises(UsageError):
                bench.api.http("", wrong).result(PATIENCE)
        with pytest.raises(UnknownComponent):
            bench.api.http("nobody").result(PATIENCE)

    def test_a_trace_is_found_by_its_id(self, bench):
        for trace in bench.api.traces("counter").result(PATIENCE)[:1]:
            assert bench.api.traces("counter", trace.id).result(PATIENCE) == (trace,)
        assert bench.api.traces("counter", "0" * 32).result(PATIENCE) == ()

    def test_what_is_declared_stands_beside_what_is_granted(self, bench):
        view = bench.api.grants("counter").result(PATIENCE)
        assert (view.component, view.revision, view.candidate) == ("counter", 2, None)
        assert view.mode is Mode.ENFORCE
        for row in view.rows:
            assert str(parse_permission(row.permission)) == row.permission
            assert (row.standing is Standing.GRANTED) == any(answer.in_force for answer in row.answers)
        assert [question.id for question in view.questions] == [
            question.id for question in bench.api.questions().result(PATIENCE) if question.component == "counter"
        ]
        with pytest.raises(UnknownComponent):
            bench.api.grants("nobody").result(PATIENCE)

    def test_an_answer_is_in_force_until_it_is_revoked(self, bench):
        net = "network:connect:api.example.com:443"
        done = bench.do(Grant("counter", net, Scope.ALWAYS, 3_600.0, "daily rates"))
        assert net in done.text
        assert "does not declare it" in done.text
        (given,) = bench.api.grants("counter").result(PATIENCE).beyond
        assert (given.permission, given.scope, given.in_force) == (net, Scope.ALWAYS, True)
        assert given.expires_at is not None
        bench.do(Revoke("counter", net))
        assert bench.api.grants("counter").result(PATIENCE).beyond == ()
        bench.do(Deny("counter", net))
        (refused,) = bench.api.grants("counter").result(PATIENCE).beyond
        assert refused.scope is Scope.NEVER
        bench.do(Revoke("counter", grant=refused.id))
        page = bench.api.audit(AuditQuery(component="counter", after=0)).result(PATIENCE)
        told = [(entry.kind, entry.subject) for entry in page.entries if entry.subject == net]
        assert told == [
            (kind, net) for kind in (AuditKind.GRANTED, AuditKind.REVOKED, AuditKind.REFUSED, AuditKind.REVOKED)
        ]
        assert page.entries[0].text == "daily rates"
        assert bench.api.verify_audit(page.head.text).result(PATIENCE).entry is None

    @pytest.mark.parametrize(
        "command",
        [
            Grant("counter", "everything"),
            Grant("counter", "filesystem:write:/etc/**"),
            Grant("counter", "environment:HOME", seconds=0.0),
            Revoke("counter", "environment:HOME"),
            Revoke("counter", grant=999_999),
            Approve("counter"),
            Deny("counter"),
            AnswerQuestion("counter", 999_999, Scope.ONCE),
            AddTrust("vendor", ("environment:HOME",)),
            RemoveTrust("vendor"),
        ],
        ids=lambda command: type(command).__name__,
    )
    def test_what_an_operator_cannot_answer_is_an_error(self, bench, command):
        with pytest.raises(UsageError):
            bench.do(command)
        assert bench.api.grants("counter").result(PATIENCE).beyond == ()

    def test_a_trust_rule_is_added_and_removed(self, bench):
        bench.do(AddTrust("vendor", ("environment:HOME",), source="/**"))
        (rule,) = bench.api.trust().result(PATIENCE).rules
        assert (rule.name, rule.source, rule.permissions) == ("vendor", "/**", ("environment:HOME",))
        assert "counter" in rule.components
        with pytest.raises(UsageError):
            bench.do(AddTrust("vendor", ("environment:HOME",), source="/**"))
        bench.do(RemoveTrust("vendor"))
        assert bench.api.trust().result(PATIENCE).rules == ()

    def test_the_default_policy_is_told_with_the_trust_rules(self, bench):
        view = bench.api.trust().result(PATIENCE)
        assert view.default == ("storage", "messaging")
        assert view.rules == ()

    def test_the_audit_is_in_order_and_can_be_verified(self, bench):
        page = bench.api.audit(AuditQuery()).result(PATIENCE)
        numbers = [entry.n for entry in page.entries]
        assert numbers == sorted(set(numbers))
        assert all(number <= page.head.count for number in numbers)
        verdict = bench.api.verify_audit().result(PATIENCE)
        assert verdict.entry is None
        assert verdict.head.count >= page.head.count
        ahead = msgspec.structs.replace(page.head, count=page.head.count + 1_000)
        missing = bench.api.verify_audit(ahead.text).result(PATIENCE)
        assert missing.entry is not None
        assert missing.entry > page.head.count
        wrong_queries = (AuditQuery(limit=0), AuditQuery(limit=1_001), AuditQuery(after=1, before=2))
        asked = [lambda query=query: bench.api.audit(query) for query in wrong_queries]
        for wrong in (*asked, lambda: bench.api.verify_audit("nonsense")):
            with pytest.raises(UsageError):
                wrong().result(PATIENCE)

    def test_the_audit_is_paged_back(self, bench):
        for _ in range(3):
            bench.do(Grant("counter", "environment:HOME"))
            bench.do(Revoke("counter", "environment:HOME"))
        whole = bench.api.audit(AuditQuery(component="counter", after=0)).result(PATIENCE).entries
        page = bench.api.audit(AuditQuery(component="counter", limit=2)).result(PATIENCE)
        assert page.entries == whole[-2:]
        assert page.older
        before = bench.api.audit(AuditQuery(component="counter", before=page.since)).result(PATIENCE)
        assert before.entries + page.entries == whole
        assert not before.older
        assert bench.api.audit(AuditQuery(component="nobody")).result(PATIENCE).entries == ()

    def test_closing_twice_is_closing(self, bench):
        bench.api.close()
        bench.api.close()

    def test_an_interface_has_types(self, bench):
        view = bench.api.interface("counter").result(PATIENCE)
        exports = {export.path: export.function for export in view.interface.functions()}
        assert [param.type in {Primitive("u32"), Primitive("u64")} for param in exports["increment"].params] == [True]
        assert view.revision == 2

    def test_arguments_that_do_not_fit_are_refused_with_their_path(self, bench):
        with pytest.raises(ArgumentError, match="by"):
            bench.api.call("counter", "increment", "[-1]").result(PATIENCE)
        with pytest.raises(ArgumentError):
            bench.api.call("counter", "increment", "[]").result(PATIENCE)

    def test_a_call_is_kept_as_a_check_and_replayed(self, bench):
        kept = bench.api.save_check("counter", "adds up", "increment", "[3]").result(PATIENCE)
        assert (kept.name, kept.arguments, kept.revision) == ("adds up", "[3]", 2)
        assert bench.api.checks("counter").result(PATIENCE) == (kept,)
        (outcome,) = bench.api.verify("counter").result(PATIENCE)
        assert (outcome.passed, outcome.error, outcome.result) == (True, "", kept.result)
        bench.api.drop_check("counter", "adds up").result(PATIENCE)
        assert bench.api.verify("counter").result(PATIENCE) == ()

    def test_calls_are_recorded_only_if_the_manifest_asks_for_it(self, bench):
        bench.api.call("counter", "increment", "[3]").result(PATIENCE)
        found = bench.api.recordings("counter").result(PATIENCE)
        assert (found.component, found.wanted, found.calls, found.bytes) == ("counter", 0, (), 0)
        for asked in ({}, {"call": 7}):
            with pytest.raises(UsageError):
                bench.api.replay("counter", **asked).result(PATIENCE)
        report = bench.api.replay("counter", every=True).result(PATIENCE)
        assert (report.calls, report.same) == ((), True)

    def test_there_is_no_check_and_no_resource_of_that_name(self, bench):
        with pytest.raises(UsageError):
            bench.api.drop_check("counter", "nothing").result(PATIENCE)
        with pytest.raises(ArgumentError):
            bench.api.close_handle("counter", 7).result(PATIENCE)
        assert bench.api.open_handles("counter").result(PATIENCE) == ()
