"""Awaiting work that must not be left half done."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def to_the_end(doing: Coroutine[Any, Any, T] | asyncio.Future[T]) -> T:
    """Await to completion, ignoring cancellation."""
    task = asyncio.ensure_future(doing)
    while True:
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.done():
                return task.result()


async def to_the_end_first(doing: Coroutine[Any, Any, T]) -> T:
    """Await to completion; a cancellation meanwhile is raised after that."""
    task = asyncio.ensure_future(doing)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await to_the_end(task)
        raise
