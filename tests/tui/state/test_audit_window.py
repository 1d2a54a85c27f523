"""The part of the audit that a screen has: no gap, no entry twice, bounded."""

from __future__ import annotations

import pytest

from airssys_tui.api.views.granting import AuditPage, AuditQuery
from airssys_tui.core.capability.audit_entry import AuditEntry, AuditKind, Head
from airssys_tui.tui.state import audit_window
from airssys_tui.tui.state.audit_window import AuditWindow

NAMES = ("fetcher", "snoop")


class Log:
    """An audit of entries about two components in turn."""

    def __init__(self, count: int) -> None:
        self.count = count

    def answer(self, query: AuditQuery) -> AuditPage:
        entries = [
            AuditEntry(n=number, at=float(number), kind=AuditKind.DENIED, component=NAMES[number % 2])
            for number in range(1, self.count + 1)
            if query.component in {None, NAMES[number % 2]}
        ]
        head = Head(self.count)
        if query.after is not None:
            found = [entry for entry in entries if entry.n > query.after][: query.limit]
            return AuditPage(entries=tuple(found), head=head)
        below = [entry for entry in entries if query.before is None or entry.n < query.before]
        found = below[-query.limit :]
        return AuditPage(entries=tuple(found), head=head, since=found[0].n if len(found) == query.limit else 1)


def follow(window: AuditWindow, log: Log) -> None:
    while window.take(log.answer(window.next_query())):
        pass


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_window, "PAGE", 10)
    monkeypatch.setattr(audit_window, "KEPT", 30)


@pytest.mark.parametrize("component", [None, *NAMES])
def test_it_follows_without_a_gap(component: str | None) -> None:
    log, window = Log(25), AuditWindow(component)
    follow(window, log)
    first = min(window.entries)
    for log.count in (25, 26, 47, 48):
        follow(window, log)
        wanted = [n for n in range(first, log.count + 1) if component in {None, NAMES[n % 2]}]
        assert list(window.entries) == wanted[-30:]
        assert window.count == log.count


def test_older_pages_join_on_until_the_first_entry() -> None:
    log, window = Log(25), AuditWindow()
    follow(window, log)
    assert list(window.entries) == list(range(16, 26))
    loads = 0
    while window.older:
        window.take_older(log.answer(window.older_query()))
        loads += 1
    assert list(window.entries) == list(range(1, 26))
    assert loads == 2


def test_it_keeps_no_more_than_it_may() -> None:
    log, window = Log(100), AuditWindow()
    follow(window, log)
    while window.older:
        window.take_older(log.answer(window.older_query()))
    assert window.full
    assert list(window.entries) == list(range(71, 101))
    log.count = 140
    follow(window, log)
    assert list(window.entries) == list(range(111, 141))


def test_another_audit_is_begun_anew() -> None:
    log, window = Log(25), AuditWindow()
    follow(window, log)
    log.count = 3
    follow(window, log)
    assert list(window.entries) == [1, 2, 3]
    assert window.count == 3
