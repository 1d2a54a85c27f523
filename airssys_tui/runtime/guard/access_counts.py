"""What one component attempted: denials, coalesced until they are written, and what it used."""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.core.capability.audit_entry import AuditEntry, AuditKind
from airssys_tui.core.capability.grant import Denial
from airssys_tui.store.catalog.grant_records import DenialRecord, UseRecord

MOST_DIFFERENT: Final = 64
"""Different denials that are counted apart at a time; further ones are counted together."""

MOST_USES: Final = 500
"""Different accesses of which the use is kept."""

REPEAT: Final = 60.0
"""Seconds between two entries or events about the same denial."""

FURTHER: Final = "further accesses"
"""Stands for what is counted together."""


class _Coalesced(msgspec.Struct):
    reason: str
    remedy: str
    revision: int
    observed: bool
    first_at: float
    last_at: float
    unwritten: int = 0
    unaudited: int = 0
    audited_at: float | None = None
    told_at: float | None = None


class AccessCounts:
    """The counts of one component. The caller holds its lock.

    Attributes:
        denied: Accesses denied since the runtime started.
        passed_over: Accesses that the mode ``observe`` let pass.
    """

    __slots__ = ("_denials", "_unwritten_uses", "_uses", "changed", "denied", "passed_over")

    def __init__(self) -> None:
        self.denied = 0
        self.passed_over = 0
        self._denials: dict[tuple[str, str, bool], _Coalesced] = {}
        self._uses: dict[str, UseRecord] = {}
        self._unwritten_uses: dict[str, None] = {}
        self.changed = False

    def deny(self, access: str, denial: Denial, revision: int, now: float, *, observed: bool) -> bool:
        """Count a denial; return whether an operator is to be told of it now."""
        self.denied += not observed
        self.passed_over += observed
        self.changed = True
        key = (access, denial.reason.value, observed)
        found = self._denials.get(key)
        if found is None and len(self._denials) >= MOST_DIFFERENT:
            key = (FURTHER, denial.reason.value, observed)
            found = self._denials.get(key)
        if found is None:
            found = self._denials[key] = _Coalesced(
                denial.reason.value, denial.remedy if key[0] == access else "", revision, observed, now, now
            )
        found.last_at, found.revision = now, revision
        found.unwritten += 1
        found.unaudited += 1
        if found.told_at is not None and now - found.told_at < REPEAT:
            return False
        found.told_at = now
        return True

    def use(self, component: str, access: str, revision: int, now: float, calls: int) -> None:
        """Note that something granted was used, when the component had finished so many calls."""
        before = self._uses.get(access)
        if before is None and len(self._uses) >= MOST_USES:
            return
        first = now if before is None else before.first_at
        self._uses[access] = UseRecord(component, access, revision, first, now, calls)
        self._unwritten_uses[access] = None
        self.changed = True

    def recall(self, uses: tuple[UseRecord, ...]) -> None:
        """Restore the uses that the catalog knows."""
        self._uses = {use.access: use for use in uses} | self._uses

    @property
    def uses(self) -> tuple[UseRecord, ...]:
        """What was used, by its text."""
        return tuple(use for _, use in sorted(self._uses.items()))

    def take(self, component: str, now: float, *, last: bool) -> tuple[list[DenialRecord], list[AuditEntry]]:
        """Return what is not written yet: rows of denials, and entries about those that are due.

        Args:
            component: The component's name.
            now: Unix seconds.
            last: Whether all are due, because the runtime ends.
        """
        rows: list[DenialRecord] = []
        entries: list[AuditEntry] = []
        for (access, reason, observed), each in list(self._denials.items()):
            if each.unwritten:
                rows.append(_row(component, access, each))
                each.unwritten = 0
            due = last or each.audited_at is None or now - each.audited_at >= REPEAT
            if each.unaudited and due:
                entries.append(_entry(component, access, each))
                each.unaudited, each.audited_at = 0, now
            elif not each.unaudited and due and each.told_at is not None and now - each.told_at >= REPEAT:
                del self._denials[access, reason, observed]  # it has stopped
        self.changed = any(each.unaudited for each in self._denials.values())
        return rows, entries

    def take_uses(self) -> list[UseRecord]:
        """Return the uses that are not written yet."""
        taken = [self._uses[access] for access in sorted(self._unwritten_uses)]
        self._unwritten_uses.clear()
        return taken


def _row(component: str, access: str, each: _Coalesced) -> DenialRecord:
    return DenialRecord(
        component=component,
        access=access,
        reason=each.reason,
        count=each.unwritten,
        first_at=each.first_at,
        last_at=each.last_at,
        remedy=each.remedy,
        revision=each.revision,
    )


def _entry(component: str, access: str, each: _Coalesced) -> AuditEntry:
    return AuditEntry(
        at=each.last_at,
        kind=AuditKind.WOULD_DENY if each.observed else AuditKind.DENIED,
        component=component,
        revision=each.revision,
        subject=access,
        reason=each.reason,
        text=each.remedy,
        count=each.unaudited,
    )
