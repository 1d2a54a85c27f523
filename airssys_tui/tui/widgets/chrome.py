"""The lines around every screen: the header with totals, the banner for problems, the footer with keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from airssys_tui.api.views.runtime import Phase
from airssys_tui.core.lifecycle import State
from airssys_tui.core.units import format_count, format_size
from airssys_tui.tui.actions.action import Action, Danger
from airssys_tui.tui.actions.table import key_label
from airssys_tui.tui.actions.view import ALL, View
from airssys_tui.tui.drawing.glyphs import Glyphs, only_ascii
from airssys_tui.tui.drawing.lines import Line, Span, fit, join, line_width, safe, wrap
from airssys_tui.tui.drawing.moments import clock_text, offset_text
from airssys_tui.tui.state.session import Session

_ORDER: Final = (
    ("running", "ok"),
    ("starting", "busy"),
    ("installing", "busy"),
    ("updating", "busy"),
    ("stopping", "busy"),
    ("backoff", "warn"),
    ("failed", "bad"),
    ("held", "accent"),
    ("installed", "quiet"),
    ("stopped", "quiet"),
    ("unloaded", "quiet"),
)

ROOMY: Final = 45
"""Cells of help from which on the column of the keys fits the longest of them."""

ROOMY_FOOT: Final = 100
"""Terminals narrower than this leave the name of the screen itself out of the footer."""

SPACIOUS: Final = 160
"""Terminals at least this wide say in the header how the folder is watched."""

LEAST_WIDTH: Final = 40
LEAST_HEIGHT: Final = 15
"""The smallest terminal that the screens fit into."""

LAST: Final = ("app.help", "app.palette", "go.leave")
"""Hints at the end of the line."""


def header(session: Session, width: int) -> Line:
    """Draw the folder, the components by state, their totals, and the time; less of it when narrow."""
    left: Line = (Span(" airssys", "title"),)
    right: Line = (Span(f"{clock_text(session.clock())} ", "strong"),)
    room = width - line_width(left) - line_width(right) - 2
    middle: list[Line] = []
    badges = list(_badges(session))
    counts = _counts(session)
    if line_width(join([*badges, counts])) + 2 > room:
        counts = _counts(session, short=True)
    if line_width(join([*badges, counts])) + 2 > room:  # problems matter more than the program's name
        room += line_width(left) - 1
        left = ()
    for part in (*badges, counts, *_figures(session), *_watching(session, width)):
        need = line_width(part) + 2
        if part and need <= room:
            middle.append(part)
            room -= need
    folder = safe(session.folder, session.glyphs, 60)
    if len(folder) + 2 <= room:
        middle.insert(0, (Span(folder, "quiet"),))
        room -= len(folder) + 2
    offset = offset_text(session.clock())
    if len(offset) + 1 <= room:
        right = (*right, Span(f"{offset} ", "quiet"))
    drawn = join([left, *middle]) if left else (Span(" "), *join(middle))
    gap = width - line_width(drawn) - line_width(right)
    return (*drawn, Span(" " * max(0, gap)), *right)


def _badges(session: Session) -> Iterable[Line]:
    if session.demo:
        yield (Span("DEMO", "inverse"),)
    if session.phase in {Phase.STARTING, Phase.STOPPING}:
        yield (Span(f"{session.phase}{session.glyphs.ellipsis}", "busy"),)
    if session.phase is Phase.FAILED:
        yield (Span("failed", "bad"),)
    if session.readonly:
        yield (Span("READ-ONLY", "inverse"),)
    if session.paused:
        yield (Span("PAUSED", "inverse"),)
    if session.stale:
        yield (Span("STALE", "inverse"),)


def _counts(session: Session, *, short: bool = False) -> Line:
    counted = session.counts()
    dot = Span(" ") if short else Span(f" {session.glyphs.dot} ", "quiet")
    spans: list[Span] = []
    for word, tone in _ORDER:
        if counted[word] or (word == "running" and session.feed.rows):
            spans += [dot] if spans else []
            text = f"{_glyph(word, session.glyphs)}{counted[word]}" if short else f"{counted[word]} {word}"
            spans.append(Span(text, tone))
    return tuple(spans)


def _glyph(word: str, glyphs: Glyphs) -> str:
    special = {"backoff": glyphs.backoff, "held": "=", "unloaded": glyphs.states[State.UNINSTALLED]}
    return special.get(word) or glyphs.states[State(word)]


def _figures(session: Session) -> Iterable[Line]:
    head = session.feed.head
    if not session.feed.rows:
        return
    yield (Span("fuel ", "quiet"), Span(f"{format_count(head.fuel_per_second):>5}/s"))
    if head.memory is not None:
        limit = f"/{format_size(head.memory_limit)}" if head.memory_limit else ""
        yield (Span("mem ", "quiet"), Span(f"{format_size(head.memory):>4}{limit}"))
    if head.cpu is not None:
        yield (Span("cpu ", "quiet"), Span(f"{head.cpu * 100:3.0f}%"))


def _watching(session: Session, width: int) -> Iterable[Line]:
    """Draw how the folder is watched, where there is room to spare; a banner says when that is not as it should be."""
    if width >= SPACIOUS and session.phase is Phase.RUNNING and not session.disconnected:
        yield (Span("watching: ", "quiet"), Span(session.feed.head.watch.words))


def banner(session: Session, width: int) -> tuple[Line, ...]:
    """Draw the problems of the runtime as a whole, one or two lines each."""
    lines: list[Line] = []
    if session.disconnected:
        said = f"{session.stale[:1].upper()}{session.stale[1:]}. Reconnecting{session.glyphs.ellipsis}"
        lines += [(Span(f" {part}", "warn"),) for part in wrap(safe(said, session.glyphs), max(10, width - 2))[:2]]
    elif session.stale:
        lines.append(_warning(session, "No answer from the runtime", session.stale, width))
    if session.feed.head.disk_full:
        lines.extend(_disk_full(session, width))
    watch = session.feed.head.watch
    if watch.mode != "native" and session.phase is Phase.RUNNING:
        title = "Watching stopped" if watch.mode == "stopped" else "Polling for changes"
        lines.append(_warning(session, title, watch.reason, width))
    lines.extend(line for fault in session.faults[:2] for line in _fault(session, fault, width))
    if len(session.faults) > 2:
        lines.append(_warning(session, "Settings ignored", f"and {len(session.faults) - 2} more", width))
    problems = session.feed.head.problems
    lines.extend(line for problem in problems[:2] for line in _problem(session, problem, width))
    if len(problems) > 2:
        lines.append(_warning(session, "Not a component", f"{len(problems) - 2} more files", width))
    return tuple(lines)


def _problem(session: Session, problem: str, width: int) -> list[Line]:
    """Draw a problem of the folder: of its configuration with the place and what was expected, or of another file."""
    if problem.startswith("airssys.toml"):
        return _fault(session, problem, width, " Configuration ignored: " if width >= 60 else " Ignored: ")
    return [_warning(session, "Not a component", problem, width)]


def _disk_full(session: Session, width: int) -> list[Line]:
    """Draw that the disk is full, in up to two lines, since the end says what that means."""
    key = session.keymap.key("look.disk")
    said = f"{session.feed.head.disk_full}; running components continue, nothing new is deployed ({key})"
    badge = Span(" DISK FULL ", "inverse")
    room = max(10, width - len(badge.text) - 1)
    first, *more = wrap(safe(said, session.glyphs), room)
    lines: list[Line] = [(badge, Span(f" {first}", "bad"))]
    if more:
        rest = fit(" ".join(more), room, ellipsis=session.glyphs.ellipsis).rstrip()
        lines.append((Span(" " * (len(badge.text) + 1)), Span(rest, "bad")))
    return lines


def _fault(session: Session, fault: str, width: int, title: str = " Settings ignored: ") -> list[Line]:
    """Draw a fault in the settings, in up to two lines, since the end says what was expected."""
    parts = wrap(safe(fault, session.glyphs), max(10, width - len(title) - 1))
    shown = [*parts[:1], *(fit(" ".join(parts[1:]), width - len(title) - 1, ellipsis=session.glyphs.ellipsis),)]
    heads = (Span(title, "warn"), Span(" " * len(title)))
    return [(head, Span(part)) for head, part in zip(heads, shown[: len(parts)], strict=False)]


def _warning(session: Session, title: str, text: str, width: int) -> Line:
    room = max(0, width - len(title) - 4)
    shown = fit(safe(text, session.glyphs), room, ellipsis=session.glyphs.ellipsis)
    return (Span(f" {title}: ", "warn"), Span(shown))


def footer(view: View, session: Session, width: int, *, at_root: bool) -> Line:
    """Draw the keys of a screen in a fixed order: the most important that fit, and then whatever else does.

    The keys of the other screens count as one hint, since some of them alone would look like all there are. Where their
    names do not fit, one hint has the keys of all.
    """
    marked = _marked(view, session)
    room = width - 1 - line_width(marked)
    hints = session.keymap.hints(view, session.readonly)
    if marked:
        hints = tuple(sorted(hints, key=_of_marks))
    useful = [action for action in hints if _useful(action, session)]
    screens = [action for action in useful if _is_screen(action)]
    chosen: list[tuple[bool, int, Line]] = []
    for action in useful:
        if action in screens[1:]:
            continue
        ways = _ways(screens, view, width) if action in screens else [_hint(action, view, at_root=at_root)]
        hint = next((way for way in ways if line_width(way) <= room), None)
        if hint:
            room -= line_width(hint)
            chosen.append((action.id in LAST, 0 if action in screens else action.rank, hint))
    chosen.sort(key=lambda one: one[:2])
    return (*marked, *(span for _, _, hint in chosen for span in hint))


def _is_screen(action: Action) -> bool:
    """Return whether an action leads from every screen to one of the main ones."""
    return action.opens is not None and action.views == ALL


def _hint(action: Action, view: View, *, at_root: bool = False) -> Line:
    word = "quit" if action.id == "go.leave" and at_root else action.hint
    tone = "strong" if action.opens is view else "quiet"
    return (Span(" "), Span(key_label(action.keys[0]), "key"), Span(f" {word} ", tone))


def _ways(screens: Sequence[Action], view: View, width: int) -> list[Line]:
    """Return the hints that could stand for the main screens, the best first; this one is named where there is room."""
    named = [action for action in screens if width >= ROOMY_FOOT or action.opens is not view]
    whole = tuple(span for action in named for span in _hint(action, view))
    keys = [action.keys[0] for action in screens]
    if not all(len(key) == 1 and key.isdigit() for key in keys):
        return [whole]
    return [whole, (Span(" "), Span(f"{min(keys)}-{max(keys)}", "key"), Span(" screens ", "quiet"))]


def _of_marks(action: Action) -> bool:
    """Order hints while components are marked: first what can be done to all of them."""
    return action.danger is Danger.VIEW and action.id not in {"app.help", "go.back"}


def _marked(view: View, session: Session) -> Line:
    """Draw how many are marked: actions are about all of them, those that the filter hides included."""
    count = len(session.marks)
    if not count or view is not View.REGISTRY:
        return ()
    return (Span(" "), Span(f" {session.glyphs.mark} {count} marked ", "inverse"))


def _useful(action: Action, session: Session) -> bool:
    if session.failure is not None or session.closing:
        return action.id in LAST
    return bool(session.feed.rows) or not action.of_row


def cramped(session: Session, width: int, height: int) -> list[Line]:
    """Draw what replaces a screen in a terminal that is too small."""
    said = (
        f"This terminal is {width}x{height}.",
        f"The screen needs {LEAST_WIDTH}x{LEAST_HEIGHT}.",
        "Components keep running.",
        f"{session.keymap.key('app.leave-now')} quits.",
    )
    lines: list[Line] = [(Span(f" {part}"),) for text in said for part in wrap(text, max(4, width - 2))]
    above: list[Line] = [()] * max(0, (height - len(lines)) // 3)
    return above + lines


def key_lines(actions: Sequence[Action], width: int, glyphs: Glyphs) -> list[Line]:
    """Draw actions as help: their keys and their sentence, by group."""
    lines: list[Line] = []
    cells = 15 if width >= ROOMY else 12
    group = None
    for action in actions:
        if action.group is not group:
            group = action.group
            lines += [(), (Span(f" {group.value}", "title"),)]
        keys = " ".join(map(key_label, action.keys))
        keys = only_ascii(keys) if glyphs.ascii else keys
        parts = wrap(action.help, max(10, width - cells - 3))
        lines += [(Span(f"  {'' if row else keys:<{cells}}", "key"), Span(part)) for row, part in enumerate(parts)]
    return lines[1:]
