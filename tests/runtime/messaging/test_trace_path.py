"""One trace leads through every hop, and shows as one tree."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airssys_tui.api.views.messaging import MessageBody
from airssys_tui.api.views.tracing import SpanView, TraceView
from airssys_tui.core.errors import UsageError
from airssys_tui.runtime.messaging.hops import MOST_HOPS, Hop, Hops
from airssys_tui.runtime.messaging.trace_path import trace_path
from tests.support.postmen import Postmen
from tests.support.world import PATIENCE, World

MS = 1_000_000


def hop(sender: str, to: str, *at: int, kind: str = "request", error: str = "") -> Hop:
    sent, began, ended = at
    return Hop("t", sender, to, kind, None, sent * MS, began * MS, ended * MS, error)


def tree(trace: TraceView | None) -> list[tuple[int, str]]:
    assert trace is not None
    return [(depth, span.name) for depth, span in trace.tree()]


@pytest.fixture
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postmen]:
    postmen = Postmen(World(tmp_path_factory.mktemp("traces")))
    for name in ("ann", "bob", "eve"):
        postmen.put(name, "[config]\n")
    postmen.world.open()
    yield postmen
    postmen.world.close()


def test_one_trace_shows_the_whole_path(office: Postmen) -> None:
    runtime = office.world.runtime
    asked = runtime.ask_component("ann", MessageBody(text="ask bob ask eve hello")).result(PATIENCE)
    assert asked.body.text == "hello"
    (trace,) = runtime.traces("", asked.trace).result(PATIENCE)
    assert tree(trace) == [
        (0, "operator → ann: request"),
        (1, "ann → bob: request"),
        (2, "bob → eve: request"),
    ]
    assert (trace.id, trace.failed) == (asked.trace, False)
    assert all(span.took_ms is not None for span in trace.spans)
    failing = runtime.send_message("ann", MessageBody(text="refuse")).result(PATIENCE)
    office.lines("ann")
    (trace,) = runtime.traces("", failing.trace).result(PATIENCE)
    assert (trace.failed, trace.spans[0].error) == (True, "invalid-input: not this")
    assert runtime.traces("", "0" * 32).result(PATIENCE) == ()
    with pytest.raises(UsageError):
        runtime.traces("").result(PATIENCE)


def test_what_was_sent_while_another_message_was_handled_is_below_it() -> None:
    hops = [
        hop("", "ann", 0, 10, 20),
        hop("ann", "bob", 12, 13, 15),
        hop("ann", "bob", 18, 30, 40, kind="fire-and-forget"),
        hop("bob", "eve", 33, 34, 35, kind="publish"),
        hop("bob", "ann", 41, 42, 43, kind="answer"),
    ]
    assert tree(trace_path("t", hops, ())) == [
        (0, "operator → ann: request"),
        (1, "ann → bob: request"),
        (1, "ann → bob: fire-and-forget"),
        (2, "bob → eve: publish"),
        (2, "bob → ann: answer"),
    ]


def test_the_steps_of_a_component_are_below_the_hop_in_which_it_took_them() -> None:
    steps = (
        SpanView(number=1, name="look", start_ms=0.0, took_ms=1.0),
        SpanView(number=2, parent=1, name="in", start_ms=0.5),
    )
    told = TraceView(id="t", export="x", at=0.014, took_ms=1.0, spans=steps)
    began = TraceView(id="t", export="y", at=0.0, took_ms=50.0, spans=(SpanView(number=1, name="GET /", start_ms=0.0),))
    hops = [hop("web", "bob", 12, 13, 20), hop("bob", "eve", 15, 16, 17, error="trapped")]
    trace = trace_path("t", hops, [("bob", told)], [("web", began)])
    assert tree(trace) == [
        (0, "GET /"),
        (1, "web → bob: request"),
        (2, "look"),
        (3, "in"),
        (2, "bob → eve: request"),
    ]
    assert trace is not None
    assert [round(span.start_ms) for span in trace.spans] == [0, 13, 14, 14, 16]
    assert trace.failed
    assert trace_path("t", (), ()) is None


def test_so_many_hops_are_kept() -> None:
    hops = Hops()
    for number in range(MOST_HOPS + 5):
        hops.append(hop("a", "b", number, number, number))
    kept = hops.of("t")
    assert (len(kept), kept[0].sent_ns) == (MOST_HOPS, 5 * MS)
