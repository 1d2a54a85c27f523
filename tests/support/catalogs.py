"""A clock and revisions for tests of the catalog."""

from __future__ import annotations

from airssys_tui.core.identity import digest_of
from airssys_tui.core.revision import Cause
from airssys_tui.store.catalog.records import RevisionRecord


class Clock:
    """Time that goes on by one second whenever it is asked."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def candidate(component: str = "counter", content: str = "one", **fields: object) -> RevisionRecord:
    """A revision as a deployment would add it."""
    values = {
        "component": component,
        "digest": digest_of(content.encode()),
        "manifest": "{}",
        "manifest_digest": digest_of(b"manifest"),
        "cause": Cause.DEPLOY,
        "who": "watcher",
        "created_at": 5.0,
        "size": len(content),
        **fields,
    }
    return RevisionRecord(**values)
