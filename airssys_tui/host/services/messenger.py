"""What a component sends messages with, as host functions see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from airssys_tui.core.message import Failure, Guarantee, Undelivered

Body = dict[str, Any]
"""An ``encoded-payload``, in the forms of ``core.types.values``."""


class Waiting(Protocol):
    """The running call, as far as a wait for another component uses it: a host context."""

    @property
    def deadline_ns(self) -> int:
        """Its deadline, in nanoseconds of ``time.perf_counter_ns``."""
        ...

    def heed(self, interruption: Any) -> None:
        """Have ``interruption.set`` called, from any thread, when the call is to end early; None for nothing more."""
        ...

    @property
    def cancelled(self) -> bool:
        """Whether the call is to end."""
        ...

    def wait(self, waitables: Sequence[Any], announce: Any = ...) -> tuple[int, ...]:
        """Wait until something is ready; what ends the call is raised."""
        ...


class SendOptions(msgspec.Struct, frozen=True):
    """What a sender asks of a message.

    Attributes:
        guarantee: How often it is handled.
        deadline_ms: Milliseconds after which it is not delivered; None for never.
        correlation: A number of the sender's own.
    """

    guarantee: Guarantee = Guarantee.AT_MOST_ONCE
    deadline_ms: int | None = None
    correlation: int | None = None


class Messenger(Protocol):
    """Sends for one instance. Used on the thread that runs it. A target is a ``component-id``.

    Until the instance serves, what it sends is held.
    """

    @property
    def held(self) -> Callable[[object], None] | None:
        """Sends what is held, on a worker, as the first work of the instance that serves; None if nothing is."""
        ...

    def retire(self) -> None:
        """Give up on what the instance asked: it is gone, or serves no more. From any thread."""
        ...

    @property
    def identity(self) -> dict[str, str]:
        """The component's own ``component-id``."""
        ...

    def send(self, call: Waiting, target: dict[str, str], body: Body, options: SendOptions) -> Failure | None:
        """Put a message into a mailbox; return why it was not, or None."""
        ...

    def call(self, call: Waiting, target: dict[str, str], body: Body, timeout_ms: int) -> Any:
        """Ask and wait; return the ``payload`` of the answer, or a :class:`Failure`."""
        ...

    def request(self, target: dict[str, str], body: Body, timeout_ms: int) -> int | Failure:
        """Ask, and return the number with which the answer comes to the callback handler, or why there is none."""
        ...

    def cancel(self, request: int) -> bool:
        """Give up on an open request; return whether it was open."""
        ...

    def publish(self, topic: str, body: Body) -> int | Failure:
        """Publish on a topic; return how many subscribers took it, or why none could."""
        ...

    def subscribe(self, pattern: str) -> Failure | None:
        """Subscribe the component to the topics of a pattern; return why it cannot be, or None."""
        ...

    def unsubscribe(self, pattern: str) -> bool:
        """End a subscription; return whether there was one."""
        ...


_ALONE = Failure(Undelivered.NOT_RUNNING, "this instance runs without a runtime, so there is no other component")


class LoneMessenger:
    """The messenger of an instance without a runtime around it: it reaches nobody.

    Args:
        identity: The component's ``component-id``.
    """

    def __init__(self, identity: dict[str, str]) -> None:
        self.identity = identity
        self.held: Callable[[object], None] | None = None

    def retire(self) -> None:
        """Give up on nothing."""

    def send(self, _call: Waiting, _target: dict[str, str], _body: Body, _options: SendOptions) -> Failure | None:
        """Return that there is nobody."""
        return _ALONE

    def call(self, _call: Waiting, _target: dict[str, str], _body: Body, _timeout_ms: int) -> Any:
        """Return that there is nobody."""
        return _ALONE

    def request(self, _target: dict[str, str], _body: Body, _timeout_ms: int) -> int | Failure:
        """Return that there is nobody."""
        return _ALONE

    def cancel(self, _request: int) -> bool:
        """Return that none is open."""
        return False

    def publish(self, _topic: str, _body: Body) -> int | Failure:
        """Return that nobody took it."""
        return 0

    def subscribe(self, _pattern: str) -> Failure | None:
        """Subscribe to what nobody publishes."""
        return None

    def unsubscribe(self, _pattern: str) -> bool:
        """Return that there was no subscription."""
        return False
