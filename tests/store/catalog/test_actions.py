"""What operators did: recorded, settled, bounded."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_tui.core.errors import StoreError
from airssys_tui.store.catalog.actions import ACTIONS
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.records import ActionRecord


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.open(tmp_path / "catalog.db", clock=lambda: 7.0)


def action(text: str, **said: object) -> ActionRecord:
    return ActionRecord(0, 7.0, "ada", "counter", text, "{}", "{}", "{}", **said)


def test_the_newest_comes_first_with_its_number(catalog: Catalog) -> None:
    numbers = [catalog.record_action(action(text)) for text in ("stop", "start")]
    found = catalog.actions()
    assert [each.text for each in found] == ["start", "stop"]
    assert [each.id for each in found] == numbers[::-1]
    assert found[0].settled is None


def test_an_undoing_settles_what_it_undoes_in_the_same_breath(catalog: Catalog) -> None:
    first = catalog.record_action(action("stop"))
    catalog.record_action(action("undo of stop", undoes=first, settled="final"), settles="undone")
    assert [each.settled for each in catalog.actions()] == ["final", "undone"]


def test_one_that_cannot_be_undone_says_why(catalog: Catalog) -> None:
    number = catalog.record_action(action("stop"))
    catalog.settle_action(number, "r2 has taken over since")
    assert catalog.actions()[0].settled == "r2 has taken over since"
    with pytest.raises(StoreError):
        catalog.settle_action(99, "nothing")


def test_only_so_many_are_kept(catalog: Catalog) -> None:
    for number in range(ACTIONS + 30):
        catalog.record_action(action(str(number)))
    found = catalog.actions()
    assert len(found) == ACTIONS
    assert found[-1].text == "30"
