"""Streams over one standard output: together they hold bounded room, however many there are."""

from __future__ import annotations

import os

import pytest

from airssys_tui.host.doors.standard_streams import MOST_KEPT, StandardOutput
from airssys_tui.host.wasi.pollable import MOST_MOVED
from airssys_tui.host.wasi.standard_streams import PassedOutput


class Free:
    """A call that is charged nothing."""

    def charge_bytes(self, count: int) -> None:
        """Charge nothing."""


FREE = Free()


@pytest.fixture
def target():
    reads, writes = os.pipe()
    made = StandardOutput(writes)
    yield made
    made.close()
    os.close(writes)
    os.close(reads)


def test_all_streams_together_are_permitted_a_bounded_number_of_bytes(target):
    streams = [PassedOutput(target) for _ in range(MOST_KEPT // MOST_MOVED + 3)]
    permits = [stream.check_write(FREE) for stream in streams]
    assert sum(permits) == MOST_KEPT
    assert permits[-1] == 0
    assert not streams[-1].ready(FREE)
    assert streams[0].check_write(FREE) == MOST_MOVED, "who asks again has it once"
    streams[0].write(FREE, b"x")
    assert streams[-1].ready(FREE)
    assert streams[-1].check_write(FREE) == MOST_MOVED
    streams[1].close()
    assert streams[-2].check_write(FREE) == MOST_MOVED


def test_nothing_is_held_while_earlier_bytes_wait(target):
    first, second = PassedOutput(target), PassedOutput(target)
    assert first.check_write(FREE) == second.check_write(FREE) == MOST_MOVED
    first.write(FREE, bytes(MOST_MOVED))
    second.write(FREE, bytes(MOST_MOVED))  # as was permitted
    assert (first.check_write(FREE), second.check_write(FREE), target.reserved) == (0, 0, 0)
