"""``wasi:io`` called by a real component: polling, streams, permits, and every error."""

from __future__ import annotations

import contextlib
import io as memory
import os
import select
import threading
from time import perf_counter_ns

import pytest

from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Err, Ok, Variant
from airssys_tui.engine.waiting import READABLE, WRITABLE, Waitable
from airssys_tui.host.wasi import io
from airssys_tui.host.wasi.input_stream import InputStream, MemoryInput
from airssys_tui.host.wasi.output_stream import OutputStream
from airssys_tui.host.wasi.pollable import MOST_MOVED, Moment
from airssys_tui.host.wasi.stream_end import IoError, StreamClosed, StreamFailed
from airssys_tui.host.wasi.wasi_types import wasi_interface

IN, OUT = "io/streams#[method]input-stream.", "io/streams#[method]output-stream."
CLOSED = Err(Variant("closed"))
SECOND = 1_000_000_000


class PipeInput(InputStream):
    """Reads from a pipe."""

    def __init__(self, descriptor):
        super().__init__()
        self.descriptor = descriptor
        self.dropped = 0

    def read(self, context, most):
        context.charge_bytes(most)
        if not select.select([self.descriptor], [], [], 0)[0]:
            return b""
        if not most:
            return b""
        data = os.read(self.descriptor, most)
        if not data:
            raise StreamClosed
        return data

    def ready(self, _context):
        return bool(select.select([self.descriptor], [], [], 0)[0])

    def waitable(self):
        return Waitable(descriptor=self.descriptor, events=READABLE)

    def close(self):
        self.dropped += 1


class PipeOutput(OutputStream):
    """Writes to a pipe, and keeps back what it does not take; a failure is told at the next operation."""

    def __init__(self, descriptor):
        super().__init__()
        self.descriptor = descriptor
        os.set_blocking(descriptor, False)
        self.left = b""
        self.failed = False
        self.dropped = 0

    def _push(self):
        while self.left and not self.failed:
            try:
                self.left = self.left[os.write(self.descriptor, self.left) :]
            except BlockingIOError:
                return
            except OSError:
                self.failed = True

    def check_write(self, _context):
        self._push()
        if self.failed:
            raise StreamFailed(IoError("nobody reads", filesystem="pipe"))
        return 0 if self.left else 100_000

    def write(self, context, data):
        context.charge_bytes(len(data))
        self.left = data
        self._push()

    def ready(self, _context):
        self._push()
        return self.failed or not self.left

    def waitable(self):
        return Waitable(descriptor=self.descriptor, events=WRITABLE)

    def close(self):
        self.dropped += 1


class Sink(OutputStream):
    """Collects what is written; fails or closes when it is told to.

    Attributes:
        room: What ``check_write`` returns.
        raises: What each operation raises next, by name.
    """

    def __init__(self, room=MOST_MOVED):
        super().__init__()
        self.room, self.got, self.raises, self.flushed = room, b"", {}, 0

    def _maybe(self, name):
        if name in self.raises:
            raise self.raises[name]

    def check_write(self, _context):
        self._maybe("check_write")
        return self.room

    def write(self, _context, data):
        self._maybe("write")
        self.got += data

    def flush(self, _context):
        self._maybe("flush")
        self.flushed += 1


class Failing(InputStream):
    """Fails once it is asked for bytes."""

    def read(self, _context, most):
        raise StreamFailed(IoError("the disk is on fire"))


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        with contextlib.suppress(OSError):
            os.close(end)


@pytest.fixture
def guest(desk):
    """Make a guest with pollables of moments; ``inputs`` and ``outputs`` are handed out in turn."""

    def make(inputs=(), outputs=(), **named):
        inputs, outputs = list(inputs), list(outputs)
        faces = [
            *io.INTERFACES,
            wasi_interface("cli/stdin", {"get-stdin": lambda _: inputs.pop(0)}),
            wasi_interface("cli/stdout", {"get-stdout": lambda _: outputs.pop(0)}),
            wasi_interface(
                "clocks/monotonic-clock",
                {
                    "now": lambda _: perf_counter_ns(),
                    "resolution": lambda _: 1,
                    "subscribe-instant": lambda _, when: Moment(when),
                    "subscribe-duration": lambda _, length: Moment(perf_counter_ns() + length),
                },
            ),
        ]
        return desk(faces, **named)

    return make


def given(guest, data):
    made = guest([MemoryInput(memory.BytesIO(data))])
    return made, made.call("cli/stdin#get-stdin")


def after(guest, length):
    return guest.call("clocks/monotonic-clock#subscribe-duration", length)


# polling


def test_a_poll_tells_what_is_ready_by_its_position(guest):
    here = guest()
    later, ready = after(here, 3_600 * SECOND), after(here, 0)
    assert here.call("io/poll#poll", [later, ready, later, ready]) == [1, 3]
    assert here.tenant.blocked == 0
    soon = after(here, 20_000_000)
    assert here.call("io/poll#poll", [later, soon, soon]) == [1, 2]
    assert here.call("io/poll#[method]pollable.ready", soon)
    assert not here.call("io/poll#[method]pollable.ready", later)


def test_a_block_lasts_as_long_as_it_was_asked_to(guest):
    here = guest()
    begun = perf_counter_ns()
    here.call("io/poll#[method]pollable.block", after(here, 30_000_000))
    assert perf_counter_ns() - begun >= 30_000_000


def test_many_pollables_of_many_kinds(guest, pipe):
    count = 500
    here = guest([PipeInput(pipe[0])])
    stream = here.call("cli/stdin#get-stdin")
    moments = [after(here, 3_600 * SECOND) for _ in range(count)]
    watched = [here.call(f"{IN}subscribe", stream) for _ in range(3)]
    here.tenant.at_block = [lambda: os.write(pipe[1], b"x")]
    assert here.call("io/poll#poll", [*moments, *watched]) == [count, count + 1, count + 2]
    for one in (*moments, *watched):
        here.drop("pollable", one)
    assert here.instance.resources.use.count == 1


def test_a_poll_of_nothing_traps(guest):
    with pytest.raises(GuestTrap, match="poll of no pollable") as caught:
        guest().call("io/poll#poll", [])
    assert caught.value.trap.kind is TrapKind.HOST_ERROR


@pytest.mark.parametrize("forged", [0, 7, 2**31, 2**32 - 1])
def test_a_handle_that_is_made_up_traps(guest, forged):
    here = guest()
    with pytest.raises(GuestTrap) as caught:
        here.call("io/poll#poll", [after(here, 0), forged])
    assert caught.value.trap.kind is TrapKind.OTHER


@pytest.mark.parametrize("function", ["io/poll#poll", "io/poll#[method]pollable.block", f"{IN}blocking-read"])
def test_a_wait_ends_at_the_deadline(guest, pipe, function):
    here = guest([PipeInput(pipe[0])])
    stream = here.call("cli/stdin#get-stdin")
    arguments = {"io/poll#poll": ([after(here, 3_600 * SECOND)],), f"{IN}blocking-read": (stream, 1)}
    asked = arguments.get(function) or (after(here, 3_600 * SECOND),)
    with pytest.raises(GuestTrap) as caught:
        here.call(function, *asked, deadline=0.05)
    assert caught.value.trap.kind is TrapKind.DEADLINE


def test_a_wait_ends_when_it_is_cancelled(guest):
    here = guest()
    asked = after(here, 3_600 * SECOND)
    here.tenant.at_block = [lambda: threading.Thread(target=here.instance.cancel).start()]
    with pytest.raises(GuestTrap) as caught:
        here.call("io/poll#[method]pollable.block", asked)
    assert caught.value.trap.kind is TrapKind.CANCELLED


def test_a_poll_costs_fuel_for_each_pollable(guest):
    here = guest()
    ready = after(here, 0)

    def cost(count):
        return here.instance.call("io-poll-poll", [ready] * count).fuel

    assert cost(200) - cost(100) >= 100_000
    with pytest.raises(GuestTrap) as caught:
        here.instance.call("io-poll-poll", [ready] * 200, fuel=150_000)
    assert caught.value.trap.kind is TrapKind.OUT_OF_FUEL


# reading


def test_what_is_there_is_read_in_pieces_and_then_the_stream_is_closed(guest):
    here, stream = given(guest, b"0123456789")
    assert here.call(f"{IN}read", stream, 4) == Ok(b"0123")
    assert here.call(f"{IN}skip", stream, 2) == Ok(2)
    assert here.call(f"{IN}read", stream, 0) == Ok(b"")
    assert here.call(f"{IN}blocking-read", stream, 0) == Ok(b"")
    assert here.call(f"{IN}blocking-skip", stream, 1) == Ok(1)
    assert here.call(f"{IN}blocking-read", stream, 100) == Ok(b"789")
    for function in ("read", "blocking-read", "skip", "blocking-skip"):
        assert here.call(f"{IN}{function}", stream, 1) == CLOSED
        assert here.call(f"{IN}{function}", stream, 0) == CLOSED
    assert here.call("io/poll#[method]pollable.ready", here.call(f"{IN}subscribe", stream))


@pytest.mark.parametrize("asked", [MOST_MOVED + 1, 2**32, 2**64 - 1])
def test_one_read_gives_so_much_at_most(guest, asked):
    here, stream = given(guest, bytes(MOST_MOVED + 5))
    assert here.call(f"{IN}read", stream, asked) == Ok(bytes(MOST_MOVED))
    assert here.call(f"{IN}skip", stream, asked) == Ok(5)


def test_a_read_does_not_wait_and_a_blocking_one_does(guest, pipe):
    here = guest([PipeInput(pipe[0])])
    stream = here.call("cli/stdin#get-stdin")
    assert here.call(f"{IN}read", stream, 9) == Ok(b"")
    assert not here.call("io/poll#[method]pollable.ready", here.call(f"{IN}subscribe", stream))
    for function, found in (("blocking-read", Ok(b"ab")), ("blocking-skip", Ok(2))):
        here.tenant.at_block = [lambda: os.write(pipe[1], b"ab")]
        assert here.call(f"{IN}{function}", stream, 9) == found
    assert here.tenant.blocked == 2
    here.tenant.at_block = [lambda: os.close(pipe[1])]
    assert here.call(f"{IN}blocking-read", stream, 9) == CLOSED


def test_a_failed_read_is_told_once_with_an_error_and_closes_the_stream(guest):
    here = guest([Failing()])
    stream = here.call("cli/stdin#get-stdin")
    failed = here.call(f"{IN}read", stream, 1)
    assert failed.value.case == "last-operation-failed"
    assert here.call("io/error#[method]error.to-debug-string", failed.value.payload) == "the disk is on fire"
    here.drop("error", failed.value.payload)
    assert here.call(f"{IN}read", stream, 1) == CLOSED


def test_a_stream_that_says_ready_and_has_nothing_is_not_waited_for_past_the_deadline(guest):
    class Liar(InputStream):
        def read(self, _context, _most):
            return b""

    here = guest([Liar()])
    with pytest.raises(GuestTrap) as caught:
        here.call(f"{IN}blocking-read", here.call("cli/stdin#get-stdin"), 1, deadline=0.05)
    assert caught.value.trap.kind is TrapKind.DEADLINE


# writing


def opened(guest, sink, **named):
    here = guest([], [sink], **named)
    return here, here.call("cli/stdout#get-stdout")


def test_a_write_needs_a_permit(guest):
    sink = Sink(10)
    here, stream = opened(guest, sink)
    assert here.call(f"{OUT}write", stream, b"") == Ok()
    assert here.call(f"{OUT}check-write", stream) == Ok(10)
    assert here.call(f"{OUT}write", stream, b"abc") == Ok()
    assert here.call(f"{OUT}write-zeroes", stream, 2) == Ok()
    assert sink.got == b"abc\0\0"
    with pytest.raises(GuestTrap, match="6 bytes are written, and check-write permits 5") as caught:
        here.call(f"{OUT}write", stream, b"123456")
    assert caught.value.trap.kind is TrapKind.HOST_ERROR
    assert sink.got == b"abc\0\0"


@pytest.mark.parametrize(
    ("function", "asked"),
    [
        ("write", b"1"),
        ("write-zeroes", 1),
        ("write-zeroes", 2**64 - 1),
        ("blocking-write-and-flush", bytes(4_097)),
        ("blocking-write-zeroes-and-flush", 4_097),
        ("blocking-write-zeroes-and-flush", 2**64 - 1),
    ],
)
def test_more_than_is_permitted_traps(guest, function, asked):
    sink = Sink()
    here, stream = opened(guest, sink)
    with pytest.raises(GuestTrap) as caught:
        here.call(f"{OUT}{function}", stream, asked)
    assert caught.value.trap.kind is TrapKind.HOST_ERROR
    assert sink.got == b""


def test_a_permit_is_bounded_and_a_flush_ends_it(guest):
    here, stream = opened(guest, Sink(10**9))
    assert here.call(f"{OUT}check-write", stream) == Ok(MOST_MOVED)
    assert here.call(f"{OUT}flush", stream) == Ok()
    with pytest.raises(GuestTrap, match="permits 0"):
        here.call(f"{OUT}write", stream, b"1")


def test_a_blocking_write_is_made_in_the_pieces_that_are_taken(guest):
    sink = Sink(1_000)
    here, stream = opened(guest, sink)
    assert here.call(f"{OUT}blocking-write-and-flush", stream, bytes(range(256)) * 16) == Ok()
    assert (sink.got, sink.flushed) == (bytes(range(256)) * 16, 1)
    assert here.call(f"{OUT}blocking-write-zeroes-and-flush", stream, 4_096) == Ok()
    assert sink.got[4_096:] == bytes(4_096)
    assert here.call(f"{OUT}blocking-write-and-flush", stream, b"") == Ok()
    assert here.call(f"{OUT}blocking-flush", stream) == Ok()
    assert sink.flushed == 4


def test_a_full_pipe_is_waited_for(guest, pipe):
    here, stream = opened(guest, PipeOutput(pipe[1]))
    assert here.call(f"{OUT}check-write", stream) == Ok(MOST_MOVED)
    assert here.call(f"{OUT}write", stream, bytes(MOST_MOVED)) == Ok()
    assert here.call(f"{OUT}check-write", stream) == Ok(MOST_MOVED), "a pipe holds so much"
    assert here.call(f"{OUT}write", stream, bytes(MOST_MOVED)) == Ok()
    assert here.call(f"{OUT}check-write", stream) == Ok(0)
    watched = here.call(f"{OUT}subscribe", stream)
    assert not here.call("io/poll#[method]pollable.ready", watched)
    here.tenant.at_block = [lambda: os.read(pipe[0], MOST_MOVED)]
    here.call("io/poll#[method]pollable.block", watched)
    assert here.call(f"{OUT}check-write", stream) == Ok(MOST_MOVED)
    here.tenant.at_block = [lambda: os.read(pipe[0], MOST_MOVED)]
    assert here.call(f"{OUT}blocking-write-and-flush", stream, b"end") == Ok()


def test_a_late_failure_is_told_by_the_next_operation(guest, pipe):
    here, stream = opened(guest, PipeOutput(pipe[1]))
    os.close(pipe[0])
    assert here.call(f"{OUT}check-write", stream) == Ok(MOST_MOVED)
    assert here.call(f"{OUT}write", stream, b"lost") == Ok()
    failed = here.call(f"{OUT}check-write", stream)
    assert failed.value.case == "last-operation-failed"
    for function, asked in WRITING.items():
        assert here.call(f"{OUT}{function}", stream, *asked) == CLOSED


WRITING = {
    "check-write": (),
    "write": (b"",),
    "write-zeroes": (0,),
    "flush": (),
    "blocking-flush": (),
    "blocking-write-and-flush": (b"1",),
    "blocking-write-zeroes-and-flush": (1,),
}


@pytest.mark.parametrize("place", ["check_write", "write", "flush"])
@pytest.mark.parametrize("end", ["closed", "failed"])
def test_each_step_of_a_blocking_write_may_fail(guest, place, end):
    sink = Sink()
    here, stream = opened(guest, sink)
    error = StreamClosed() if end == "closed" else StreamFailed(IoError("full"))
    sink.raises[place] = error
    answer = here.call(f"{OUT}blocking-write-and-flush", stream, b"1")
    if end == "failed":
        assert here.call("io/error#[method]error.to-debug-string", answer.value.payload) == "full"
    else:
        assert answer == (Ok() if place == "flush" else CLOSED)
    assert here.call(f"{OUT}check-write", stream) == CLOSED


def test_a_write_waits_for_no_longer_than_the_deadline(guest, pipe):
    here, stream = opened(guest, PipeOutput(pipe[1]))
    for _ in range(2):
        here.call(f"{OUT}check-write", stream)
        here.call(f"{OUT}write", stream, bytes(MOST_MOVED))
    with pytest.raises(GuestTrap) as caught:
        here.call(f"{OUT}blocking-write-and-flush", stream, b"1", deadline=0.05)
    assert caught.value.trap.kind is TrapKind.DEADLINE


# splicing


def spliced(guest, data, sink):
    here = guest([MemoryInput(memory.BytesIO(data)) if isinstance(data, bytes) else data], [sink])
    return here, here.call("cli/stdout#get-stdout"), here.call("cli/stdin#get-stdin")


@pytest.mark.parametrize("function", ["splice", "blocking-splice"])
def test_a_splice_moves_as_much_as_both_sides_allow(guest, function):
    sink = Sink(4)
    here, target, source = spliced(guest, b"0123456789", sink)
    assert here.call(f"{OUT}{function}", target, source, 3) == Ok(3)
    assert here.call(f"{OUT}{function}", target, source, 2**64 - 1) == Ok(4)
    assert here.call(f"{OUT}{function}", target, source, 100) == Ok(3)
    assert sink.got == b"0123456789"
    assert here.call(f"{OUT}{function}", target, source, 1) == CLOSED
    assert here.call(f"{OUT}check-write", target) == Ok(4), "the target is not closed by the end of the source"


def test_a_splice_without_room_or_bytes_moves_nothing(guest, pipe):
    sink = Sink(0)
    here, target, source = spliced(guest, PipeInput(pipe[0]), sink)
    os.write(pipe[1], b"ab")
    assert here.call(f"{OUT}splice", target, source, 9) == Ok(0)
    sink.room = 9
    assert here.call(f"{OUT}splice", target, source, 9) == Ok(2)
    assert here.call(f"{OUT}splice", target, source, 9) == Ok(0)
    here.tenant.at_block = [lambda: os.write(pipe[1], b"cd")]
    assert here.call(f"{OUT}blocking-splice", target, source, 9) == Ok(2)
    assert sink.got == b"abcd"


def test_the_side_that_failed_is_the_one_that_is_closed(guest):
    sink = Sink()
    here, target, source = spliced(guest, Failing(), sink)
    assert here.call(f"{OUT}splice", target, source, 9).value.case == "last-operation-failed"
    assert here.call(f"{IN}read", source, 1) == CLOSED
    assert here.call(f"{OUT}check-write", target) == Ok(MOST_MOVED)
    sink.raises["write"] = StreamFailed(IoError("full"))
    here, target, source = spliced(guest, b"12", sink)
    assert here.call(f"{OUT}splice", target, source, 1).value.case == "last-operation-failed"
    assert here.call(f"{OUT}check-write", target) == CLOSED
    assert here.call(f"{IN}read", source, 9) == Ok(b"2")


# handles


def test_a_stream_is_closed_once_and_its_pollables_are_ready(guest, pipe):
    stream = PipeInput(pipe[0])
    here = guest([stream])
    handle = here.call("cli/stdin#get-stdin")
    watched = here.call(f"{IN}subscribe", handle)
    assert not here.call("io/poll#[method]pollable.ready", watched)
    here.drop("input-stream", handle)
    assert stream.dropped == 1
    assert here.call("io/poll#poll", [watched]) == [0]
    here.instance.close()
    assert stream.dropped == 1


def test_what_is_open_is_closed_with_the_instance(guest, pipe):
    source, sink = PipeInput(pipe[0]), PipeOutput(pipe[1])
    here = guest([source], [sink])
    for name in ("in", "out"):
        here.call(f"cli/std{name}#get-std{name}")
    here.call(f"{IN}subscribe", 1)
    here.instance.close()
    assert (source.dropped, sink.dropped) == (1, 1)


def test_handles_are_capped(guest):
    here = guest(limits=Limits(handles=5))
    for _ in range(5):
        after(here, 0)
    with pytest.raises(GuestTrap) as caught:
        after(here, 0)
    assert caught.value.trap.kind is TrapKind.HANDLE_LIMIT
