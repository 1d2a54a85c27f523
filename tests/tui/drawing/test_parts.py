"""The parts that need no screen: columns, arrangement, glyphs, notices, lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from airssys_tui.api.played import scenes
from airssys_tui.api.played.asking import ask
from airssys_tui.api.views.granting import AuditQuery, AuditVerdict
from airssys_tui.core.capability.audit_entry import Head
from airssys_tui.core.events import Event, EventKind, Level
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing import columns, trail_lines
from airssys_tui.tui.drawing.arrangement import Arrangement, Sort, arrange, matcher
from airssys_tui.tui.drawing.glyphs import ASCII, UNICODE, chosen_glyphs
from airssys_tui.tui.drawing.lines import elide, fit, line_width, wrap
from airssys_tui.tui.state.notices import Notices
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.chrome import footer

VIEWS = scenes.mixed().snapshot().components
WIDE = st.text(st.sampled_from("ab 漢字e\u0301🎉"), max_size=30)


@given(WIDE, st.integers(0, 40), st.booleans())
def test_fit_is_exact(text, width, right):
    assert cell_len(fit(text, width, right=right)) == width


@given(WIDE, st.integers(2, 40))
def test_wrapped_lines_fit_and_lose_nothing(text, width):
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("width", [*range(20, 210, 7), 40, 80, 120])
def test_rows_and_header_are_aligned(width):
    sight = columns.Sight(scenes.NOON, UNICODE)
    widths = {line_width(columns.row(view, width, sight, selected=False)) for view in VIEWS}
    assert widths == {line_width(columns.head(width, Arrangement(), UNICODE))}
    assert sum(placed.width + columns.GAP for placed in columns.place(width)) <= max(width, 16)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("memory full on probation in ~40s", "memory full … ~40s"),
        ("r2 quarantined: 2 traps · back on r1", "r2 quarantined: 2 …"),
        ("93a44bbb refused at magic: a core module (at byte 4)", "93a44bbb refused …"),
    ],
)
def test_a_note_is_cut_so_that_it_still_says_something(text, short):
    assert elide(text, 19) == short


def test_columns_go_in_order_of_priority():
    def titles(width):
        return [placed.column.title for placed in columns.place(width)]

    assert titles(40) == ["NAME", "STATE", "NOTE"]
    assert titles(80) == ["NAME", "STATE", "HEALTH", "VERSION", "FUEL/S", "MEMORY", "NOTE"]
    every = [column.title for column in columns.COLUMNS]
    assert titles(120) == [title for title in every if title not in {"DIGEST", "ERRORS", "P95"}]
    assert titles(200) == every


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("width", [140, 200])
def test_the_sorted_column_has_its_arrow(sort, width):
    titles = "".join(span.text for span in columns.head(width, Arrangement(sort), UNICODE))
    assert UNICODE.ascending in titles or UNICODE.descending in titles


@pytest.mark.parametrize("sort", Sort)
def test_sorting_loses_nobody_and_reverses(sort):
    names = {view.id for view in VIEWS}
    forth = arrange(VIEWS, Arrangement(sort))
    back = arrange(VIEWS, Arrangement(sort).by(sort))
    assert set(forth) == set(back) == names
    assert forth != back


@pytest.mark.parametrize("query", ["run", "failed", "1.0.0 run", "HOARD", "traps in"])
def test_an_inverted_filter_is_the_rest(query):
    shown = {view.id for view in VIEWS if matcher(query)(view)}
    hidden = {view.id for view in VIEWS if matcher("!" + query)(view)}
    assert shown
    assert shown | hidden == {view.id for view in VIEWS}
    assert not shown & hidden


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_glyphs_of_states_are_told_apart(glyphs):
    assert len({*glyphs.states.values(), glyphs.backoff}) == len(glyphs.states) + 1
    drawn = glyphs.bar(0.5, 4) + glyphs.sparkline([1, 2, 3], 6) + "".join(glyphs.states.values())
    assert drawn.isascii() is glyphs.ascii


@given(st.floats(-1, 3), st.integers(1, 20))
def test_a_bar_has_its_width_and_a_trace_of_anything(share, width):
    bar = UNICODE.bar(share, width)
    assert len(bar) == width
    assert (bar.strip() != "") == (share > 0)


@given(st.lists(st.floats(0, 1e12), max_size=40), st.integers(0, 30))
def test_a_sparkline_has_its_width(values, width):
    assert len(UNICODE.sparkline(values, width)) == width


def test_ascii_is_asked_for_by_the_environment():
    assert chosen_glyphs({}) is UNICODE
    assert chosen_glyphs({"AIRSSYS_TUI_ASCII": "0"}) is UNICODE
    assert chosen_glyphs({"AIRSSYS_TUI_ASCII": "1"}) is ASCII


def event(component, action, revision=1):
    level = Level.ERROR if action == "refused" else Level.INFO
    return Event(
        seq=1,
        at=0,
        kind=EventKind.DECISION,
        level=level,
        component=component,
        revision=revision,
        text="switched",
        action=action,
    )


def test_notices_come_at_most_every_two_seconds():
    notices = Notices()
    notices.offer([event("a", "switched")], 10)
    assert notices.take(10).text == "a: switched"
    notices.offer([event("a", "switched", 2), event("b", "refused", 3), event("c", "ignored")], 10.5)
    assert notices.take(11.9) is None
    notice = notices.take(12)
    assert notice.text == "2 reloads, 1 refused, latest b r3"
    assert notice.refused
    assert notices.take(20) is None


def test_a_question_is_told_at_once_before_reloads_and_even_after_the_operators_own_doing():
    notices = Notices()
    notices.mute("a", 10)
    notices.offer([event("b", "switched"), event("a", "asked")], 11)
    asked = notices.take(11)
    assert (asked.text, asked.asks) == ("a switched", True)
    assert notices.take(11).text == "b: switched"
    notices.offer([event("a", "asked"), event("b", "asked")], 12)
    assert notices.take(12.9) is None
    assert notices.take(13).text == "2 questions, the latest: b switched"


def test_an_operators_own_doing_is_not_told_twice():
    notices = Notices()
    notices.mute("a", 10)
    notices.offer([event("a", "switched"), event("b", "switched")], 11)
    assert notices.take(11).text == "b: switched"
    notices.offer([event("a", "switched")], 14)
    assert notices.take(14).text == "a: switched"


def keys_of(view, width, *, readonly=False):
    """The footer of a screen as text."""
    session = Session("components/", scenes.still, UNICODE, readonly=readonly)
    session.api = scenes.mixed()
    session.pull()
    line = footer(view, session, width, at_root=view is View.REGISTRY)
    assert line_width(line) <= width
    return "".join(span.text for span in line)


@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_a_footer_keeps_help_and_what_the_screen_is_for(view, width):
    text = keys_of(view, width)
    assert "? help" in text
    known = {View.REGISTRY: "enter detail", View.AUDIT: "/ filter", View.GRANTS: "a once", View.CALL: "c call it"}
    assert known.get(view, "") in text


@pytest.mark.parametrize(
    ("width", "kept", "lacking"),
    [
        (40, ["/ filter", "enter detail"], ["1-6", "registry"]),
        (60, ["/ filter", "enter detail", "1-6 screens"], ["2 meters"]),
        (80, ["2 meters", "6 grants", "/ filter", "enter detail", "q quit"], ["1 registry", "1-6"]),
        (120, ["1 registry", "6 grants", "/ filter", "enter detail", "v versions"], ["1-6"]),
    ],
)
def test_a_footer_chooses_by_importance(width, kept, lacking):
    text = keys_of(View.REGISTRY, width)
    assert [part for part in kept if part not in text] == []
    assert [part for part in lacking if part in text] == []


def test_a_footer_offers_nothing_dangerous_to_who_may_only_read():
    assert "once" not in keys_of(View.GRANTS, 200, readonly=True)
    assert "t audit" in keys_of(View.GRANTS, 80, readonly=True)


ENTRIES = ask(scenes.mixed()).audit(AuditQuery()).result(0).entries


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize("width", [36, 39, 40, 59, 60, 75, 76, 99, 100, 120, 199, 200])
def test_entries_of_the_audit_are_aligned_and_fit(width, glyphs):
    heads = line_width(trail_lines.audit_head(width))
    for entry in ENTRIES:
        row = trail_lines.audit_row(entry, scenes.NOON, glyphs, width, chosen=True)
        assert line_width(row) <= max(width, heads)
        lines = trail_lines.entry_lines(entry, scenes.NOON, glyphs, width)
        assert all(line_width(line) <= width for line in lines)
        assert not glyphs.ascii or all(span.text.isascii() for line in (row, *lines) for span in line)


def test_a_broken_chain_says_where():
    verdict = AuditVerdict(head=Head(6), entry=7, what="its content does not match its hash")
    text = "".join(span.text for span in trail_lines.chain_line(verdict, 13, UNICODE, 80))
    assert text == " BROKEN AT ENTRY 7  its content does not match its hash"
    whole = trail_lines.chain_line(AuditVerdict(head=Head(1_234)), 1_236, UNICODE, 80)
    assert "".join(span.text for span in whole) == " verified up to entry 1 234, 2 newer"
