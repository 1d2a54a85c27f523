"""Work that nobody awaits: what fails is told, what is under way at the end is cancelled and waited for."""

from __future__ import annotations

import asyncio
import time

from airssys_tui.core.events import EventAction, Level
from airssys_tui.runtime.machinery.background_tasks import Background
from airssys_tui.runtime.machinery.journal import Journal


async def test_a_failure_is_an_internal_error_in_the_journal() -> None:
    journal = Journal(time.time)
    background = Background(journal)

    async def fail() -> None:
        raise ValueError("nobody expected this")

    await asyncio.wait([background.start(fail())])
    await asyncio.sleep(0)
    (told,) = journal.take_unwritten()
    assert told.text == "internal error: ValueError: nobody expected this"
    assert (told.action, told.level) == (EventAction.INTERNAL, Level.ERROR)


async def test_closing_cancels_and_waits() -> None:
    journal, ended = Journal(time.time), list[str]()
    background = Background(journal)

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("cleaned up")

    background.start(wait())
    await asyncio.sleep(0)
    await background.close()
    assert ended == ["cleaned up"]
    assert not journal.take_unwritten()
