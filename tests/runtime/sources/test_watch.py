"""Watching ends when it is told to, also when a wait forgets that it was cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from airssys_tui.runtime.sources.settle import Settled
from airssys_tui.runtime.sources.watch import Watch


async def test_the_look_for_another_folder_ends_though_its_wait_forgot_the_cancellation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = asyncio.Event()

    async def forgetful(self: Watch, _: float) -> None:
        waiting.set()
        with contextlib.suppress(asyncio.CancelledError):
            await self._stop.wait()

    async def settled(_: Settled) -> None:
        raise AssertionError("nothing changes here")

    monkeypatch.setattr(Watch, "_pause", forgetful)
    watch = Watch(tmp_path, settled, lambda _: None)
    looking = asyncio.create_task(watch.await_replacement())
    await waiting.wait()
    watch.stop()
    looking.cancel()
    done, _ = await asyncio.wait({looking}, timeout=10)
    assert done
