"""Requests over HTTP as lines: the routes with their figures, and the last requests."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias

import msgspec

from airssys_tui.api.views.http import HttpView, RequestView, RouteView
from airssys_tui.core.units import format_count
from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.drawing.lines import Line, Span, cut_middle, elide, fit, line_width, safe
from airssys_tui.tui.drawing.moments import clock_text
from airssys_tui.tui.drawing.quantities import format_ms

Cell: TypeAlias = tuple[str, str]
"""Text and tone."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of a route.

    Attributes:
        title: Its header.
        width: Its cells.
        keep: Rank; the figure with the lowest is dropped first.
        read: Its text and tone.
    """

    title: str
    width: int
    keep: int
    read: Callable[[RouteView], Cell]


def _count_of(number: int, tone: str) -> Callable[[RouteView], Cell]:
    def read(route: RouteView) -> Cell:
        count = route.classes[number - 1]
        return format_count(count), tone if count else "quiet"

    return read


def _milliseconds(value: float | None) -> Cell:
    return (format_ms(value), "plain") if value is not None else ("-", "quiet")


def _rate(route: RouteView) -> Cell:
    return format_count(route.per_second), "plain" if route.per_second else "quiet"


def _in_flight(route: RouteView) -> Cell:
    return str(route.in_flight), "plain" if route.in_flight else "quiet"


FIGURES: Final = (
    Figure(title="REQ/S", width=6, keep=90, read=_rate),
    Figure(title="NOW", width=4, keep=30, read=_in_flight),
    Figure(title="2XX", width=6, keep=60, read=_count_of(2, "ok")),
    Figure(title="3XX", width=5, keep=20, read=_count_of(3, "plain")),
    Figure(title="4XX", width=5, keep=65, read=_count_of(4, "warn")),
    Figure(title="5XX", width=5, keep=85, read=_count_of(5, "bad")),
    Figure(title="P50 ms", width=6, keep=70, read=lambda route: _milliseconds(route.p50_ms)),
    Figure(title="P95 ms", width=6, keep=40, read=lambda route: _milliseconds(route.p95_ms)),
    Figure(title="P99 ms", width=6, keep=68, read=lambda route: _milliseconds(route.p99_ms)),
)
"""Every figure of a route from left to right."""

NAME: Final = 10
ROUTE: Final = 11
NOTE: Final = 24
"""The least cells of the component, of the route and of a note."""

LONGEST_NAME: Final = 24


class Columns(msgspec.Struct, frozen=True):
    """The columns of routes at a width.

    Attributes:
        name: Cells of the component.
        route: Cells of the route.
        figures: The figures.
        note: Cells of the note; 0 without one.
    """

    name: int
    route: int
    figures: tuple[Figure, ...]
    note: int


@lru_cache(maxsize=64)
def columns(width: int) -> Columns:
    """Choose the columns for a width: what a route is comes first, then figures, then a note."""
    figures = list(FIGURES)
    room = width - 2 - NAME - 1 - ROUTE
    while len(figures) > 1 and sum(figure.width + 1 for figure in figures) > room:
        figures.remove(min(figures, key=lambda figure: figure.keep))
    room -= sum(figure.width + 1 for figure in figures)
    note = min(60, room // 2) if room >= 2 * NOTE else 0
    room -= note + 1 if note else 0
    name = min(LONGEST_NAME - NAME, max(0, room) // 3)
    return Columns(NAME + name, max(1, ROUTE + room - name), tuple(figures), note)


def route_head(width: int) -> Line:
    """Draw the header of the routes."""
    placed = columns(width)
    spans = [Span(f"  {fit('COMPONENT', placed.name)} {fit('ROUTE', placed.route)}")]
    spans += [Span(f" {figure.title:>{figure.width}}") for figure in placed.figures]
    spans += [Span(" NOTE")] if placed.note else []
    return tuple(spans)


def route_row(route: RouteView, glyphs: Glyphs, width: int, *, chosen: bool) -> Line:
    """Draw one route."""
    placed = columns(width)
    name = cut_middle(safe(route.component, glyphs, 140), placed.name, glyphs.ellipsis)
    path = cut_middle(safe(route.route, glyphs), placed.route, glyphs.ellipsis)
    taken = bool(route.taken_by)
    spans = [
        Span(glyphs.pointer if chosen else " ", "accent"),
        Span(f" {fit(name, placed.name, ellipsis=glyphs.ellipsis)}", "strong"),
        Span(f" {fit(path, placed.route, ellipsis=glyphs.ellipsis)}", "quiet" if taken else "plain"),
    ]
    if taken:
        room = sum(figure.width + 1 for figure in placed.figures) + (placed.note + 1 if placed.note else 0)
        told = elide(safe(f"answered by {route.taken_by}", glyphs), room - 1, glyphs.ellipsis)
        return (*spans, Span(f" {fit(told, room - 1, ellipsis=glyphs.ellipsis)}", "warn"))
    for figure in placed.figures:
        text, tone = figure.read(route)
        spans.append(Span(f" {fit(text, figure.width, right=True, ellipsis=glyphs.ellipsis)}", tone))
    if placed.note:
        spans.append(Span(f" {fit(elide(reasons_text(route), placed.note), placed.note)}", "quiet"))
    return tuple(spans)


def reasons_text(route: RouteView) -> str:
    """Return why the host answered, the most frequent reason first."""
    ranked = sorted(route.reasons, key=lambda each: each.count, reverse=True)
    return " · ".join(f"{each.reason} {format_count(each.count)}" for each in ranked)


def summary(view: HttpView, heading: str, glyphs: Glyphs, width: int) -> Line:
    """Draw where requests come in, and how many; those without a route only where they have room, as the list has them.

    Args:
        view: What is known of requests.
        heading: The name of the screen.
        glyphs: The glyphs.
        width: Cells.
    """
    spans = [Span(f" {heading}", "strong")]
    for listener in view.listeners:
        if listener.problem:
            spans.append(Span(f"  {listener.address}: {safe(listener.problem, glyphs)}", "bad"))
        else:
            spans.append(Span(f"  http://{listener.address}", "accent"))
    if not view.listeners:
        spans.append(Span("  not listening", "warn"))
    spans.append(Span(f"  {format_count(sum(route.per_second for route in view.routes))}/s"))
    unrouted = Span(f"  {format_count(view.unrouted)} without a route", "warn")
    if view.unrouted and line_width((*spans, unrouted)) <= width:
        spans.append(unrouted)
    return tuple(spans)


WHEN_FROM: Final = 52
"""From this width on a request shows when it came in."""

ID_FROM: Final = 92
"""From this width on a request shows its id."""

SHORT: Final = 8
"""Digits of an id in the list."""

WHY_FROM: Final = 70
"""From this width on a request shows why the host answered it."""

METHOD: Final = 7
TOOK: Final = 8


def _request_room(width: int) -> tuple[int, int]:
    """Return the cells of the path of a request, and those of why the host answered."""
    room = width - 2 - METHOD - 1 - 4 - TOOK - 1
    room -= 9 if width >= WHEN_FROM else 0
    room -= SHORT + 1 if width >= ID_FROM else 0
    why = room * 2 // 5 if width >= WHY_FROM else 0
    return max(1, room - (why + 1 if why else 0)), why


def request_head(width: int) -> Line:
    """Draw the header of the requests."""
    path, why = _request_room(width)
    when = f" {'WHEN':<8}" if width >= WHEN_FROM else ""
    reason = f" {fit('WHY', why)}" if why else ""
    id_ = f" {'ID':<{SHORT}}" if width >= ID_FROM else ""
    return (Span(f" {when} {'METHOD':<{METHOD}} {fit('PATH', path)} {'':3} {'TOOK MS':>{TOOK}}{reason}{id_}"),)


def request_row(request: RequestView, glyphs: Glyphs, width: int, *, chosen: bool) -> Line:
    """Draw one request."""
    path, why = _request_room(width)
    spans = [Span(glyphs.pointer if chosen else " ", "accent")]
    if width >= WHEN_FROM:
        spans.append(Span(f" {clock_text(request.at):<8}", "quiet"))
    target = cut_middle(safe(request.target, glyphs) or "-", path, glyphs.ellipsis)
    spans += [
        Span(f" {fit(safe(request.method, glyphs) or '-', METHOD, ellipsis=glyphs.ellipsis)}"),
        Span(f" {fit(target, path, ellipsis=glyphs.ellipsis)}", "bad" if request.failed else "plain"),
        Span(f" {request.status or '-':>3}", status_tone(request)),
        Span(f" {format_ms(request.took_ms):>{TOOK}}"),
    ]
    if why:
        spans.append(Span(f" {fit(elide(safe(request.why, glyphs), why, glyphs.ellipsis), why)}", "quiet"))
    if width >= ID_FROM:
        spans.append(Span(f" {safe(request.id, glyphs)[:SHORT]:<{SHORT}}", "quiet"))
    return tuple(spans)


def status_tone(request: RequestView) -> str:
    """Return the tone of a status."""
    if request.failed:
        return "bad"
    return "warn" if request.status >= 400 else "ok"
