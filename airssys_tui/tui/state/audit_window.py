"""The part of the audit that a screen has: the newest entries, those that followed, and older pages on request."""

from __future__ import annotations

from typing import Final

from airssys_tui.api.views.granting import AuditPage, AuditQuery
from airssys_tui.core.capability.audit_entry import AuditEntry

PAGE: Final = 200
"""Entries of one request."""

KEPT: Final = 5_000
"""Entries that a screen keeps; then the oldest of them go, and no older ones are loaded."""


class AuditWindow:
    """Entries without a gap, of one component or of all.

    Args:
        component: The only component; None for all.

    Attributes:
        entries: By number, in order.
        count: The number of the last entry of all.
    """

    def __init__(self, component: str | None = None) -> None:
        self.component = component
        self._forget()

    def _forget(self) -> None:
        self.entries: dict[int, AuditEntry] = {}
        self.count = 0
        self._seen: int | None = None
        self._since = 0
        self._older = False

    @property
    def older(self) -> bool:
        """Whether there are older entries that could be loaded."""
        return self._older and not self.full

    @property
    def full(self) -> bool:
        """Whether it has as many entries as it keeps."""
        return len(self.entries) >= KEPT

    def next_query(self) -> AuditQuery:
        """Return the query for the newest entries, or for those that are new."""
        return AuditQuery(component=self.component, after=self._seen, limit=PAGE)

    def older_query(self) -> AuditQuery:
        """Return the query for the page before."""
        return AuditQuery(component=self.component, before=self._since, limit=PAGE)

    def take(self, page: AuditPage) -> bool:
        """Take the answer to :meth:`next_query`; return whether more may be there already."""
        if self._seen is not None and page.head.count < self._seen:  # another audit, as after `make fresh`
            self._forget()
            return True
        if self._seen is None:
            self._since, self._older = page.since, page.older
        self._add(page)
        last = page.entries[-1].n if page.entries else 0
        more = self._seen is not None and len(page.entries) >= PAGE
        self._seen = last if more else max(page.head.count, last, self._seen or 0)
        self.count = max(page.head.count, last)
        surplus = len(self.entries) - KEPT
        for number in list(self.entries)[: max(0, surplus)]:
            del self.entries[number]
        return more

    def take_older(self, page: AuditPage) -> None:
        """Take the answer to :meth:`older_query`."""
        self._since, self._older = page.since, page.older
        self._add(page)

    def _add(self, page: AuditPage) -> None:
        found = {entry.n: entry for entry in page.entries}
        if found.keys() - self.entries.keys():
            self.entries = dict(sorted({**self.entries, **found}.items()))
