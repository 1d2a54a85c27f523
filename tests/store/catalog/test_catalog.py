"""What each room of the catalog keeps, refuses and orders."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airssys_tui.core.errors import BlobCorrupt, StoreError, UnknownComponent
from airssys_tui.core.identity import digest_of
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.records import (
    Activation,
    DecisionRow,
    EventRow,
    Hold,
    NewSnapshot,
    Refusal,
    SnapshotInfo,
    StageRecord,
)
from tests.support.catalogs import candidate

# --- components -----------------------------------------------------------------------------------------------------


def test_a_component_keeps_what_the_operator_wants_when_it_is_met_again(catalog: Catalog) -> None:
    catalog.set_desired("counter", "stopped")
    catalog.set_present("counter", present=False)
    catalog.upsert_component("counter", "/elsewhere/Component.toml")
    record = catalog.component("counter")
    assert record is not None
    assert (record.source, record.desired, record.present) == ("/elsewhere/Component.toml", "stopped", True)
    assert record.first_seen == 1_001.0
    assert record.active_revision is None


def test_components_are_in_the_order_of_their_identities(catalog: Catalog) -> None:
    catalog.upsert_component("alpha", "/a")
    assert [record.id for record in catalog.components()] == ["alpha", "counter", "echo"]
    assert catalog.component("nobody") is None


def test_what_is_wanted_of_an_unknown_component_is_refused(catalog: Catalog) -> None:
    with pytest.raises(UnknownComponent):
        catalog.set_desired("nobody", "running")
    with pytest.raises(UnknownComponent):
        catalog.set_present("nobody", present=True)
    with pytest.raises(StoreError):
        catalog.set_desired("counter", "perhaps")


# --- revisions ------------------------------------------------------------------------------------------------------


def test_numbers_grow_per_component_and_come_back_with_everything(catalog: Catalog) -> None:
    first = catalog.add_revision(candidate(version="1.0.0", interface="{}", note="first"))
    second = catalog.add_revision(candidate(origin=1, cause="rollback", who="operator"))
    other = catalog.add_revision(candidate("echo"))
    assert (first.number, second.number, other.number) == (1, 2, 1)
    assert catalog.revisions("counter") == (second, first)
    assert catalog.revision("counter", 1) == first
    assert catalog.revision("counter", 3) is None
    assert catalog.revisions("nobody") == ()


def test_a_purged_number_is_not_given_again(catalog: Catalog) -> None:
    catalog.add_revision(candidate())
    catalog.set_outcome("counter", 1, "purged", "retention", 9.0)
    assert catalog.add_revision(candidate()).number == 2


def test_a_number_is_not_spent_when_adding_fails(catalog: Catalog) -> None:
    with pytest.raises(StoreError):
        catalog.add_revision(candidate(origin=7))
    assert catalog.add_revision(candidate()).number == 1


def test_outcomes_are_set_with_their_reason_and_time(catalog: Catalog) -> None:
    catalog.add_revision(candidate())
    catalog.set_outcome("counter", 1, "failed", "export removed", 9.0)
    record = catalog.revision("counter", 1)
    assert record is not None
    assert (record.outcome, record.outcome_reason, record.outcome_at) == ("failed", "export removed", 9.0)
    with pytest.raises(StoreError):
        catalog.set_outcome("counter", 1, "splendid", "", 9.0)
    with pytest.raises(StoreError, match="no revision r2"):
        catalog.set_outcome("counter", 2, "failed", "", 9.0)


def test_only_an_activation_makes_a_revision_active(catalog: Catalog) -> None:
    with pytest.raises(StoreError, match="activation"):
        catalog.add_revision(candidate(outcome="active"))
    catalog.add_revision(candidate())
    with pytest.raises(StoreError, match="activation"):
        catalog.set_outcome("counter", 1, "active", "")
    assert catalog.active_revision("counter") is None


def test_stability_is_marked_and_taken_back(catalog: Catalog) -> None:
    catalog.add_revision(candidate())
    catalog.set_stable("counter", 1)
    assert [record.stable for record in catalog.revisions("counter")] == [True]
    catalog.set_stable("counter", 1, stable=False)
    assert [record.stable for record in catalog.revisions("counter")] == [False]
    with pytest.raises(StoreError):
        catalog.set_stable("counter", 2)


def test_an_interface_is_written_once(catalog: Catalog) -> None:
    catalog.add_revision(candidate())
    catalog.set_interface("counter", 1, '{"exports":[]}')
    with pytest.raises(StoreError, match="does not expect"):
        catalog.set_interface("counter", 1, "{}")
    record = catalog.revision("counter", 1)
    assert record is not None
    assert record.interface == '{"exports":[]}'


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM revisions",
        "UPDATE revisions SET digest = 'sha256:other'",
        "UPDATE revisions SET manifest = '{\"a\":1}'",
        "UPDATE revisions SET number = 7",
        "UPDATE revisions SET created_at = 0.0",
        "UPDATE revisions SET who = 'somebody else'",
        "INSERT OR REPLACE INTO revisions SELECT * FROM revisions",
    ],
)
def test_the_schema_itself_keeps_history_as_it_was(catalog: Catalog, sql: str) -> None:
    added = catalog.add_revision(candidate())
    with (
        pytest.raises(StoreError, match=r"append-only|FOREIGN KEY"),
        catalog.database.transaction("set-outcome") as raw,
    ):
        raw.execute(sql)
    assert catalog.revisions("counter") == (added,)


def test_the_schema_itself_allows_one_active_revision(catalog: Catalog) -> None:
    catalog.add_revision(candidate())
    catalog.add_revision(candidate())
    with pytest.raises(StoreError, match="UNIQUE"), catalog.database.transaction("set-outcome") as raw:
        raw.execute("UPDATE revisions SET outcome = 'active'")


# --- deployments ----------------------------------------------------------------------------------------------------


def test_a_deployment_is_a_journal_of_its_stages(catalog: Catalog) -> None:
    deployment = catalog.begin_deployment("counter", 7, "sha256:d", "deploy", at=1.0)
    catalog.stage(deployment, "compile", "41 ms", at=2.0)
    catalog.stage(deployment, "probe", at=3.0)
    added = catalog.add_revision(candidate(), deployment=deployment)
    assert [record.id for record in catalog.unfinished()] == [deployment]
    catalog.finish(deployment, "refused", "unhealthy", at=4.0)
    assert catalog.unfinished() == ()
    assert catalog.stages(deployment) == (StageRecord(1, "compile", "41 ms", 2.0), StageRecord(2, "probe", "", 3.0))
    (record,) = catalog.deployments("counter")
    assert (record.revision, record.outcome, record.reason, record.finished_at) == (
        added.number,
        "refused",
        "unhealthy",
        4.0,
    )


def test_a_deployment_that_has_ended_takes_nothing_more(catalog: Catalog) -> None:
    deployment = catalog.begin_deployment("counter", 1, "sha256:d", "deploy")
    catalog.finish(deployment, "cancelled")
    with pytest.raises(StoreError, match="not in progress"):
        catalog.stage(deployment, "compile")
    with pytest.raises(StoreError, match="not in progress"):
        catalog.finish(deployment, "refused")
    with pytest.raises(StoreError, match="not in progress"):
        catalog.stage(99, "compile")
    with pytest.raises(StoreError):
        catalog.begin_deployment("nobody", 1, "sha256:d", "deploy")


def test_generations_go_on_where_they_were(catalog: Catalog) -> None:
    assert catalog.latest_generation("counter") == 0
    catalog.begin_deployment("counter", 3, "sha256:d", "deploy")
    catalog.begin_deployment("counter", 9, "sha256:d", "deploy")
    catalog.begin_deployment("echo", 20, "sha256:d", "deploy")
    assert catalog.latest_generation("counter") == 9
    assert [record.generation for record in catalog.deployments("counter", limit=1)] == [9]


def test_what_a_crash_left_open_is_closed_with_its_stage(catalog: Catalog) -> None:
    done = catalog.begin_deployment("echo", 1, "sha256:d", "deploy")
    catalog.finish(done, "refused", "kept")
    staged = catalog.begin_deployment("counter", 1, "sha256:d", "deploy")
    catalog.stage(staged, "compile")
    catalog.stage(staged, "init")
    catalog.add_revision(candidate(), deployment=staged)
    bare = catalog.begin_deployment("echo", 2, "sha256:d", "deploy")
    catalog.add_revision(candidate("echo"))
    closed = catalog.abort_unfinished(at=50.0)
    assert [(record.id, record.outcome, record.reason) for record in closed] == [
        (staged, "aborted", "the program ended at stage init"),
        (bare, "aborted", "the program ended at stage begin"),
    ]
    reasons = [catalog.revisions(name)[0].outcome_reason for name in ("counter", "echo")]
    assert reasons == ["the program ended at stage init", "the program ended before it was deployed"]
    assert [catalog.revisions(name)[0].outcome for name in ("counter", "echo")] == ["failed", "failed"]
    assert catalog.abort_unfinished() == ()
    assert catalog.deployments("echo")[1].reason == "kept"


# --- activation -----------------------------------------------------------------------------------------------------


def snapshot(number: int, data: bytes = b"state", **fields: object) -> NewSnapshot:
    return msgspec.structs.replace(NewSnapshot("counter", number, "v1", "binary", data, "update", 7.0), **fields)


def refusal(content: str, manifest: bytes = b"manifest") -> Refusal:
    return Refusal("counter", digest_of(content.encode()), digest_of(manifest), "probe", "unhealthy", 3.0, "0.1.0")


def test_an_activation_makes_everything_true_at_once(catalog: Catalog) -> None:
    catalog.add_revision(candidate(content="one"))
    catalog.activate(Activation(component="counter", revision=1, at=10.0, stable=True))
    deployment = catalog.begin_deployment("counter", 2, digest_of(b"two"), "deploy")
    new = catalog.add_revision(candidate(content="two"), deployment=deployment)
    catalog.hold("counter", Hold(new.digest, "1.1.0", "held", 1.0))
    catalog.hold("counter", Hold("sha256:old", None, "held", 2.0))
    catalog.hold("counter", Hold("sha256:kept", None, "held", 3.0))
    catalog.remember_refusal(refusal("two"))
    catalog.remember_refusal(refusal("three"))
    held = Hold(digest_of(b"one"), "1.0.0", "rolled back", 11.0)
    catalog.activate(
        Activation(
            component="counter",
            revision=2,
            at=11.0,
            deployment=deployment,
            snapshot=snapshot(1),
            old_outcome="quarantined",
            old_reason="trapped",
            reason="promoted",
            holds=(held,),
            lift=("sha256:old",),
        )
    )
    active, old = catalog.revisions("counter")
    assert (active.outcome, active.activated_at, active.outcome_reason, active.stable) == (
        "active",
        11.0,
        "promoted",
        False,
    )
    assert (old.outcome, old.outcome_reason, old.outcome_at, old.stable) == ("quarantined", "trapped", 11.0, True)
    assert catalog.active_revision("counter") == active
    assert [record.active_revision for record in catalog.components()] == [2, None]
    assert catalog.holds("counter") == (Hold("sha256:kept", None, "held", 3.0), held)
    assert catalog.refusals("counter") == (refusal("three"),)
    assert catalog.deployments("counter")[0].outcome == "activated"
    latest = catalog.latest_snapshot("counter")
    assert latest is not None
    assert (latest.info.revision, latest.data) == (1, b"state")


def test_an_activation_can_lift_and_forget_everything(catalog: Catalog) -> None:
    catalog.add_revision(candidate(content="one"))
    catalog.hold("counter", Hold("sha256:old", None, "held", 2.0))
    catalog.hold("echo", Hold("sha256:old", None, "held", 2.0))
    catalog.remember_refusal(refusal("three"))
    new = Hold("sha256:new", None, "held", 3.0)
    catalog.activate(
        Activation(component="counter", revision=1, at=1.0, lift_all=True, holds=(new,), forget_refusals=True)
    )
    assert catalog.holds("counter") == (new,)
    assert len(catalog.holds("echo")) == 1
    assert catalog.refusals("counter") == ()


@pytest.mark.parametrize(
    "change",
    [
        {"revision": 3},
        {"revision": 1},
        {"deployment": 99},
        {"old_outcome": "splendid"},
        {"snapshot": snapshot(9)},
        {"snapshot": snapshot(1, payload_kind="strange")},
        {"holds": (Hold("sha256:x", None, None, 1.0),)},  # type: ignore[arg-type]
    ],
    ids=["no revision", "not a candidate", "no deployment", "no outcome", "no such revision", "kind", "no reason"],
)
def test_an_activation_that_fails_changes_nothing(catalog: Catalog, change: dict[str, object]) -> None:
    catalog.add_revision(candidate(content="one"))
    catalog.activate(Activation(component="counter", revision=1, at=10.0))
    catalog.add_revision(candidate(content="two"))
    deployment = catalog.begin_deployment("counter", 2, digest_of(b"two"), "deploy")
    catalog.remember_refusal(refusal("two"))
    good = Activation(
        component="counter",
        revision=2,
        at=11.0,
        deployment=deployment,
        snapshot=snapshot(1),
        holds=(Hold("sha256:h", None, "", 1.0),),
        forget_refusals=True,
    )

    def everything() -> list[object]:
        rooms = (catalog.revisions, catalog.holds, catalog.refusals, catalog.snapshots, catalog.deployments)
        return [room("counter") for room in rooms]

    before = everything()
    with pytest.raises(StoreError):
        catalog.activate(msgspec.structs.replace(good, **change))
    assert everything() == before
    catalog.activate(good)
    assert everything() != before


# --- holds and refusals ---------------------------------------------------------------------------------------------


def test_holds_are_kept_per_component_and_lifted(catalog: Catalog) -> None:
    catalog.hold("counter", Hold("sha256:b", "1.3.0", "on disk", 2.0))
    catalog.hold("counter", Hold("sha256:a", "1.2.0", "rolled back", 1.0))
    catalog.hold("counter", Hold("sha256:a", "1.2.0", "rolled back again", 3.0))
    assert [(hold.digest, hold.reason) for hold in catalog.holds("counter")] == [
        ("sha256:b", "on disk"),
        ("sha256:a", "rolled back again"),
    ]
    assert catalog.holds("echo") == ()
    assert catalog.lift_hold("counter", "sha256:a") == 1
    assert catalog.lift_hold("counter", "sha256:a") == 0
    assert catalog.lift_hold("counter") == 1
    assert catalog.holds("counter") == ()


def test_refusals_are_remembered_by_digest_and_manifest(catalog: Catalog) -> None:
    catalog.remember_refusal(refusal("two"))
    newer = msgspec.structs.replace(refusal("two"), reason="export removed", at=4.0, revision=3)
    catalog.remember_refusal(newer)
    digest, manifest = digest_of(b"two"), digest_of(b"manifest")
    assert catalog.refusal("counter", digest, manifest) == newer
    assert catalog.refusal("counter", digest, digest_of(b"another manifest")) is None
    assert catalog.refusal("echo", digest, manifest) is None
    assert catalog.forget_refusals("counter") == 1
    assert catalog.refusal("counter", digest, manifest) is None


# --- snapshots ------------------------------------------------------------------------------------------------------


def test_snapshots_come_back_newest_first_and_remember_who_could_not_load_them(catalog: Catalog) -> None:
    for _ in range(3):
        catalog.add_revision(candidate())
    first = catalog.add_snapshot(snapshot(1, b"one"))
    second = catalog.add_snapshot(snapshot(2, b"", cause="stop", payload_kind="text"))
    assert first == SnapshotInfo(1, "counter", 1, "v1", "binary", "update", 7.0, digest_of(b"one"), 3)
    assert catalog.snapshots("counter") == (second, first)
    catalog.mark_snapshot_failed(1, 3)
    catalog.mark_snapshot_failed(1, 2)
    catalog.mark_snapshot_failed(1, 2)
    assert [info.failed_by for info in catalog.snapshots("counter")] == [(), (2, 3)]
    latest, paired = catalog.latest_snapshot("counter"), catalog.latest_snapshot("counter", 1)
    assert latest is not None
    assert paired is not None
    assert (latest.data, latest.info.payload_kind) == (b"", "text")
    assert paired.data == b"one"
    assert catalog.latest_snapshot("counter", 3) is None
    assert catalog.latest_snapshot("echo") is None
    with pytest.raises(StoreError):
        catalog.mark_snapshot_failed(99, 1)
    with pytest.raises(StoreError, match="no snapshot 99"):
        catalog.snapshot(99)


def test_a_snapshot_that_was_changed_is_not_handed_out(catalog: Catalog) -> None:
    catalog.add_revision(candidate())
    catalog.add_snapshot(snapshot(1))
    with catalog.database.transaction("set-outcome") as raw:
        raw.execute("UPDATE snapshots SET data = x'00'")
    with pytest.raises(BlobCorrupt):
        catalog.latest_snapshot("counter")
    assert len(catalog.snapshots("counter")) == 1


# --- decisions and events ---------------------------------------------------------------------------------------------


def test_decisions_are_read_in_pages(catalog: Catalog) -> None:
    rows = [DecisionRow(float(n), "ignored", f"row {n}", ("counter", "echo", None)[n % 3], n, n) for n in range(9)]
    catalog.append_decisions(rows)
    catalog.append_decisions([])
    page = catalog.decisions(limit=4)
    assert [row.text for row in page] == ["row 8", "row 7", "row 6", "row 5"]
    assert [row.text for row in catalog.decisions(limit=4, before=page[-1].id)] == ["row 4", "row 3", "row 2", "row 1"]
    assert [row.text for row in catalog.decisions("echo")] == ["row 7", "row 4", "row 1"]
    assert msgspec.structs.replace(page[0], id=0) == rows[8]


def test_events_come_back_as_they_were(catalog: Catalog) -> None:
    row = EventRow(1.0, "supervision", "warning", "restarting in 0.1 s", "counter", 3, "restarting", 7)
    catalog.append_events([row, EventRow(2.0, "system", "info", "started")])
    started, restarting = catalog.events()
    assert started.component is None
    assert msgspec.structs.replace(restarting, id=0) == row
    assert catalog.events("counter") == (restarting,)
    assert catalog.events("counter", before=restarting.id) == ()


@given(st.lists(st.lists(st.sampled_from(["counter", "echo", None]), max_size=6), max_size=8))
@settings(max_examples=25, deadline=None)
def test_the_newest_rows_stay_and_the_others_are_counted(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[str | None]]
) -> None:
    opened = Catalog.open(tmp_path_factory.mktemp("streams") / "catalog.db")
    bounded = Catalog(opened.database, lambda: 1.0, decision_rows=3, event_rows=2)
    written: dict[str | None, list[str]] = {"counter": [], "echo": [], None: []}
    try:
        for number, batch in enumerate(batches):
            texts = [f"{number}.{position}" for position in range(len(batch))]
            bounded.append_decisions([DecisionRow(1.0, "k", text, who) for text, who in zip(texts, batch, strict=True)])
            bounded.append_events(
                [EventRow(1.0, "k", "info", text, who) for text, who in zip(texts, batch, strict=True)]
            )
            for text, who in zip(texts, batch, strict=True):
                written[who].append(text)
        total = sum(map(len, written.values()))
        for who in ("counter", "echo"):
            assert [row.text for row in bounded.decisions(who)] == written[who][::-1][:3]
            assert [row.text for row in bounded.events(who)] == written[who][::-1][:2]
            assert bounded.trimmed("decisions", who) == max(0, len(written[who]) - 3)
        assert len(bounded.decisions()) + bounded.trimmed("decisions") == total
        assert len(bounded.events()) + bounded.trimmed("events") == total
    finally:
        opened.close()


# --- threads --------------------------------------------------------------------------------------------------------


def test_threads_do_not_commit_each_others_halves(tmp_path: Path) -> None:
    catalog = Catalog.open(tmp_path / "catalog.db")
    catalog.upsert_component("counter", "/c")
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                catalog.add_revision(candidate())
                catalog.revisions("counter")
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [record.number for record in catalog.revisions("counter")] == list(range(40, 0, -1))
    catalog.close()
