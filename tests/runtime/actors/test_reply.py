"""A reply is what a future is to its callers: waited for, awaited, taken back, listened to; and it is told once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from concurrent.futures import ThreadPoolExecutor as Threads
from typing import Any

import pytest

from airssys_tui.core.errors import CallDropped
from airssys_tui.runtime.actors.actor import Actor
from airssys_tui.runtime.actors.reply import Reply
from airssys_tui.runtime.machinery.guest_threads import Workers
from tests.support.standing import Standing

PATIENCE = 30.0


@pytest.fixture
def actor() -> Iterator[Actor]:
    """Give an actor that serves, on one worker."""
    workers = Workers(1)
    made = Actor("subject", workers, 1_000, lambda *_: None)
    made.switch(Standing())  # type: ignore[arg-type]
    yield made
    workers.close(5.0)


def fail(_: object) -> None:
    raise KeyError("lost")


def test_a_result_and_an_error_are_there_again_and_again(actor: Actor) -> None:
    told, failed = actor.post(lambda _: "told"), actor.post(fail)

    assert [told.result(PATIENCE) for _ in range(2)] == ["told", "told"]
    assert told.exception(PATIENCE) is None
    for _ in range(2):
        with pytest.raises(KeyError):
            failed.result(PATIENCE)
    assert isinstance(failed.exception(PATIENCE), KeyError)
    assert told.done()
    assert failed.done()


def test_waiting_ends_at_the_time_limit_and_the_call_goes_on(actor: Actor) -> None:
    actor.pause()
    late = actor.post(lambda _: "late")
    with pytest.raises(TimeoutError):
        late.result(0.0)
    with pytest.raises(TimeoutError):
        late.exception(0.0)
    assert not late.done()
    actor.resume()

    assert late.result(PATIENCE) == "late"


def test_many_threads_wait_for_one_reply(actor: Actor) -> None:
    actor.pause()
    waiting = actor.post(lambda _: "told")
    with Threads(8) as threads:
        answers = [threads.submit(waiting.result, PATIENCE) for _ in range(8)]
        actor.resume()

        assert [answer.result(PATIENCE) for answer in answers] == ["told"] * 8


def test_one_that_is_taken_back_does_not_run_and_the_next_one_does(actor: Actor) -> None:
    ran: list[str] = []
    actor.pause()
    told: list[Reply[Any]] = []
    first, second = actor.post(lambda _: ran.append("first")), actor.post(lambda _: ran.append("second"))
    first.add_done_callback(told.append)
    assert first.cancel()
    assert first.cancel()
    actor.resume()
    second.result(PATIENCE)

    assert ran == ["second"]
    assert told == [first]
    assert first.cancelled()
    assert not second.cancel()
    with pytest.raises(CancelledError):
        first.result(PATIENCE)


def test_one_that_was_taken_back_is_not_failed_again_when_the_queue_is_dropped(actor: Actor) -> None:
    actor.pause()
    told: list[Reply[Any]] = []
    replies = [actor.post(lambda _: None) for _ in range(2)]
    for reply in replies:
        reply.add_done_callback(told.append)
    replies[0].cancel()

    assert actor.drop_queued() == 2

    assert told == replies
    assert replies[0].cancelled()
    assert isinstance(replies[1].exception(PATIENCE), CallDropped)
    assert actor.counters.dropped == 2


def test_listeners_are_called_once_each_whether_they_come_early_or_late(actor: Actor) -> None:
    actor.pause()
    reply, told = actor.post(lambda _: "told"), list[Reply[Any]]()
    for _ in range(2):
        reply.add_done_callback(told.append)
    actor.resume()
    reply.result(PATIENCE)
    actor.post(lambda _: None).result(PATIENCE)  # the listeners are called before the next call
    reply.add_done_callback(told.append)

    assert told == [reply] * 3


def test_no_listener_is_lost_while_replies_end(actor: Actor) -> None:
    count, all_told = 900, threading.Semaphore(0)
    for _ in range(count):
        actor.post(lambda _: None).add_done_callback(lambda _: all_told.release())

    assert all(all_told.acquire(timeout=PATIENCE) for _ in range(count))


def test_on_a_loop_it_is_awaited_with_its_result_its_error_or_its_end(actor: Actor) -> None:
    async def ask() -> None:
        assert await actor.post(lambda _: "told") == "told"
        with pytest.raises(KeyError):
            await actor.post(fail)
        actor.pause()
        gone = actor.post(lambda _: None)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone

    asyncio.run(ask())


def test_a_wait_on_a_loop_that_is_cancelled_takes_the_call_back(actor: Actor) -> None:
    ran: list[str] = []

    async def ask() -> None:
        waiting = actor.post(lambda _: ran.append("ran")).on_loop()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    actor.pause()
    asyncio.run(ask())
    actor.resume()
    actor.post(lambda _: None).result(PATIENCE)

    assert ran == []


def test_a_loop_that_is_closed_is_no_trouble_for_the_worker(actor: Actor) -> None:
    async def ask() -> Reply[str]:
        reply = actor.post(lambda _: "late")
        reply.on_loop()
        return reply

    actor.pause()
    late = asyncio.run(ask())
    actor.resume()

    assert late.result(PATIENCE) == "late"
    assert actor.post(lambda _: "next").result(PATIENCE) == "next"


def test_what_was_to_run_is_not_kept_by_its_reply(actor: Actor) -> None:
    def freed(end: Callable[[Reply[Any]], object]) -> bool:
        gone = threading.Event()

        class Heavy:
            def __call__(self, _: object) -> None:
                return None

            def __del__(self) -> None:
                gone.set()

        reply = actor.post(Heavy())
        end(reply)
        return gone.wait(PATIENCE)

    assert freed(lambda reply: reply.result(PATIENCE))
    actor.pause()
    assert freed(lambda reply: (reply.cancel(), actor.resume()))
