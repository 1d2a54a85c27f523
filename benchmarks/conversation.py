"""Messages between components: how many, how fast they are answered, how many hear, and whether all get their turns.

A quick measurement has fewer subscribers and chatting components than the names of its rows say.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from time import perf_counter
from typing import Any, Final

from airssys_tui.core.types.values import Ok, Variant
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings
from benchmarks.clock import Effort
from benchmarks.report import Row
from benchmarks.scene import PATIENCE, put_component, running, scratch
from tests.support.places import FIXTURES

DESK: Final = "fixture:postman/desk@1.0.0#"
BODY: Final = "x" * 64
FREE: Final = (
    'deadline = "10s"\nfuel_per_call = "unlimited"\nmailbox = 1000000\nmessages_per_second = 1000000\n'
    '[capabilities]\nmessaging = ["send:*", "request:*", "publish:news", "subscribe:news"]\n'
)
HEARS: Final = '[config]\nsubscribe = "news"\n'

AT_ONCE: Final = 50
"""Messages that are sent within one call: a call for all of them would be handed off, and be measured beside itself."""

CHAT: Final = 3.0
"""Seconds for which the pairs chat while they are counted."""


def messages(effort: Effort) -> Iterator[Row]:
    """Everything about messages between components."""
    yield from _throughput(effort)
    yield from _requests(effort)
    yield from _publishing(effort)
    yield from _chatting(effort)


def _throughput(effort: Effort) -> Iterator[Row]:
    """Messages that one component sends another, fifty in each of its calls, until the last one was handled."""
    calls = effort.count(600)
    for workers, name in ((1, "actor/guest-to-guest"), (2, "actor/guest-to-guest-2-workers")):
        with scratch() as directory:
            _put(directory, "ann", "bob")
            with running(directory, RuntimeSettings(watch=False, workers=workers)) as runtime:
                rates = []
                for _ in range(5):
                    begun = perf_counter()
                    asked = [runtime.invoke("ann", f"{DESK}flood", _id("bob"), BODY, AT_ONCE) for _ in range(calls)]
                    accepted = sum(each.result(PATIENCE) for each in asked)
                    _drained(runtime, "bob")
                    rates.append(accepted / (perf_counter() - begun))
        yield Row(name=name, value=max(rates), unit="/s")


def _requests(effort: Effort) -> Iterator[Row]:
    """Requests of one component to an idle one, each answered before the next."""
    with scratch() as directory:
        _put(directory, "ann", "bob")
        with running(directory) as runtime:
            _ask(runtime, "ann", "ask-often", _id("bob"), BODY, 100)
            times = []
            for _ in range(effort.count(100)):
                begun = perf_counter()
                _ask(runtime, "ann", "ask-often", _id("bob"), BODY, 100)
                times.append((perf_counter() - begun) / 100)
    yield Row(name="message/request-p50", value=median(times) * 1e6, unit="µs")


def _publishing(effort: Effort) -> Iterator[Row]:
    """One publication to very many subscribers: until the publisher goes on, and until all have handled it."""
    hearers = [f"hearer-{number}" for number in range(effort.count(1_000))]
    published, handled = [], []
    with scratch() as directory:
        _put(directory, "ann")
        _put(directory, *hearers, more=HEARS)
        with running(directory) as runtime:
            for _ in range(effort.count(30)):
                begun = perf_counter()
                taken = _ask(runtime, "ann", "publish", "news", {"codec": None, "body": Variant("text", BODY)})
                published.append(perf_counter() - begun)
                if taken != Ok(len(hearers)):
                    raise AssertionError(f"{taken} of {len(hearers)} took it")
                for each in hearers:
                    _drained(runtime, each)
                handled.append(perf_counter() - begun)
    yield Row(name="message/publish-to-1000", value=median(published) * 1e3, unit="ms")
    yield Row(name="message/publish-to-1000-handled", value=median(handled) * 1e3, unit="ms")


def _chatting(effort: Effort) -> Iterator[Row]:
    """Very many components, each of which answers every message of its partner with one; the slowest and the median."""
    names = [f"chatter-{number}" for number in range(2 * (effort.count(1_000) // 2))]
    with scratch() as directory:
        _put(directory, *names)
        with running(directory) as runtime:
            pairs = zip(names[::2], names[1::2], strict=True)
            begun = [runtime.invoke(one, f"{DESK}flood", _id(other), "chat", 1) for one, other in pairs]
            for each in begun:
                each.result(PATIENCE)
            addresses = runtime.probe.system.post.addresses
            counts = [addresses["local", name].counts for name in names]
            before = [each.handled for each in counts]
            time.sleep(CHAT * max(effort.scale, 0.1))
            handled = [each.handled - past for each, past in zip(counts, before, strict=True)]
    yield Row(name="message/1000-chatting", value=sum(handled) / CHAT / max(effort.scale, 0.1), unit="/s")
    yield Row(name="message/1000-chatting-median-slowest", value=median(handled) / max(1, min(handled)), unit="x")


def _put(directory: Any, *names: str, more: str = "") -> None:
    wasm = (FIXTURES / "postman" / "postman.wasm").read_bytes()
    for name in names:
        put_component(directory, name, wasm, FREE + more)


def _id(name: str) -> dict[str, str]:
    return {"namespace": "local", "name": name}


def _ask(runtime: EmbeddedRuntime, name: str, function: str, *arguments: Any) -> Any:
    return runtime.invoke(name, DESK + function, *arguments).result(PATIENCE)


def _drained(runtime: EmbeddedRuntime, name: str) -> None:
    """Wait until a component has done everything that was asked of it before."""
    runtime.probe.system.router.find(name).actor.post(lambda _: None).result(PATIENCE)
