"""Reading parts of a history comes to the same end as reading all of it: what is kept, what is gone back to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airssys_tui.core.errors import RollbackRefused
from airssys_tui.core.manifest.document import bare_manifest, encode_manifest
from airssys_tui.core.manifest.structure import Deployment
from airssys_tui.core.retention import STABLE_FOR, Entry, Saved, kept_revisions, kept_states
from airssys_tui.core.revision import Outcome, Revision, fallback_target, rollback_target
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.records import Hold, NewSnapshot, RevisionLine, RevisionRecord
from airssys_tui.store.collection import excess, take

NOW = 1_000_000.0
NAMES = count()


class Case(msgspec.Struct, frozen=True):
    """A history with all that the rules look at."""

    entries: tuple[Entry, ...]
    keep: int
    pinned: frozenset[int]
    held: frozenset[str]
    states: tuple[Saved, ...]

    @property
    def active(self) -> int | None:
        return next((e.revision.number for e in self.entries if e.revision.outcome is Outcome.ACTIVE), None)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    size = draw(st.integers(1, 40))
    active = draw(st.none() | st.integers(1, size))
    # Mostly dull ones: so the newest of a kind are not all among the newest of all.
    outcomes = st.sampled_from([Outcome.SUPERSEDED] * 4 + [o for o in Outcome if o is not Outcome.ACTIVE])
    entries = []
    for number in range(1, size + 1):
        outcome = Outcome.ACTIVE if number == active else draw(outcomes)
        revision = Revision(
            number=number,
            digest=draw(st.sampled_from("abcdef")),
            manifest_digest=draw(st.sampled_from("mn")),
            version=None,
            outcome=outcome,
            stable=draw(st.booleans()),
            origin=draw(st.none() | st.integers(1, number - 1)) if number > 1 else None,
            serving=outcome is Outcome.ACTIVE or draw(st.booleans()),
        )
        ended = draw(st.none() | st.floats(NOW - 2 * STABLE_FOR, NOW + 100))
        unended = outcome in {Outcome.ACTIVE, Outcome.CANDIDATE}
        entries.append(Entry(revision, None if unended else ended))
    numbers = st.integers(1, size)
    states = draw(st.lists(st.tuples(numbers, st.lists(numbers, max_size=2, unique=True), st.booleans()), max_size=40))
    return Case(
        tuple(entries),
        draw(st.integers(1, 12)),
        draw(st.frozensets(numbers, max_size=3)),
        draw(st.frozensets(st.sampled_from("abcdefg"), max_size=2)),
        tuple(Saved(place + 1, rev, tuple(sorted(failed)), imp) for place, (rev, failed, imp) in enumerate(states)),
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    path: Path = tmp_path_factory.mktemp("landmarks")
    catalog = Catalog.open(path / "catalog.db")
    yield catalog
    catalog.close()


def write(catalog: Catalog, case: Case) -> tuple[str, dict[int, int]]:
    """Write a history under a new name; return it, and the place of each snapshot by its number."""
    name = f"c{next(NAMES)}"
    manifest = encode_manifest(msgspec.structs.replace(bare_manifest("c"), deployment=Deployment(keep=case.keep)))
    places = {}
    with catalog.together():
        catalog.upsert_component(name, "")
        with catalog.database.transaction("add-revision") as connection:
            for e in case.entries:
                r = e.revision
                row = RevisionRecord(name, r.digest, r.manifest_digest, "deploy", "w", 1.0, 1, manifest=manifest)
                said: dict[str, Any] = {
                    "number": r.number,
                    "origin": r.origin,
                    "outcome": str(r.outcome),
                    "outcome_at": e.ended_at,
                    "activated_at": 1.0 if r.serving else None,
                    "stable": r.stable,
                }
                values = msgspec.structs.asdict(msgspec.structs.replace(row, **said))
                connection.execute(
                    f"INSERT INTO revisions ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
                    tuple(values.values()),
                )
        for number in case.pinned:
            catalog.pin(name, number, who="o")
        for digest in case.held:
            catalog.hold(name, Hold(digest, None, "", 1.0))
        for saved in case.states:
            cause = "import" if saved.imported else "update"
            new = catalog.add_snapshot(NewSnapshot(name, saved.revision, "s", "text", b"x", cause, 1.0))
            places[new.id] = saved.id
            for failed in saved.failed_by:
                catalog.mark_snapshot_failed(new.id, failed)
    return name, places


def rule_view(line: RevisionLine) -> Revision:
    return Revision(
        number=line.number,
        digest=line.digest,
        manifest_digest=line.manifest_digest,
        version=line.version,
        outcome=Outcome(line.outcome),
        stable=line.stable,
        origin=line.origin,
        serving=line.activated_at is not None,
    )


def target(history: list[Revision], **said: Any) -> Revision | str:
    try:
        return rollback_target(history, "c", **said)
    except RollbackRefused as error:
        return f"{error.message} {error.remedy}"


@settings(deadline=None)
@given(case=cases(), to=st.integers(1, 41), force=st.booleans())
def test_the_landmarks_are_enough_to_choose_where_to_go_back_to(
    shared: Catalog, case: Case, to: int, force: bool
) -> None:
    name, _ = write(shared, case)
    whole = [e.revision for e in case.entries]
    seen = [rule_view(line) for line in shared.landmarks(name)]
    assert target(seen) == target(whole)
    assert fallback_target(seen) == fallback_target(whole)
    asked = [rule_view(line) for line in shared.landmarks(name, to)]
    assert target(asked, to=to, force=force) == target(whole, to=to, force=force)


@settings(deadline=None, max_examples=50)
@given(case=cases())
def test_what_is_superfluous_is_found_without_reading_all_of_it(shared: Catalog, case: Case) -> None:
    name, places = write(shared, case)
    keep = case.keep if case.active is not None else Deployment().keep
    kept = kept_revisions(case.entries, keep=keep, now=NOW, pinned=case.pinned, held=case.held)
    states = kept_states(case.states, kept=kept, pinned=case.pinned, active=case.active)
    going = {e.revision.number for e in case.entries if e.revision.outcome is not Outcome.PURGED} - kept.keys()
    found = excess(shared, name, NOW)
    assert {doomed.number for doomed in found.revisions} == going
    assert {places[info.id] for info in found.states} == {saved.id for saved in case.states} - states
    # In steps, the oldest first, it comes to the same.
    taken: set[int] = set()
    while batch := take(shared, name, NOW):
        taken |= {doomed.number for doomed in batch.revisions}
    assert taken == going
    assert {places[info.id] for info in shared.snapshots(name)} == states


def test_how_much_of_a_long_history_is_read_has_a_bound(catalog: Catalog) -> None:
    lately = [
        Entry(Revision(number=n, digest=f"d{n}", manifest_digest="m", version=None, outcome=Outcome.SUPERSEDED,
                       stable=True, serving=True), NOW)
        for n in range(1, 1_001)
    ]  # fmt: skip
    case = Case(tuple(lately), 10, frozenset(), frozenset(), tuple(Saved(n, n) for n in range(1, 1_001)))
    name, _ = write(catalog, case)
    read = 0
    whole = catalog.database.rows

    def rows(*said: Any) -> list[tuple[Any, ...]]:
        nonlocal read
        found = whole(*said)
        read += len(found)
        return found

    catalog.database.rows = rows  # type: ignore[method-assign]
    assert not excess(catalog, name, NOW)
    assert len(catalog.landmarks(name)) <= 15
    assert read < 80
