"""Reading threads: several, none waited for long, and one key that hangs takes one of them and no more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from airssys_tui.core.regular_file import FileUnavailable
from airssys_tui.runtime.sources.reading_threads import ReadingThreads
from tests.support.command_line import eventually

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def answer() -> Iterator[threading.Event]:
    """Give an event that lets go whatever hangs on it."""
    event = threading.Event()
    yield event
    event.set()


async def _comes_true(wanted: Callable[[], bool]) -> None:
    await asyncio.to_thread(eventually, wanted)


async def test_a_reading_gives_its_result_or_its_error() -> None:
    threads = ReadingThreads()
    assert await threads.read("a", lambda a, b: a + b, 1, 2) == 3
    with pytest.raises(ZeroDivisionError):
        await threads.read("a", lambda: 1 // 0)
    threads.close()


async def test_readings_that_hang_hold_up_nobody(answer: threading.Event) -> None:
    threads = ReadingThreads(count=2, patience=1.0)
    hung = [asyncio.ensure_future(threads.read(f"h{number}", answer.wait, 60)) for number in range(7)]
    assert await asyncio.wait_for(threads.read("a", lambda: "read"), 30) == "read"
    for one in hung:
        with pytest.raises(FileUnavailable, match="has not answered for 1 s"):
            await one
    assert len(threads.stuck) == 7
    answer.set()
    await _comes_true(lambda: not threads.stuck)
    assert await threads.read("h0", lambda: "read") == "read"
    threads.close()


async def test_a_key_that_hangs_is_not_tried_on_another_thread(answer: threading.Event) -> None:
    threads = ReadingThreads(patience=0.1)
    with pytest.raises(FileUnavailable):
        await threads.read("a", answer.wait, 60)
    before = threading.active_count()
    for _ in range(5):
        with pytest.raises(FileUnavailable):
            await threads.read("a", lambda: pytest.fail("it was tried"))
    assert threading.active_count() <= before
    threads.close()


async def test_threads_are_bounded_even_if_all_hang(answer: threading.Event) -> None:
    threads = ReadingThreads(count=1, most=3, patience=0.2)
    names = [f"h{number}" for number in range(6)]
    results = await asyncio.gather(*(threads.read(name, answer.wait, 60) for name in names), return_exceptions=True)
    assert all(isinstance(result, FileUnavailable) for result in results)
    assert len(threads.stuck) == 3
    answer.set()
    await _comes_true(lambda: not threads.stuck)
    assert await threads.read("a", lambda: "read") == "read"
    threads.close()


def test_calls_without_a_loop_have_the_same_bounds(answer: threading.Event) -> None:
    threads = ReadingThreads(count=1, most=3, patience=0.1)
    assert threads.call(30.0, "a", lambda: "read") == "read"
    before = _reading_threads()
    for number in range(5):
        with pytest.raises(FileUnavailable):
            threads.call(0.7, f"h{number}", answer.wait, 60)
    assert len(_reading_threads() - before) <= 2
    answer.set()
    eventually(lambda: not threads.stuck)
    assert threads.call(30.0, "h0", lambda: "read") == "read"
    threads.close()


def _reading_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("reading-")}


async def test_a_reading_whose_caller_is_gone_is_not_begun(answer: threading.Event) -> None:
    threads = ReadingThreads(count=1, most=1, patience=30.0)
    begun = threading.Event()

    def hang() -> None:
        begun.set()
        answer.wait(60)

    first = asyncio.ensure_future(threads.read("a", hang))
    await _comes_true(begun.is_set)
    read: list[str] = []
    second = asyncio.ensure_future(threads.read("b", lambda: read.append("b")))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    answer.set()
    await first
    await threads.read("c", lambda: read.append("c"))
    assert read == ["c"]
    threads.close()
