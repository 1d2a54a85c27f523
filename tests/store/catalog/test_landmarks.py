"""Reading parts of a history comes to the same end as reading all of it: what is kept, what is gone back to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from airssys_tui.core.retention import STABLE_FOR, Saved, kept_revisions, kept_states
from airssys_tui.core.revision import Cause, Outcome, Revision, fallback_target, rollback_target
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.records import Hold, NewSnapshot
from airssys_tui.store.garbage import excess, take

NOW = 1_000_000.0
NAMES = count()


class Case(msgspec.Struct, frozen=True):
    """A history with all that the rules look at."""

    history: tuple[Revision, ...]
    keep: int
    pinned: frozenset[int]
    held: frozenset[str]
    states: tuple[Saved, ...]

    @property
    def active(self) -> int | None:
        return next((e.number for e in self.history if e.outcome is Outcome.ACTIVE), None)


def revision(number: int, **said: Any) -> Revision:
    fields: dict[str, Any] = {
        "component": "c",
        "manifest_digest": "m",
        "size": 1,
        "cause": Cause.DEPLOY,
        "who": "w",
        "created_at": 1.0,
    }
    return Revision(number=number, **{**fields, **said})


@st.composite
def cases(draw: st.DrawFn) -> Case:
    size = draw(st.integers(1, 40))
    active = draw(st.none() | st.integers(1, size))
    # Mostly dull ones: so the newest of a kind are not all among the newest of all.
    outcomes = st.sampled_from([Outcome.SUPERSEDED] * 4 + [o for o in Outcome if o is not Outcome.ACTIVE])
    history = []
    for number in range(1, size + 1):
        outcome = Outcome.ACTIVE if number == active else draw(outcomes)
        ended = draw(st.none() | st.floats(NOW - 2 * STABLE_FOR, NOW + 100))
        history.append(
            revision(
                number,
                digest=draw(st.sampled_from("abcdef")),
                manifest_digest=draw(st.sampled_from("mn")),
                outcome=outcome,
                outcome_at=None if outcome in {Outcome.ACTIVE, Outcome.CANDIDATE} else ended,
                activated_at=1.0 if outcome is Outcome.ACTIVE or draw(st.booleans()) else None,
                stable=draw(st.booleans()),
                origin=draw(st.none() | st.integers(1, number - 1)) if number > 1 else None,
            )
        )
    numbers = st.integers(1, size)
    states = draw(st.lists(st.tuples(numbers, st.lists(numbers, max_size=2, unique=True), st.booleans()), max_size=40))
    return Case(
        tuple(history),
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
            for r in case.history:
                values = msgspec.structs.asdict(r) | {"component": name, "manifest": manifest}
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


def target(history: Sequence[Revision], **said: Any) -> Revision | str:
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
    whole = [msgspec.structs.replace(r, component=name) for r in case.history]
    seen = shared.landmarks(name)
    assert target(seen) == target(whole)
    assert fallback_target(seen) == fallback_target(whole)
    asked = shared.landmarks(name, to)
    assert target(asked, to=to, force=force) == target(whole, to=to, force=force)


@settings(deadline=None, max_examples=50)
@given(case=cases())
def test_what_is_superfluous_is_found_without_reading_all_of_it(shared: Catalog, case: Case) -> None:
    name, places = write(shared, case)
    keep = case.keep if case.active is not None else Deployment().keep
    kept = kept_revisions(case.history, keep=keep, now=NOW, pinned=case.pinned, held=case.held)
    states = kept_states(case.states, kept=kept, pinned=case.pinned, active=case.active)
    going = {e.number for e in case.history if e.outcome is not Outcome.PURGED} - kept.keys()
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
        revision(n, digest=f"d{n}", outcome=Outcome.SUPERSEDED, outcome_at=NOW, activated_at=1.0, stable=True)
        for n in range(1, 1_001)
    ]
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
