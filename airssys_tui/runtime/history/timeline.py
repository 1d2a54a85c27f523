"""The timeline of a component, and the differences between two of its revisions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from airssys_tui.api.views.revisions import DiffLine, RevisionDiff, RevisionView, revision_view
from airssys_tui.core.capability.permission import Permission, permissions_of
from airssys_tui.core.errors import UsageError
from airssys_tui.core.gates import Gate, known_gate
from airssys_tui.core.identity import short_digest
from airssys_tui.core.limits import Limits
from airssys_tui.core.manifest.document import Manifest, decode_manifest
from airssys_tui.core.revision import Outcome, Revision
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.core.types.compatibility import changes
from airssys_tui.core.types.interface import Interface
from airssys_tui.core.units import format_size
from airssys_tui.runtime.metering.counters import Cost
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.excerpts import PAGE
from airssys_tui.store.catalog.records import RevisionRecord

_TELLING: Final = frozenset({"rehearsed", "refused", "cancelled"})
"""Stages whose detail lists the gates passed until then."""


def timeline(
    catalog: Catalog, component: str, costs: Mapping[int, Cost] | None = None, tried: bool | None = None
) -> tuple[RevisionView, ...]:
    """Return a component's revisions, newest first. Blocks on the catalog.

    They are the :data:`PAGE` newest, and the older ones that are still of use: pinned, in quarantine, or the target
    of a rollback. Revision numbers have no gaps, so a reader can tell how many are left out.

    Args:
        catalog: The catalog.
        component: The component's name.
        costs: The measured costs by revision, if a runtime measured them.
        tried: Whether the active revision has given enough evidence, if a runtime knows it.
    """
    lines = catalog.lines(component)
    if len(lines) == PAGE:
        older = catalog.landmarks(component, *(pin.revision for pin in catalog.pins(component)))
        lines += tuple(line for line in older if line.number < lines[-1].number)
    return _views(catalog, component, lines, costs or {}, tried)


def _views(
    catalog: Catalog, component: str, lines: Iterable[Revision], measured: Mapping[int, Cost], tried: bool | None = None
) -> tuple[RevisionView, ...]:
    lines = tuple(lines)
    gates = {deployment.revision: gates_passed(catalog, deployment.id) for deployment in catalog.deployments(component)}
    states = catalog.last_states(component, [line.number for line in lines])
    pins = {pin.revision for pin in catalog.pins(component)}
    evidence = {number for number, record in catalog.costs(component).items() if record.tried}
    views = []
    for line in lines:
        is_tried = line.number in evidence if tried is None or line.outcome is not Outcome.ACTIVE else tried
        (state_bytes, state_at), cost = states.get(line.number, (None, None)), measured.get(line.number)
        views.append(
            revision_view(
                line,
                pinned=line.number in pins,
                gates=gates.get(line.number, ()),
                state_bytes=state_bytes,
                state_at=state_at,
                fuel_per_call=cost.fuel_per_call if cost else None,
                calls=cost.calls if cost else None,
                tried=is_tried,
            )
        )
    return tuple(views)


def gates_passed(catalog: Catalog, deployment: int) -> tuple[tuple[Gate, float], ...]:
    """Return the gates that a deployment passed, in order, with milliseconds. Blocks on the catalog.

    Gates that only an older version of the program had are left out.
    """
    told = (stage.detail for stage in catalog.stages(deployment) if stage.name in _TELLING)
    passed = msgspec.json.decode(next(told, "[]"), type=tuple[tuple[str, float], ...])
    return tuple((gate, taken) for name, taken in passed if (gate := known_gate(name)) is not None)


def compare(
    catalog: Catalog,
    component: str,
    revision: int,
    against: int | None = None,
    *,
    missing: Callable[[tuple[Permission, ...]], tuple[Permission, ...]] = lambda _: (),
) -> RevisionDiff:
    """Compare a revision with another one. Blocks on the catalog.

    Args:
        catalog: The catalog.
        component: The component's name.
        revision: The revision to compare.
        against: The revision to compare it with; the active one if not given.
        missing: Returns what of a declaration is not granted now, if that is known.

    Raises:
        UsageError: If there is no such revision.
    """
    then = _revision(catalog, component, revision)
    now = catalog.active_revision(component) if against is None else _revision(catalog, component, against)
    views = {view.number: view for view in _views(catalog, component, filter(None, (now, then)), {})}
    lines: list[DiffLine] = []
    if now is not None:
        lines += _identity_lines(now, then)
        lines += _export_lines(now, then)
        lines += _manifest_lines(decode_manifest(now.manifest), decode_manifest(then.manifest))
        lines += _capability_lines(_declared(now), _declared(then), missing(_declared(then)))
    return RevisionDiff(component, views[now.number] if now else None, views[revision], tuple(lines))


def _revision(catalog: Catalog, component: str, number: int) -> RevisionRecord:
    found = catalog.revision(component, number)
    if found is None:
        raise UsageError(f"{component} has no revision r{number}", remedy="`versions` lists them")
    return found


def _identity_lines(now: RevisionRecord, then: RevisionRecord) -> list[DiffLine]:
    lines = [_line("version", now.version or "none", then.version or "none")]
    lines.append(_line("digest", short_digest(now.digest), short_digest(then.digest)))
    lines.append(_line("size", format_size(now.size), format_size(then.size)))
    return lines


def _export_lines(now: RevisionRecord, then: RevisionRecord) -> list[DiffLine]:
    if now.interface is None or then.interface is None:
        return [DiffLine("exports", "changed", GuestText("not known: refused before its types were read"))]
    found = changes(
        msgspec.json.decode(now.interface, type=Interface), msgspec.json.decode(then.interface, type=Interface)
    )
    if not found:
        return [DiffLine("exports", "same", GuestText("unchanged"))]
    return [DiffLine("exports", change.kind, one_line(change.describe(), 300)) for change in found]


def _manifest_lines(now: Manifest, then: Manifest) -> list[DiffLine]:
    lines = [
        _line(f"limits {name}", str(getattr(now.limits, name)), str(getattr(then.limits, name)))
        for name in Limits.__struct_fields__
        if getattr(now.limits, name) != getattr(then.limits, name)
    ] or [DiffLine("limits", "same", GuestText("unchanged"))]
    if now.config != then.config:
        lines.append(DiffLine("config", "changed", GuestText("other values")))
    return lines


def _declared(record: RevisionRecord) -> tuple[Permission, ...]:
    return permissions_of(decode_manifest(record.manifest).capabilities)


def _capability_lines(
    now: tuple[Permission, ...], then: tuple[Permission, ...], missing: tuple[Permission, ...]
) -> list[DiffLine]:
    """Compare declarations item by item, and say what the other revision runs without."""
    without = dict.fromkeys(missing, " · not granted, it runs without")
    lines = [DiffLine("capabilities", "removed", one_line(str(each), 300)) for each in now if each not in then]
    for each in then:
        if each not in now:
            lines.append(DiffLine("capabilities", "added", one_line(f"{each}{without.get(each, '')}", 400)))
        elif each in without:
            lines.append(DiffLine("capabilities", "changed", one_line(f"{each}{without[each]}", 400)))
    return lines or [DiffLine("capabilities", "same", GuestText("unchanged"))]


def _line(subject: str, now: str, then: str) -> DiffLine:
    if now == then:
        return DiffLine(subject, "same", one_line(now))
    return DiffLine(subject, "changed", one_line(f"{now} → {then}"))
