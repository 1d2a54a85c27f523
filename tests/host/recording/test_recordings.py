"""What is kept is bounded in calls and bytes, for each component and for all; what goes is counted, and told."""

from __future__ import annotations

import weakref
from typing import Any

import pytest

from airssys_tui.core.identity import digest_of
from airssys_tui.core.revision import Tier
from airssys_tui.core.traps import TrapKind
from airssys_tui.core.types.interface import BYTES, Function, Own, Param, Primitive
from airssys_tui.host.recording.call_recorder import INIT, Recorder
from airssys_tui.host.recording.host_log import MOST_BYTES, MOST_HOST_CALLS, CallLog, Came
from airssys_tui.host.recording.packed_forms import Handles
from airssys_tui.host.recording.recorded_call import CALL_BYTES
from airssys_tui.host.recording.recordings import Origin, Recordings, Shares

ORIGIN = Origin(1, digest_of(b""), Tier.OPTIMISED)
PUT = Function("put", (Param("data", BYTES),), Primitive("u32"))


class Instance:
    """Records calls of an instance that there is not."""

    def __init__(self, recordings: Recordings, most: int) -> None:
        self.recorder = Recorder(ORIGIN, recordings, most, lambda: 0.0)
        self.recorder.begin("", asked=True)
        self.recorder.returned(None, None)
        self.recorder.begin(INIT, asked=True)
        self.recorder.returned(None, 1)
        self.recorder.join()

    def put(self, data: bytes = b"", *, asked: bool = False, host_calls: int = 0) -> None:
        self.recorder.begin("put", PUT, (data,), asked=asked)
        log = self.recorder.log
        assert log is not None
        for _ in range(host_calls):
            if log.called(0, PUT, (data,)):
                log.answered(PUT, 7, 0)
        self.recorder.returned(len(data), 1)


@pytest.fixture
def shares() -> Shares:
    return Shares(20_000, 10_000)


def numbers(recordings: Recordings) -> list[int]:
    return [call.number for chain in recordings.chains() for call in chain.calls if not call.asked]


def test_calls_of_earlier_instances_are_kept_until_there_are_enough(shares: Shares) -> None:
    recordings = Recordings(shares)
    for _ in range(5):
        instance = Instance(recordings, 4)
        instance.put()
        instance.put(asked=True)
        instance.put()
    assert numbers(recordings) == [7, 8, 9, 10]
    assert all(len(chain.opening) == 2 and not chain.lost for chain in recordings.chains())
    assert recordings.dropped == 0


def test_one_instance_loses_its_first_calls_when_there_is_no_room(shares: Shares) -> None:
    recordings = Recordings(shares)
    instance = Instance(recordings, 4)
    for number in range(100):
        instance.put(bytes(100))
        assert recordings.bytes <= shares.each, number
    (chain,) = recordings.chains()
    assert chain.lost == 100 - len(chain.calls)
    assert len(chain.calls) > 4
    assert recordings.dropped == 0, "those that are wanted are there"
    instance.put(bytes(8_000))
    instance.put(bytes(8_000))
    assert len(recordings) == 1
    assert recordings.dropped == 4
    instance.put(bytes(20_000))
    assert recordings.bytes <= shares.each
    assert len(recordings) == 0


def test_all_components_share_what_there_is(shares: Shares) -> None:
    several = [Recordings(shares) for _ in range(4)]
    for recordings in several:
        instance = Instance(recordings, 10)
        for _ in range(10):
            instance.put(bytes(500))
    assert shares.each == 5_000
    assert all(0 < recordings.bytes <= 5_000 for recordings in several), "the first ones had more, and gave it up"
    assert all(recordings.dropped for recordings in several)
    for recordings in several[1:]:
        recordings.clear()
    assert shares.each == 10_000
    assert [recordings.bytes for recordings in several[1:]] == [0, 0, 0]


def test_a_saved_state_begins_another_chain_once_it_is_wanted(shares: Shares) -> None:
    recordings = Recordings(shares)
    instance = Instance(recordings, 2)
    recorder = instance.recorder
    recorder.rebase("load", PUT, (b"state",))
    assert len(recordings.chains()) == 1, "nothing is wanted yet"
    while not recorder.wants_state:
        instance.put()
    recorder.asks_state()
    assert not recorder.wants_state
    recorder.rebase("load", PUT, (b"state",))
    instance.put()
    instance.put()
    (chain,) = recordings.chains()
    assert chain.basis is not None
    assert (chain.basis.path, len(chain.calls), chain.lost, len(chain.opening)) == ("load", 2, 0, 2)


def test_a_call_that_is_not_whole_ends_a_chain(shares: Shares) -> None:
    recordings = Recordings(Shares())
    instance = Instance(recordings, 10)
    instance.put()
    instance.put(b"x", host_calls=MOST_HOST_CALLS + 3)
    instance.put()
    first, second = recordings.chains()
    assert [call.cut for call in first.calls] == ["", "more than 10000 host calls"]
    assert len(first.calls[-1].calls) == MOST_HOST_CALLS
    assert (second.lost, len(second.calls), recordings.cut) == (1, 1, 1)


@pytest.mark.parametrize("size", [MOST_BYTES - 100, MOST_BYTES + 1])
def test_a_record_has_so_many_bytes_at_most(size: int) -> None:
    recordings = Recordings(Shares())
    instance = Instance(recordings, 10)
    instance.put(bytes(size), host_calls=1)
    (call,) = recordings.chains()[0].calls
    assert bool(call.cut) == (size > MOST_BYTES)
    assert call.size <= 2 * MOST_BYTES + 2 * CALL_BYTES
    if call.cut:
        assert (call.arguments, len(call.calls)) == (b"", 0)


def test_a_log_tells_what_it_was_told() -> None:
    log = CallLog(Handles())
    assert log.called(3, PUT, (b"one",))
    log.answered(PUT, 5, 11)
    assert log.called(4, PUT, (b"two",))
    log.ended(TrapKind.EXIT, "over", 0)
    calls = log.finish()
    first, second = calls
    assert (first.function, first.came, first.fuel) == (3, Came.ANSWERED, 11)
    assert (second.function, second.came, second.kind, second.message) == (4, Came.ENDED, TrapKind.EXIT, "over")
    with pytest.raises(IndexError):
        calls[2]


@pytest.mark.parametrize("value", [object(), "text", None, [1]])
def test_what_cannot_be_recorded_ends_the_record_and_not_the_call(value: Any) -> None:
    log = CallLog(Handles())
    assert log.called(0, PUT, (b"",))
    log.answered(Function("f", (), Primitive("f64")), value, 0)
    assert bool(log.cut) == (type(value) is object)
    log = CallLog(Handles())
    assert log.called(0, Function("f", (Param("a", Primitive("string")),)), (value,)) == (type(value) is not object)


class Box:
    """A resource of the host."""


def test_no_object_of_a_call_that_is_not_whole_is_kept(shares: Shares) -> None:
    recorder = Instance(Recordings(shares), 4).recorder
    make = Function("make", (), Own("box"))
    recorder.begin("put", PUT, (b"",), asked=False)
    log = recorder.log
    assert log is not None
    boxes = [Box() for _ in range(MOST_HOST_CALLS + 1)]
    seen = [weakref.ref(box) for box in boxes]
    while boxes:
        box = boxes.pop()
        if log.called(0, make, ()):
            log.answered(make, box, 0)
    del box
    assert log.cut
    assert sum(ref() is not None for ref in seen) == MOST_HOST_CALLS
    recorder.returned(0, 1)
    assert all(ref() is None for ref in seen)


def test_a_message_that_is_no_unicode_is_recorded() -> None:
    log = CallLog(Handles())
    log.called(0, PUT, (b"",))
    log.ended(TrapKind.HOST_ERROR, "no file \udcff", 0)
    assert log.finish()[0].message == "no file ?"
