"""What a guest prints is lines, whatever pieces it writes them in, each with its revision and the instance's part."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airssys_tui.core.events import Event, EventAction, Speaker
from airssys_tui.host.services.output_lines import LINE, UNFINISHED, OutputBuffer, OutputLine
from tests.support.api.embedded_bench import EmbeddedBench
from tests.support.printer import ERR, OUT, printer
from tests.support.world import World

PATIENCE = 30.0


def lines(world: World, name: str = "printer") -> list[tuple[str, str]]:
    """Return what a component printed, as stream and text."""
    streams = {EventAction.STDOUT, EventAction.STDERR}
    return [(event.action.value, event.text) for event in world.events(name) if event.action in streams]


def say(world: World, *pieces: tuple[bool, str], trap: bool = False) -> None:
    """Have the component print pieces in one call."""
    asked = world.runtime.invoke("printer", "print", list(pieces), trap)
    if trap:
        assert asked.exception(PATIENCE) is not None
    else:
        asked.result(PATIENCE)


@pytest.fixture
def printing(world: World) -> World:
    """Give a world in which the printer serves, and nothing is collected but by calls."""
    world.put("printer", printer())
    world.open(sample=3_600.0)
    return world


@pytest.mark.parametrize(
    ("pieces", "wanted"),
    [
        ([(OUT, "hello"), (OUT, "\n")], [("stdout", "hello")]),
        ([(OUT, char) for char in "one\ntwo\n"], [("stdout", "one"), ("stdout", "two")]),
        ([(OUT, "a"), (OUT, " "), (OUT, "b"), (OUT, "\r\n")], [("stdout", "a b")]),
        ([(OUT, "first\n\nthird\n")], [("stdout", "first"), ("stdout", ""), ("stdout", "third")]),
        ([(OUT, "x\u2028y\x0bz\x85\n")], [("stdout", "x\u2028y\x0bz\x85")]),
        ([(OUT, "out "), (ERR, "err "), (OUT, "put\n"), (ERR, "or\n")], [("stdout", "out put"), ("stderr", "err or")]),
        ([(ERR, "oops\n"), (OUT, "fine\n")], [("stderr", "oops"), ("stdout", "fine")]),
    ],
    ids=["print", "by character", "words", "an empty line is one", "other breaks", "mixed", "in order"],
)
def test_pieces_are_lines(printing: World, pieces: list[tuple[bool, str]], wanted: list[tuple[str, str]]) -> None:
    say(printing, *pieces)
    assert lines(printing) == wanted


def test_a_line_may_go_on_in_the_next_call(printing: World) -> None:
    say(printing, (OUT, "begun "))
    assert lines(printing) == []
    say(printing, (OUT, "and done\n"))
    assert lines(printing) == [("stdout", "begun and done")]


def test_a_line_that_is_never_ended_appears_all_the_same(world: World) -> None:
    world.put("printer", printer())
    world.open()
    say(world, (OUT, "prompt> "))
    assert world.wait_event("printer", "stdout").text == "prompt> "


@pytest.mark.parametrize("last", ["half a line", "\u00e9\U0001f389", "one\nhalf"])
def test_an_end_ends_the_line(printing: World, last: str) -> None:
    say(printing, (ERR, last), trap=True)
    assert [text for _, text in lines(printing)] == last.split("\n")


@pytest.mark.parametrize("size", [LINE - 1, LINE, LINE + 1, 5 * LINE])
@pytest.mark.parametrize("char", ["x", "\u00e9", "\U0001f389"])
def test_a_long_line_goes_on_in_the_next_and_loses_nothing(printing: World, size: int, char: str) -> None:
    text = char * (size // len(char.encode()))
    say(printing, (OUT, text), (OUT, "\n"))
    found = [line for _, line in lines(printing)]
    assert "".join(found) == text
    assert all(len(line.encode()) <= LINE for line in found)


PIECES = st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.binary(max_size=30)), max_size=30)


@settings(deadline=None)
@given(PIECES)
@example([("stdout", b"\xf0\x9f"), ("stderr", b"\n"), ("stdout", b"\x8e\x89\n")])
def test_both_streams_are_whole_and_apart_however_they_are_written(pieces: list[tuple[str, bytes]]) -> None:
    buffer = OutputBuffer(1_000_000)
    found: list[OutputLine] = []
    for stream, data in pieces:
        buffer.write(stream, data)
        found += buffer.drain().lines
    found += buffer.drain(final=True).lines
    for stream in ("stdout", "stderr"):
        written = b"".join(data for to, data in pieces if to == stream)
        wanted = [part.removesuffix(b"\r").decode(errors="replace") for part in written.split(b"\n")]
        if not wanted[-1] and not written.endswith(b"\r"):
            wanted.pop()
        assert [line.text for line in found if line.stream == stream] == wanted
    assert buffer.drain(final=True).lines == ()


def test_what_waits_is_bounded_in_size_and_time() -> None:
    now = [0.0]
    buffer = OutputBuffer(10 * LINE, clock=lambda: now[0])
    for _ in range(100):
        buffer.write("stdout", b"y" * LINE)
    kept = buffer.drain()
    assert sum(len(line.text) for line in kept.lines) + LINE >= 10 * LINE
    assert kept.dropped == 90 * LINE
    buffer.write("stderr", b"wait")
    now[0] = UNFINISHED / 2
    assert buffer.drain().lines[-1:] != (OutputLine("stderr", "wait"),)
    now[0] = UNFINISHED
    assert OutputLine("stderr", "wait") in buffer.drain().lines


class TestWhoSaidIt:
    @staticmethod
    def told(world: World, name: str) -> list[tuple[int | None, Speaker, str]]:
        streams = {EventAction.STDOUT, EventAction.STDERR, EventAction.LOG}
        said: list[Event] = [event for event in world.events(name) if event.action in streams]
        return [(event.revision, event.speaker, event.text) for event in said]

    def test_a_line_has_its_revision(self, world: World) -> None:
        world.open()
        for number in (1, 2, 3):
            world.install("printer", printer(salt=number))
            say(world, (OUT, f"from {number}\n"))
        assert self.told(world, "printer") == [(n, Speaker.SERVING, f"from {n}") for n in (1, 2, 3)]

    def test_a_candidate_is_marked_until_it_serves(self, world: World) -> None:
        world.open()
        world.install("printer", printer("ready\\n"))
        say(world, (OUT, "serving\n"))
        world.install("printer", printer("refused\\n", traps=True))
        assert self.told(world, "printer") == [
            (1, Speaker.CANDIDATE, "ready"),
            (1, Speaker.SERVING, "serving"),
            (2, Speaker.CANDIDATE, "refused"),
        ]

    def test_trying_a_rollback_out_is_marked_as_a_trial(self, world: World) -> None:
        bench = EmbeddedBench(world)
        before = len(self.told(world, "counter"))
        bench.api.preview_rollback("counter", 1).result(PATIENCE)
        told = self.told(world, "counter")[before:]
        assert told
        assert {(revision, speaker) for revision, speaker, _ in told} == {(1, Speaker.TRIAL)}
        assert any("ready" in text for _, _, text in told)

    def test_replaying_checks_is_marked_as_a_trial(self, world: World) -> None:
        world.open()
        world.install("printer", printer("made\\n"))
        before = len(self.told(world, "printer"))
        world.runtime.save_check("printer", "one", "get", "[]").result(PATIENCE)
        world.runtime.verify("printer").result(PATIENCE)
        assert self.told(world, "printer")[before:] == [(1, Speaker.TRIAL, "made")] * 2
