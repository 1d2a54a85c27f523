"""A link: the calls of one component that another one answers.

The consumer holds an edge, and the edge the provider's actor, never an instance: so a reload of the provider needs no
word here, and another provider is one written pointer. A call over the edge is a call of the provider like any other,
in its mailbox, with its own fuel, meters and supervision. The deadline is the earlier of the two, and what ends the
consumer's call ends the wait. Whatever keeps the provider from returning a result ends the consumer's call as a trap of
kind ``link``: an import has no other way to say so.
"""

from __future__ import annotations

import threading
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final

import msgspec

from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.core.errors import AirssysError, HostDenied
from airssys_tui.core.manifest.capabilities import MessagingAction
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.handle_mapping import Mapper, mapper
from airssys_tui.core.types.interface import Function, InterfaceType, render, satisfies
from airssys_tui.engine.call_ends import CallCancelled, CallEnd, DeadlinePassed, LinkFailed
from airssys_tui.engine.host import HostContext
from airssys_tui.engine.waiting import Waitable, Wake
from airssys_tui.runtime.actors.reply import Reply
from airssys_tui.runtime.actors.wait_chain import begin_wait, end_wait
from airssys_tui.runtime.linking.linked_handle import LinkedHandle, bring_back, hand_over
from airssys_tui.runtime.metering.counters import LatencyHistogram

if TYPE_CHECKING:
    from airssys_tui.runtime.actors.actor import Actor
    from airssys_tui.runtime.actors.serving import Blueprint, Serving

_CUT_OFF: Final = "its call for another component was cut off with that one's own call"


class Port(msgspec.Struct, frozen=True):
    """One function of a linked interface, as the consumer imports it.

    Attributes:
        function: Its type.
        arguments: What exchanges the resources in each argument; None if no argument has any.
        result: What exchanges those in the result; None if it has none.
    """

    function: Function
    arguments: tuple[Mapper | None, ...] | None
    result: Mapper | None

    @classmethod
    def of(cls, function: Function) -> Port:
        """Return the port of a function."""
        arguments = tuple(mapper(param.type) for param in function.params)
        return cls(function, arguments if any(arguments) else None, mapper(function.result))


class Edge:
    """The link of one consumer for one of its imports.

    Args:
        consumer: The actor that imports.
        wanted: The import.
        provider: The actor that provides it.

    Attributes:
        calls: Calls that ended.
        errors: Those that ended without a result.
        latency: How long they took, as the consumer sees it.
    """

    __slots__ = ("_known", "_target", "calls", "consumer", "errors", "latency", "wanted")

    def __init__(self, consumer: Actor, wanted: InterfaceType, provider: Actor) -> None:
        self.consumer = consumer
        self.wanted = wanted
        self.calls = self.errors = 0
        self.latency = LatencyHistogram()
        self.bind(provider)

    def bind(self, provider: Actor) -> None:
        """Let another component provide the import from the next call on."""
        # Each is one object that is replaced as a whole: calls on other threads see the old one or the new one.
        self._target = provider, Access(Kind.MESSAGING, MessagingAction.LINK.value, provider.component)
        self._known: tuple[Blueprint | None, dict[str, str]] = None, {}

    @property
    def provider(self) -> Actor:
        """The actor that provides the import now."""
        return self._target[0]

    def call(self, context: HostContext, port: Port, arguments: tuple[Any, ...]) -> Any:
        """Call the provider for a guest that imports one of its functions.

        Args:
            context: The consumer's call.
            port: The function.
            arguments: Its arguments, which hold the consumer's handles.

        Raises:
            HostDenied: If the consumer may not use the link.
            LinkFailed: If there is no result for a reason on the other side.
            CallCancelled: If the consumer's call is to end.
        """
        provider, access = self._target
        guard = context.owner.guard
        guard.await_answer(access)
        denial = guard.require(access)
        if denial is not None:
            raise HostDenied(denial.text)
        begun, failed = perf_counter_ns(), True
        circle = begin_wait(self.consumer, provider)
        if circle:
            raise LinkFailed(f"a circle of calls that wait for each other: {' -> '.join(circle)}")
        try:
            value = _Crossing(self, provider, context, port, arguments).ask()
            failed = False
            return value
        finally:
            end_wait(self.consumer)
            self.calls += 1
            self.errors += failed
            self.latency.record(perf_counter_ns() - begun)

    def path_in(self, serving: Serving, function: Function) -> str:
        """Return the path of a function in an instance of the provider.

        Raises:
            LinkFailed: If that revision has no such function of the same type.
        """
        artifact, paths = self._known
        if serving.artifact is not artifact:
            paths = {}
            self._known = serving.artifact, paths
        path = paths.get(function.name)
        if path is None:
            path = paths[function.name] = _path(self.wanted.name, function, serving)
        return path


def _path(wanted: str, function: Function, serving: Serving) -> str:
    for face in serving.artifact.interface.exports:
        if not isinstance(face, InterfaceType) or not satisfies(face.name, wanted):
            continue
        exported = next((each for each in face.functions if each.name == function.name), None)
        if exported is not None and exported.same_type(function):
            return f"{face.name}#{function.name}"
        if exported is not None:
            raise LinkFailed(f"{_told(serving)} exports `{render(exported)}`, and `{render(function)}` is called")
    raise LinkFailed(f"{_told(serving)} exports no {wanted}#{function.name}")


def _told(serving: Serving) -> str:
    return f"{serving.tenant.component} r{serving.revision}"


class _Crossing:
    """One call on its way over an edge: what runs on the provider's instance, and what ends it with its caller."""

    __slots__ = ("_arguments", "_context", "_edge", "_given_up", "_lock", "_made", "_port", "_provider", "_serving")

    def __init__(
        self, edge: Edge, provider: Actor, context: HostContext, port: Port, arguments: tuple[Any, ...]
    ) -> None:
        self._edge = edge
        self._provider = provider
        self._context = context
        self._port = port
        self._arguments = arguments
        self._lock = threading.Lock()
        self._serving: Serving | None = None
        self._given_up = False
        self._made: tuple[LinkedHandle, ...] = ()

    def ask(self) -> Any:
        """Have it run in the provider's turn, and return its result."""
        provider = self._provider
        try:
            reply: Reply[Any] = Reply(self.run, provider.lock)
            self._context.heed(self)
            try:
                here = provider.run_within(reply, self._context.remaining())
            finally:
                self._context.heed(None)
            return reply.result() if here else self._wait(provider.post(self.run))
        except GuestTrap as trap:
            raise self._failure(f"{provider.component}: {trap.message}") from trap
        except CallEnd:
            raise
        except AirssysError as error:
            raise self._failure(error.message) from error

    def _failure(self, text: str) -> CallEnd:
        return CallCancelled() if self._context.cancelled else LinkFailed(text)

    def _wait(self, reply: Reply[Any]) -> Any:
        over = Wake()
        reply.add_done_callback(lambda _: over.set())
        try:
            while not reply.done():
                self._context.wait([Waitable(descriptor=over.fileno())], self._context.owner.waiting)
        except DeadlinePassed as error:
            self._give_up()
            told = "it is busy" if reply.cancel() else "its call goes on"
            text = f"{self._provider.component} did not answer before the deadline of the caller: {told}"
            raise LinkFailed(text) from error
        except BaseException:
            self._give_up()
            reply.cancel()
            self.set()
            raise
        return reply.result()

    def run(self, serving: Serving) -> Any:
        """Make the call, on the thread on which the provider runs now."""
        edge, port, arguments = self._edge, self._port, self._arguments
        path = edge.path_in(serving, port.function)
        left = self._context.remaining()
        if left <= 0.0:
            raise DeadlinePassed
        if port.arguments is not None:
            arguments = hand_over(port.arguments, arguments, serving)
        bounded = left < serving.instance.limits.deadline
        self._serving = serving
        try:
            if self._context.cancelled:
                raise CallCancelled
            serving.tenant.tracer.name_next(self._context.owner.tracer.known)
            value = serving.call(path, *arguments, deadline=left if bounded else None).value
        except GuestTrap as trap:
            if self._context.cancelled or (bounded and trap.trap.kind is TrapKind.DEADLINE):
                serving.excuse = _CUT_OFF
            raise
        finally:
            with self._lock:
                self._serving = None
        if port.result is None:
            return value
        value, made = bring_back(port.result, value, self._provider, serving)
        with self._lock:
            self._made = made
            late = self._given_up
        if late:
            _drop_all(made)
        return value

    def _give_up(self) -> None:
        """Take no result any more: nobody would ever drop the resources in one that comes late."""
        with self._lock:
            self._given_up = True
            made = self._made
        _drop_all(made)

    def set(self) -> None:
        """End the call on the provider, if it runs: its caller's call is to end."""
        with self._lock:
            serving = self._serving
            if serving is not None:
                serving.cancel()


def _drop_all(handles: tuple[LinkedHandle, ...]) -> None:
    for handle in handles:
        handle.release()


def drop_linked(_context: Any, handle: LinkedHandle) -> None:
    """Drop what a consumer's handle stands for."""
    handle.release()
