"""Several writes as one transaction: all of them are there afterwards, or none."""

from __future__ import annotations

import pytest

from airssys_tui.core.errors import StoreError, UnknownComponent
from airssys_tui.core.identity import digest_of
from airssys_tui.store.catalog.catalog import Catalog

DIGEST = digest_of(b"one")


def commits(catalog: Catalog) -> int:
    """Frames in the write-ahead log; a commit that changes nothing adds none."""
    return catalog.database.path.with_name("catalog.db-wal").stat().st_size


def test_what_is_written_together_is_committed_together(catalog: Catalog) -> None:
    with catalog.together():
        catalog.upsert_component("counter", "c")
        catalog.begin_deployment("counter", 1, DIGEST, "deploy")
        with catalog.together():
            catalog.stage(1, "compile")
    assert [stage.name for stage in catalog.stages(1)] == ["compile"]


def test_what_raises_takes_everything_back(catalog: Catalog) -> None:

    def write() -> None:
        with catalog.together():
            catalog.begin_deployment("counter", 1, DIGEST, "deploy")
            catalog.stage(99, "compile")

    with pytest.raises(StoreError):
        write()
    assert catalog.deployments("counter") == ()
    catalog.begin_deployment("counter", 1, DIGEST, "deploy")
    assert len(catalog.deployments("counter")) == 1


def test_a_component_that_is_as_it_should_be_is_not_written(catalog: Catalog) -> None:
    catalog.upsert_component("counter", "c")
    before = commits(catalog)
    catalog.upsert_component("counter", "c")
    catalog.set_desired("counter", "running")
    catalog.set_present("counter", present=True)
    assert commits(catalog) == before
    catalog.set_desired("counter", "stopped")
    assert commits(catalog) > before


def test_an_unknown_component_cannot_be_wanted(catalog: Catalog) -> None:
    with pytest.raises(UnknownComponent):
        catalog.set_desired("nobody", "running")
    with pytest.raises(UnknownComponent):
        catalog.set_present("nobody", present=True)
