"""Results of threads on a loop: one wake for many, and the futures end as they would one by one."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Any
from weakref import ReferenceType, ref

import pytest

from airssys_tui.runtime.machinery.wakeups import landing


def on_another_thread(work: Callable[[], Any]) -> None:
    """Do some work on another thread while the loop is busy."""
    thread = Thread(target=work)
    thread.start()
    thread.join()


def test_however_many_end_while_the_loop_is_busy_it_is_woken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> tuple[list[int], int]:
        loop, wakes = asyncio.get_running_loop(), 0
        wake = loop.call_soon_threadsafe

        def counted(*arguments: Any) -> asyncio.Handle:
            nonlocal wakes
            wakes += 1
            return wake(*arguments)

        monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
        futures: list[Future[int]] = [Future() for _ in range(50)]
        landed = [landing(future) for future in futures]
        on_another_thread(lambda: [future.set_result(number) for number, future in enumerate(futures)])
        assert not any(future.done() for future in landed)
        return await asyncio.gather(*landed), wakes

    assert asyncio.run(run()) == (list(range(50)), 1)


def test_what_ends_after_a_wake_wakes_again() -> None:
    async def run() -> list[str]:
        said = []
        for word in ("one", "two"):
            future: Future[str] = Future()
            landed = landing(future)
            on_another_thread(lambda future=future, word=word: future.set_result(word))  # type: ignore[misc]
            said.append(await asyncio.wait_for(landed, 20))
        return said

    assert asyncio.run(run()) == ["one", "two"]


def test_an_error_and_a_cancellation_arrive() -> None:
    async def run() -> None:
        failing: Future[None] = Future()
        dropped: Future[None] = Future()
        landed = landing(failing), landing(dropped)
        on_another_thread(lambda: (failing.set_exception(OSError("gone")), dropped.cancel()))
        with pytest.raises(OSError, match="gone"):
            await landed[0]
        with pytest.raises(asyncio.CancelledError):
            await landed[1]

    asyncio.run(run())


def test_who_goes_away_cancels_what_has_not_begun() -> None:
    async def run() -> Future[None]:
        future: Future[None] = Future()
        waiting = asyncio.ensure_future(asyncio.wait_for(landing(future), 20))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return future

    assert asyncio.run(run()).cancelled()


def test_what_has_ended_already_is_there_at_once() -> None:
    async def run() -> bool:
        future: Future[int] = Future()
        future.set_result(1)
        return landing(future).done()

    assert asyncio.run(run())


def test_a_result_that_comes_after_the_loop_hurts_nobody() -> None:
    future: Future[int] = Future()

    async def run() -> None:
        landing(future)

    asyncio.run(run())
    on_another_thread(lambda: future.set_result(1))
    assert future.result() == 1


def test_a_result_is_let_go_when_nobody_needs_it_any_more() -> None:
    class Large:
        pass

    async def run() -> ReferenceType[Large]:
        future: Future[Large] = Future()
        landed = landing(future)
        on_another_thread(lambda: future.set_result(Large()))
        return ref(await landed)

    gc.disable()  # counting references is enough: there is no circle
    try:
        assert asyncio.run(run())() is None
    finally:
        gc.enable()
