"""Resources over a link: the consumer's handle is one of the host's, which stands for a handle of the provider.

It lives as long as the instance of the provider that made it: whoever uses it later is told so. What it stands for is
dropped once, on the provider's turn: when the consumer drops it, or when the consumer's instance ends.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from airssys_tui.core.errors import CallDropped, NotServing
from airssys_tui.engine.call_ends import LinkFailed

if TYPE_CHECKING:
    from airssys_tui.core.types.handle_mapping import Mapper
    from airssys_tui.engine.resources import ResourceHandle
    from airssys_tui.runtime.actors.actor import Actor
    from airssys_tui.runtime.actors.serving import Serving


class StaleHandle(LinkFailed):
    """The instance that made the resource is gone."""

    title = "stale handle"


class LinkedHandle:
    """What a consumer holds for a resource of its provider.

    Args:
        handle: The provider's handle.
        provider: The provider.
        serving: The instance that made the resource.
    """

    __slots__ = ("_handle", "_provider", "_serving")

    def __init__(self, handle: ResourceHandle, provider: Actor, serving: Serving) -> None:
        self._handle = handle
        self._provider = provider
        self._serving = serving

    def in_instance(self, serving: Serving) -> ResourceHandle:
        """Return the provider's handle for a call of its instance.

        Raises:
            StaleHandle: If another instance made it.
        """
        if serving is not self._serving or self._handle.spent:
            raise StaleHandle(f"stale handle of {self._serving.tenant.component} r{self._serving.revision}")
        return self._handle

    def release(self) -> None:
        """Drop the resource on the provider's turn, unless it was passed back or its instance is gone."""
        if self._handle.spent or self._serving.dead:
            return
        with contextlib.suppress(NotServing, CallDropped):
            self._provider.post(self._drop, first=True)

    def _drop(self, serving: Serving) -> None:
        if serving is self._serving and not self._handle.spent:
            serving.release(self._handle)


def hand_over(mappers: tuple[Mapper | None, ...], arguments: tuple[Any, ...], serving: Serving) -> tuple[Any, ...]:
    """Return a consumer's arguments with the handles of the provider's instance.

    Raises:
        StaleHandle: If one of them is of another instance.
    """

    def exchange(value: LinkedHandle, _owned: bool) -> ResourceHandle:
        return value.in_instance(serving)

    pairs = zip(mappers, arguments, strict=True)
    return tuple(value if map_ is None else map_(value, exchange) for map_, value in pairs)


def bring_back(map_: Mapper, value: Any, provider: Actor, serving: Serving) -> tuple[Any, tuple[LinkedHandle, ...]]:
    """Return a provider's result with handles for the consumer, and these handles."""
    made: list[LinkedHandle] = []

    def exchange(handle: ResourceHandle, _owned: bool) -> LinkedHandle:
        made.append(LinkedHandle(handle, provider, serving))
        return made[-1]

    return map_(value, exchange), tuple(made)
