"""What is kept of costs, quarantine and what served before: what a probation needs to know after a restart."""

from __future__ import annotations

import pytest

from airssys_tui.core.errors import StoreError
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.records import Activation, CostRecord
from tests.support.catalogs import candidate


def served(catalog: Catalog, *contents: str, component: str = "counter") -> None:
    for content in contents:
        number = catalog.add_revision(candidate(component, content)).number
        catalog.activate(Activation(component=component, revision=number, at=1.0))


def test_the_costs_of_each_revision_whose_code_is_kept_are_kept(catalog: Catalog) -> None:
    served(catalog, "one", "two", "three")
    for revision in (1, 2, 3):
        catalog.keep_costs("counter", revision, CostRecord(f"[{revision}]", calls=revision))
    catalog.keep_costs("counter", 2, CostRecord("[4]", 7, 1, tried=True, engine="e"))
    assert catalog.costs("counter") == {
        1: CostRecord("[1]", 1),
        2: CostRecord("[4]", 7, 1, tried=True, engine="e"),
        3: CostRecord("[3]", 3),
    }
    catalog.purge("counter", [1])
    catalog.keep_costs("counter", 3, CostRecord("[5]"))
    assert list(catalog.costs("counter")) == [2, 3]
    assert catalog.costs("echo") == {}


def test_costs_belong_to_a_revision(catalog: Catalog) -> None:
    with pytest.raises(StoreError):
        catalog.keep_costs("counter", 9, CostRecord("[]"))


def test_the_costs_of_what_is_left_are_written_with_the_switch(catalog: Catalog) -> None:
    served(catalog, "one")
    number = catalog.add_revision(candidate("counter", "two")).number
    left = CostRecord("{}", 21, tried=True)
    catalog.activate(Activation(component="counter", revision=number, at=2.0, old_costs=left))
    assert catalog.costs("counter") == {1: left}


def test_what_served_before_is_the_newest_that_ever_was_active(catalog: Catalog) -> None:
    served(catalog, "one")
    refused = catalog.add_revision(candidate(content="bad")).number
    catalog.set_outcome("counter", refused, "failed", "refused")
    served(catalog, "two")
    assert (catalog.served_before("counter", 3), catalog.served_before("counter", 1)) == (1, None)


def test_quarantined_revisions_are_found_oldest_first(catalog: Catalog) -> None:
    served(catalog, "one", "two", "three")
    served(catalog, "other", component="echo")
    for number in (2, 1):
        catalog.set_outcome("counter", number, "quarantined", "2 traps in 4 s")
    assert [record.number for record in catalog.quarantined("counter")] == [1, 2]
    assert catalog.quarantined("echo") == ()


def test_a_revision_is_reinstated_only_from_quarantine_and_only_where_none_is_active(catalog: Catalog) -> None:
    served(catalog, "one", "two")
    catalog.set_outcome("counter", 1, "quarantined", "2 traps in 4 s")
    with pytest.raises(StoreError, match="cannot be made active again"):
        catalog.reinstate("counter", 1, "by operator")
    catalog.set_outcome("counter", 2, "failed", "gone")
    with pytest.raises(StoreError, match="cannot be made active again"):
        catalog.reinstate("counter", 2, "by operator")
    catalog.reinstate("counter", 1, "by operator")
    active = catalog.active_revision("counter")
    assert active is not None
    assert (active.number, active.outcome_reason) == (1, "by operator")
