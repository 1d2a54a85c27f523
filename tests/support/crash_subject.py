"""A program that writes everything a state directory can hold, one acknowledged step after the other.

Run as ``python -m tests.support.crash_subject DIRECTORY``; the number of the last step that returned is printed.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from airssys_tui.core.capability.audit_entry import Head
from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.permission import parse_permission
from airssys_tui.core.identity import digest_of
from airssys_tui.core.lifecycle import CommandEnd, CommandOutcome
from airssys_tui.core.revision import Cause
from airssys_tui.store.catalog.grant_records import ApprovalRecord, DenialRecord, QuestionRecord, UseRecord
from airssys_tui.store.catalog.records import (
    ActionRecord,
    Activation,
    CheckRecord,
    CostRecord,
    DecisionRow,
    EventRow,
    Hold,
    NewSnapshot,
    Refusal,
    RevisionRecord,
)
from airssys_tui.store.directory import StateDirectory

ONE, TWO = digest_of(b"one"), digest_of(b"two")


def revision(digest: str) -> RevisionRecord:
    return RevisionRecord(
        component="counter",
        digest=digest,
        manifest_digest="sha256:m",
        cause=Cause.DEPLOY,
        who="watcher",
        created_at=1.0,
        size=3,
        manifest="{}",
    )


def snapshot(number: int) -> NewSnapshot:
    return NewSnapshot("counter", number, "v1", "binary", b"state", "update", 2.0)


ACTIVATION = Activation(
    component="counter",
    revision=2,
    at=9.0,
    deployment=2,
    snapshot=snapshot(1),
    old_outcome="quarantined",
    holds=(Hold("sha256:x", None, "rolled back", 9.0),),
    lift=(ONE,),
    forget_refusals=True,
)

DENIAL = DenialRecord(
    component="counter", access="process:spawn:git", reason="not-granted", count=1, first_at=1.0, last_at=2.0
)


def grant(scope: Scope) -> Grant:
    permission = parse_permission("process:spawn:git")
    return Grant(id=0, component="counter", permission=permission, scope=scope, who="operator", at=2.0)


ACTION = ActionRecord(0, 9.2, "operator", "counter", "stop counter", "{}", "{}", "{}")
UNDOING = ActionRecord(0, 9.3, "operator", "counter", "undo of stop counter", "{}", "{}", "{}", undoes=1)


def steps(state: StateDirectory) -> Iterator[Callable[[], object]]:
    catalog, refusal = state.catalog, Refusal("counter", TWO, "sha256:m", "probe", "unhealthy", 3.0, "0.1.0")
    yield lambda: state.blobs.put(b"one")
    yield lambda: state.blobs.put(b"two")
    yield lambda: state.code.put(ONE, "engine", b"compiled")
    yield lambda: state.code.remove(ONE)
    yield lambda: catalog.upsert_component("counter", "/c")
    yield lambda: catalog.begin_deployment("counter", 1, ONE, "deploy")
    yield lambda: catalog.stage(1, "compile", "41 ms")
    yield lambda: catalog.add_revision(revision(ONE), deployment=1)
    yield lambda: catalog.set_interface("counter", 1, "{}")
    yield lambda: catalog.activate(Activation(component="counter", revision=1, at=4.0, deployment=1))
    yield lambda: catalog.set_stable("counter", 1)
    yield lambda: catalog.pin("counter", 1, who="operator")
    yield lambda: catalog.annotate("counter", 1, "the good one", who="operator")
    yield lambda: catalog.add_snapshot(snapshot(1))
    yield lambda: catalog.mark_snapshot_failed(1, 1)
    yield lambda: catalog.hold("counter", Hold(ONE, "1.0.0", "held", 5.0))
    yield lambda: catalog.remember_refusal(refusal)
    yield lambda: catalog.begin_deployment("counter", 2, TWO, "deploy")
    yield lambda: catalog.add_revision(revision(TWO), deployment=2)
    yield lambda: catalog.activate(ACTIVATION)
    yield lambda: catalog.keep_costs("counter", 1, CostRecord('{"add":[20,7.0,null]}', 20))
    yield lambda: catalog.keep_end("counter", CommandEnd(1, CommandOutcome.COMPLETED, "completed in 3ms", 9.0))
    yield lambda: catalog.set_outcome("counter", 2, "quarantined", "2 traps in 4 s")
    yield lambda: catalog.reinstate("counter", 2, "by operator")
    yield lambda: catalog.set_outcome("counter", 1, "superseded", "it was not its fault")
    yield lambda: catalog.save_check(CheckRecord("counter", "one", "get", "[]", "1", 2, 9.1))
    yield lambda: catalog.record_action(ACTION)
    yield lambda: catalog.record_action(UNDOING, settles="undone")
    yield lambda: catalog.settle_action(2, "r2 has taken over since")
    yield lambda: catalog.purge("counter", [1], at=9.5)
    yield lambda: catalog.drop_snapshots([1])
    yield lambda: state.blobs.remove(TWO)
    yield lambda: catalog.lift_hold("counter")
    yield lambda: catalog.remember_refusal(refusal)
    yield lambda: catalog.forget_refusals("counter")
    yield lambda: catalog.set_desired("counter", "stopped")
    yield lambda: catalog.set_present("counter", present=False)
    yield lambda: catalog.append_decisions([DecisionRow(6.0, "accepted", "generation 2", "counter")] * 2)
    yield lambda: catalog.append_events([EventRow(6.0, "lifecycle", "info", "running", "counter")] * 2)
    yield lambda: catalog.trim_old("counter", 4_000_000.0)
    yield lambda: catalog.begin_deployment("counter", 3, ONE, "reload")
    yield lambda: catalog.finish(3, "refused", "why")
    yield lambda: catalog.begin_deployment("counter", 4, ONE, "reload")
    yield lambda: catalog.add_revision(revision(ONE), deployment=4)
    yield catalog.abort_unfinished
    yield from granting(state)


def granting(state: StateDirectory) -> Iterator[Callable[[], object]]:
    """Yield the steps about grants."""
    grants = state.grants
    question = QuestionRecord(component="counter", permission="process:spawn:git", at=1.0)
    yield lambda: grants.ask(question)
    yield lambda: grants.add_grants([grant(Scope.ONCE), grant(Scope.ALWAYS)], settles=[1])
    yield lambda: grants.use_up_grant(1, 5.0)
    yield lambda: grants.revoke_grants([1, 2], who="operator", at=6.0)
    yield lambda: grants.ask(question)
    yield lambda: grants.settle_question(2, "withdrawn", who="operator", at=7.0)
    yield lambda: grants.count_denials([DENIAL, DENIAL])
    yield lambda: grants.note_uses([UseRecord("counter", "process:spawn:git", 1, 1.0, 2.0)])
    yield lambda: grants.note_calls({"counter": 7})
    yield lambda: grants.add_trust("{}", who="operator", at=8.0)
    yield lambda: grants.answer_candidate(ApprovalRecord("counter", ONE, "sha256:m", "approved", "operator", 9.0))
    yield lambda: grants.set_audit_head(Head(3, "a" * 64), Head(1, "b" * 64))


def contents(directory: Path) -> dict[str, object]:
    """Return every row of every table but the folder's name, and every finished file, without changing anything."""
    files = (path for kind in ("blobs", "code") for path in (directory / kind).glob("*/*"))
    found: dict[str, object] = {
        "files": {path.name: path.read_bytes() for path in files if path.parent.name != "unfinished"}
    }
    if not (directory / "catalog.db").exists():
        return found
    with closing(sqlite3.connect(directory / "catalog.db")) as connection:
        names = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'facts'")
        ]
        return found | {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in sorted(names)}


def main(directory: Path) -> None:
    (directory.parent / "components").mkdir(exist_ok=True)
    state = StateDirectory.open(directory, folder=directory.parent / "components", clock=lambda: 7.0)
    print("opened", flush=True)
    for step in steps(state):
        step()
        print("step", flush=True)
    state.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
