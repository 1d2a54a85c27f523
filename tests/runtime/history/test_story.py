"""Stories: what is recorded of a component, told in sentences. One test per situation, each with the whole story."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import msgspec
import pytest

from airssys_tui.api.commands import MarkStable, Reload, Rollback, Stop
from airssys_tui.core.errors import GateRefusal, UnknownComponent
from airssys_tui.core.events import Event, EventKind, Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.lifecycle import Recovery, RecoveryKind, State
from airssys_tui.core.revision import Cause, Outcome, StatePolicy
from airssys_tui.runtime.history.recollection import Present, Told, recollect
from airssys_tui.runtime.history.story import tell
from airssys_tui.runtime.history.timeline import timeline
from airssys_tui.store.catalog.records import ComponentRecord, Hold, RevisionRecord, SnapshotInfo
from airssys_tui.store.directory import StateDirectory
from tests.support.components import ALL, Crafted
from tests.support.world import World

NOW = 1_700_000_000.0  # 22:13:20 UTC
GATES = ((Gate.SIZE, 0.1), (Gate.COMPILE, 41.0), (Gate.HEALTH_PROBE, 6.9))
RUNNING = Present(state=State.RUNNING)


def revision(number: int, outcome: str = "superseded", **said: Any) -> RevisionRecord:
    """Return a revision that took over a minute after the one before it, unless it never did."""
    at = NOW - 7_200 + number * 60
    served = outcome not in {"failed", "candidate"}
    values: dict[str, Any] = {
        "component": "counter",
        "digest": f"sha256:{number:064x}",
        "manifest": "{}",
        "manifest_digest": "m",
        "cause": Cause.DEPLOY if number == 1 else Cause.RELOAD,
        "who": "watcher",
        "created_at": at,
        "size": 1_000,
        "number": number,
        "version": f"1.{number - 1}.0",
        "outcome": Outcome(outcome),
        "outcome_at": at + (60 if served else 1),
        "activated_at": at + 1 if served else None,
        "stable": outcome == "superseded",
    }
    return RevisionRecord(**{**values, **said})


def told(*revisions: RevisionRecord, **said: Any) -> Told:
    record = ComponentRecord("counter", "counter", "running", NOW - 9_000, 1, present=True)
    newest = tuple(sorted(revisions, key=lambda record: -record.number))
    gates = {number.number: GATES for number in newest if number.activated_at is not None}
    return Told(**{"component": record, "revisions": newest, "gates": gates, "now": NOW, **said})


def event(action: str, text: str, ago: float, kind: EventKind = EventKind.SUPERVISION) -> Event:
    return Event(seq=1, at=NOW - ago, kind=kind, level=Level.WARNING, text=text, component="counter", action=action)


def snapshot(number: int, of: int, cause: str, ago: float, size: int = 41) -> SnapshotInfo:
    return SnapshotInfo(number, "counter", of, "count/1", "text", cause, NOW - ago, "sha256:aa", size)


def story(recorded: Told, present: Present | None = RUNNING) -> list[str]:
    return [str(sentence) for sentence in tell(recorded, present, UTC)]


def change(recorded: Told, **said: Any) -> Told:
    return msgspec.structs.replace(recorded, component=msgspec.structs.replace(recorded.component, **said))


PASSED = "It passed 3 gates in 48ms: size 0.1ms, compile 41ms, health probe 6.9ms."
FIRST = "r1 (1.0.0) has served as counter since 20:14:21 (1h58m ago): first deployed, the watcher saw its files change."
NOT_RUNNING = FIRST.replace("served as", "been the active revision of")
RETRY = (
    "What you can do: fix what was refused; it is deployed again when the files change (airssys-tui reload counter)."
)


def test_a_first_deployment() -> None:
    assert story(told(revision(1, "active"))) == [
        FIRST,
        PASSED,
    ]


def test_an_update_that_carried_the_state_along() -> None:
    assert story(
        told(
            revision(1), revision(2, "active"), snapshots=(snapshot(3, 2, "stop", 60), snapshot(1, 1, "update", 7_079))
        )
    ) == [
        "r1 (1.0.0) served until 20:15:21 (1h57m ago); it was stable.",
        "r2 (1.1.0) has served as counter since 20:15:21 (1h57m ago): reloaded, the watcher saw its files change.",
        PASSED,
        "Its state (41B) was kept from r1.",
        "The newest snapshot of its state is 41B, saved at 22:12:20 (1m00s ago) by r2 (stop).",
        "What you can do: roll back to r1 (airssys-tui rollback counter).",
    ]


def test_a_refusal_after_an_update() -> None:
    assert story(
        told(
            revision(1),
            revision(2, "active"),
            revision(3, "failed", outcome_reason="refused at health probe: unhealthy: negative count"),
            gates={2: GATES, 3: GATES[:2]},
        )
    ) == [
        "r1 (1.0.0) served until 20:15:21 (1h57m ago); it was stable.",
        "r2 (1.1.0) has served as counter since 20:15:21 (1h57m ago): reloaded, the watcher saw its files change.",
        PASSED,
        (
            "At 20:16:21 (1h56m ago), with 2 gates passed, r3 (1.2.0) was refused at health probe: "
            "unhealthy: negative count; the active revision kept serving."
        ),
        (
            "What you can do: fix what was refused; it is deployed again when the files change "
            "(airssys-tui reload counter); roll back to r1 (airssys-tui rollback counter)."
        ),
    ]


def test_what_never_passed_its_gates() -> None:
    assert story(
        told(
            revision(1, "failed", outcome_reason="refused at types: acme:weather/forecast is not known"),
            gates={1: GATES[:1]},
        ),
        Present(state=State.FAILED),
    ) == [
        "counter has never served: no revision of it has passed every gate.",
        (
            "At 20:14:21 (1h58m ago), with 1 gate passed, r1 (1.0.0) was refused at types: "
            "acme:weather/forecast is not known."
        ),
        RETRY,
    ]


def test_nothing_was_ever_tried() -> None:
    assert story(told(), Present(state=State.FAILED)) == [
        "counter has no revisions yet.",
        RETRY,
    ]


def test_a_rollback_by_the_operator() -> None:
    assert story(
        told(
            revision(1),
            revision(2, stable=False),
            revision(3, "active", note="wrong totals", cause=Cause.ROLLBACK, who="operator", origin=1, version="1.0.0"),
            holds=(Hold("sha256:x", "1.1.0", "rolled back to r1", NOW),),
        )
    ) == [
        "r2 (1.1.0) served until 20:16:21 (1h56m ago); it was untried.",
        "r3 (1.0.0) has served as counter since 20:16:21 (1h56m ago): operator rolled back to r1.",
        "The note on it says: wrong totals.",
        PASSED,
        (
            "Held: 1.1.0 (rolled back to r1). Neither the watcher nor a restart deploys it; new files "
            "or an explicit reload lift that."
        ),
        "What you can do: add new files, or deploy the held ones anyway (airssys-tui reload counter).",
    ]


def test_a_rollback_that_nobody_asked_for() -> None:
    assert story(
        told(
            revision(1),
            revision(2, "quarantined", stable=False, outcome_reason="3 traps in 20 s (unreachable)"),
            revision(
                3,
                "active",
                note="3 traps in 20 s (unreachable)",
                cause=Cause.ROLLBACK,
                who="airssys",
                origin=1,
                version="1.0.0",
            ),
        )
    ) == [
        "r2 (1.1.0) failed at 20:16:21 (1h56m ago): 3 traps in 20 s (unreachable).",
        "r3 (1.0.0) has served as counter since 20:16:21 (1h56m ago): the runtime rolled back automatically to r1.",
        PASSED,
        "r2 (1.1.0) is in quarantine; it is not deployed again until that is lifted.",
        "What you can do: lift the quarantine of r2 once you know why it failed.",
    ]


def test_a_rollback_with_a_fresh_state() -> None:
    assert story(
        told(
            revision(1),
            revision(2, stable=False),
            revision(3, "active", cause=Cause.ROLLBACK, who="operator", origin=1, version="1.0.0"),
            snapshots=(snapshot(2, 3, "fresh", 7_019), snapshot(1, 2, "update", 7_019)),
        )
    ) == [
        "r2 (1.1.0) served until 20:16:21 (1h56m ago); it was untried.",
        "r3 (1.0.0) has served as counter since 20:16:21 (1h56m ago): operator rolled back to r1.",
        PASSED,
        "It started with a fresh state; the previous state is kept as a snapshot.",
        "The newest snapshot of its state is 41B, saved at 20:16:21 (1h56m ago) by r3 (fresh).",
    ]


def test_a_rollback_with_the_state_of_its_time() -> None:
    assert story(
        told(
            revision(1),
            revision(2, stable=False),
            revision(3, "active", cause=Cause.ROLLBACK, who="operator", origin=1, version="1.0.0"),
            snapshots=(snapshot(2, 3, "restore", 7_019), snapshot(1, 2, "update", 7_019)),
        )
    ) == [
        "r2 (1.1.0) served until 20:16:21 (1h56m ago); it was untried.",
        "r3 (1.0.0) has served as counter since 20:16:21 (1h56m ago): operator rolled back to r1.",
        PASSED,
        "It started with a restored older state (41B).",
        "The newest snapshot of its state is 41B, saved at 20:16:21 (1h56m ago) by r3 (restore).",
    ]


def test_a_state_that_was_restored() -> None:
    assert story(
        told(
            revision(1),
            revision(2, "active", cause=Cause.RESTORE, who="operator", origin=1, version="1.0.0"),
            snapshots=(snapshot(2, 2, "restore", 7_079),),
        )
    ) == [
        "r1 (1.0.0) served until 20:15:21 (1h57m ago); it was stable.",
        "r2 (1.0.0) has served as counter since 20:15:21 (1h57m ago): operator restored a state into it.",
        PASSED,
        "It started with a restored older state (41B).",
        "The newest snapshot of its state is 41B, saved at 20:15:21 (1h57m ago) by r2 (restore).",
    ]


def test_a_component_that_waits_to_be_restarted() -> None:
    assert story(
        told(
            revision(1, "active"),
            events=(event("trapped", "trap in r1: unreachable", 30), event("restarting", "in 0.2s", 30)),
            snapshots=(snapshot(1, 1, "timer", 90),),
        ),
        Present(
            state=State.FAILED, recovery=Recovery(RecoveryKind.BACKOFF, NOW + 1, 1), trouble="unreachable · 1 try left"
        ),
    ) == [
        NOT_RUNNING,
        PASSED,
        "The newest snapshot of its state is 41B, saved at 22:11:50 (1m30s ago) by r1 (timer).",
        "Supervision restarted it once since, last at 22:12:50 (30s ago); the last trap: trap in r1: unreachable.",
        "After a trap it resumes from its last saved state; changes after that are lost.",
        "It waits for a restart, 1 try left: unreachable.",
    ]


def test_a_component_whose_tries_are_used_up() -> None:
    assert story(
        told(revision(1, "active")),
        Present(state=State.FAILED, recovery=Recovery(RecoveryKind.EXHAUSTED), trouble="3 traps in 60s"),
    ) == [
        NOT_RUNNING,
        PASSED,
        "It failed, and supervision gave it up with no tries left: 3 traps in 60s.",
        "What you can do: start it (airssys-tui start counter).",
    ]


def test_a_component_that_was_stopped() -> None:
    assert story(
        change(
            told(revision(1, "active"), events=(event("stop", "asked", 300, EventKind.OPERATOR),)), desired="stopped"
        ),
        Present(state=State.STOPPED),
    ) == [
        NOT_RUNNING,
        PASSED,
        "The operator stopped it at 22:08:20 (5m00s ago); it stays stopped until it is started.",
        "What you can do: start it (airssys-tui start counter).",
    ]


def test_files_that_are_gone() -> None:
    assert story(change(told(revision(1, "active")), present=False), Present(state=State.STOPPED)) == [
        NOT_RUNNING,
        PASSED,
        "Its files are gone from the folder; its history is kept.",
    ]


def test_a_probation_that_is_over_is_not_told() -> None:
    assert not any(
        "probation" in sentence
        for sentence in story(told(revision(1, "active")), Present(state=State.RUNNING, probation_until=NOW))
    )


def test_files_that_could_not_be_read_are_told_though_they_have_no_revision() -> None:
    away = "counter/counter.wasm is a named pipe, not a file"
    assert story(told(revision(1, "active")), Present(state=State.RUNNING, unread=away)) == [
        FIRST,
        PASSED,
        f"The files that are in the folder now were not taken in: {away}; the active revision keeps serving.",
        RETRY,
    ]
    assert story(told(), Present(state=State.FAILED, unread=away)) == [
        "counter has no revisions yet.",
        f"The files that are in the folder now were not taken in: {away}.",
        RETRY,
    ]


def test_a_probation() -> None:
    assert story(told(revision(1), revision(2, "active")), Present(state=State.RUNNING, probation_until=NOW + 8)) == [
        "r1 (1.0.0) served until 20:15:21 (1h57m ago); it was stable.",
        "r2 (1.1.0) has served as counter since 20:15:21 (1h57m ago): reloaded, the watcher saw its files change.",
        PASSED,
        "It is on probation for another 8.0s.",
        "What you can do: roll back to r1 (airssys-tui rollback counter).",
    ]


def test_many_refusals_are_counted() -> None:
    assert story(
        told(revision(1, "active"), *(revision(n, "failed", outcome_reason="refused at init: no") for n in range(2, 8)))
    ) == [
        FIRST,
        PASSED,
        "At 20:18:21 (1h54m ago), r5 (1.4.0) was refused at init: no; the active revision kept serving.",
        "At 20:19:21 (1h53m ago), r6 (1.5.0) was refused at init: no; the active revision kept serving.",
        "At 20:20:21 (1h52m ago), r7 (1.6.0) was refused at init: no; the active revision kept serving.",
        "3 candidates before did not pass either.",
        RETRY,
    ]


def test_an_update_under_way_after_one_that_was_overtaken() -> None:
    assert story(
        told(
            revision(1, "active"),
            revision(2, "failed", outcome_reason="a newer change or a rollback came first"),
            revision(3, "candidate"),
        ),
        Present(state=State.UPDATING, candidate=3),
    ) == [
        FIRST,
        PASSED,
        (
            "At 20:15:21 (1h57m ago), r2 (1.1.0) was not deployed: a newer change or a rollback came first; "
            "the active revision kept serving."
        ),
        "r3 is on its way through the gates now.",
    ]


def test_a_change_of_another_day() -> None:
    assert story(told(revision(1, "active", activated_at=NOW - 200_000))) == [
        (
            "r1 (1.0.0) has served as counter since 2023-11-12 at 14:40 (2d07h ago): first deployed, the "
            "watcher saw its files change."
        ),
        PASSED,
    ]


def test_a_story_is_told_without_a_runtime() -> None:
    recorded = told(revision(1), revision(2, "active"))
    assert story(recorded, None) == story(recorded, msgspec.structs.replace(RUNNING, tried=False))
    tried = msgspec.structs.replace(recorded, tried=frozenset({2}))
    assert story(tried, None) == story(recorded)
    assert set(story(recorded, None)) - set(story(tried, None)) == {
        "It is untried: it has neither served enough calls to be stable, nor passed saved checks."
    }


def test_what_a_guest_says_is_tamed() -> None:
    hostile = "refused at init: \x1b]52;c;aGk=\x07 [red]no[/red]\u202e"
    for sentence in story(told(revision(1, "failed", outcome_reason=hostile))):
        assert sentence.isprintable()


def test_going_back_by_itself_is_told_with_its_reasons(world: World) -> None:
    world.open()
    strict = '[deployment]\nprobation = "1h"\ntraps = 0\n'
    world.install("c", Crafted(salt="sound"), version="1.0.0")
    world.do(MarkStable("c", 1))
    world.install("c", Crafted(salt="faulty", add="(unreachable)"), strict, version="1.1.0")
    told = "\n".join(world.runtime.explain("c").result(30).sentences)
    assert "It is on probation for another" in told
    assert world.runtime.invoke("c", "add", 1).exception(30) is not None
    world.wait_row("c", lambda row: row.revision == 3 and row.state is State.RUNNING)
    told = "\n".join(world.runtime.explain("c").result(30).sentences)
    assert "r2 (1.1.0) failed at" in told
    assert "unreachable" in told
    assert "the runtime rolled back automatically to r1" in told
    assert "r2 (1.1.0) is in quarantine; it is not deployed again until that is lifted" in told
    assert "lift the quarantine of r2" in told


def test_a_life_is_told_as_it_was_lived(world: World) -> None:
    world.open()
    world.install("c", Crafted(salt="one"), version="1.0.0")
    world.call("c", "add", 5)
    world.install("c", Crafted(salt="two"), version="1.1.0")
    world.put("c", Crafted(exports=ALL - {"get"}), version="1.2.0")
    with pytest.raises(GateRefusal):
        world.do(Reload("c"))
    lived = "\n".join(world.runtime.explain("c").result(30).sentences)
    assert "r1 (1.0.0) served until" in lived
    assert "r2 (1.1.0) has served as c since" in lived
    assert "was kept from r1" in lived
    assert "r3 (1.2.0) was refused at compatibility" in lived
    assert "roll back to r1" in lived
    world.do(Rollback("c", state=StatePolicy.FRESH, note="too early"))
    lived = "\n".join(world.runtime.explain("c").result(30).sentences)
    assert "operator rolled back to r1" in lived
    assert "The note on it says: too early." in lived
    assert "It started with a fresh state" in lived
    assert "Held: 1.1.0 and 1.2.0" in lived
    world.do(Stop("c"))
    world.close()
    with StateDirectory.open_readonly(world.state_dir) as reader:
        recorded = tell(recollect(reader.catalog, "c", NOW))
        assert any(sentence.startswith("The operator stopped it") for sentence in recorded)
        with pytest.raises(UnknownComponent):
            recollect(reader.catalog, "nobody", NOW)


def test_a_gate_that_an_older_program_recorded_is_left_out(world: World) -> None:
    world.open()
    world.install("c", Crafted(), version="1.0.0")
    world.close()
    with StateDirectory.open(world.state_dir, folder=world.folder) as state:
        with state.catalog.database.transaction("stage") as connection:
            detail = '[["compile", 4.0], ["vanished", 0.1], ["instantiate", 2.0]]'
            connection.execute("UPDATE stages SET detail = ? WHERE name = 'rehearsed'", (detail,))
        (view,) = timeline(state.catalog, "c")
        assert view.gates == ((Gate.COMPILE, 4.0), (Gate.INSTANTIATE, 2.0))
        told = tell(recollect(state.catalog, "c", NOW))
    assert "It passed 2 gates in 6.0ms: compile 4.0ms, instantiate 2.0ms." in told
